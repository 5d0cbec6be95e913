"""What waits to be put on a stream: in order per partition key, taken in batches, put back when it was not accepted.

PutRecords may accept a record and refuse an earlier one of the same call (Kinesis API reference, PutRecords), so one
call never holds two units of the same key, and a key gives its next record only when the one before is in. A unit is a
record, or in aggregated mode a run of records of one key that travel in the same aggregate.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Kinesis API reference, PutRecords: records in a call, bytes in a call with the keys, bytes of a record with its key.
MAX_RECORDS = 500
MAX_CALL_BYTES = 5 * 1024 * 1024
MAX_RECORD_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Record:
    """A record on its way; `index` is its place in what the sender was given."""

    index: int
    key: str
    data: bytes

    @property
    def size(self) -> int:
        """Its bytes as Kinesis counts them."""
        return len(self.data) + len(self.key.encode())


#: Records of one key, in order, that are accepted or refused together.
Run = Sequence[Record]


class Backlog:
    """The records that wait, by key; keys take turns, so that one with many records does not hold up the others."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._waiting: dict[str, deque[Record]] = {}
        self._count = 0
        for record in records:
            self.add(record)

    def __len__(self) -> int:
        return self._count

    def add(self, record: Record) -> None:
        """Add a record behind those of its key."""
        self._waiting.setdefault(record.key, deque()).append(record)
        self._count += 1

    def take(
        self, runs: int = MAX_RECORDS, size: int = MAX_CALL_BYTES, run_length: int = 1, run_size: int = MAX_RECORD_BYTES
    ) -> list[Run]:
        """Up to `runs` runs of different keys and `size` bytes.

        Each has up to `run_length` records and `run_size` bytes. A single record is a run, whatever its size.
        """
        taken: list[Run] = []
        for key in list(self._waiting):
            run = self._head(key, run_length, min(run_size, size))
            if len(taken) == runs or (taken and _size(run) > size):
                break
            size -= _size(run)
            taken.append(run)
            self._remove(key, len(run))
        return taken

    def put_back(self, runs: Sequence[Run]) -> None:
        """Take back what was not accepted, to the front of its keys, which come first again."""
        for run in runs:
            key = run[0].key
            self._waiting[key] = deque([*run, *self._waiting.get(key, ())])
            self._count += len(run)
        first = {run[0].key: self._waiting[run[0].key] for run in runs}
        self._waiting = {**first, **self._waiting}

    def drain(self) -> list[Record]:
        """Take all that still waits."""
        left = [record for queue in self._waiting.values() for record in queue]
        self._waiting.clear()
        self._count = 0
        return left

    def _head(self, key: str, length: int, size: int) -> Run:
        queue = self._waiting[key]
        run = [queue[0]]
        left = size - queue[0].size
        for place in range(1, min(length, len(queue))):
            left -= queue[place].size
            if left < 0:
                break
            run.append(queue[place])
        return run

    def _remove(self, key: str, count: int) -> None:
        queue = self._waiting.pop(key)
        for _ in range(count):
            queue.popleft()
        self._count -= count
        if queue:
            self._waiting[key] = queue  # behind the other keys


def _size(run: Run) -> int:
    return sum(record.size for record in run)
