"""Puts records on a stream: in full calls, again what was refused, and only that, in order per key."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kit.backlog import Backlog, Record, Run

#: AWS Architecture Blog, "Exponential Backoff And Jitter": full jitter, between nothing and what doubles each time.
BACKOFF_S, MAX_BACKOFF_S = 0.1, 3.0
#: While some records are accepted: a shard saves up what it may take for a second, a longer pause would waste it.
MAX_PAUSE_S = 0.8
#: How long nothing at all may be accepted before the rest is given up.
PATIENCE_S = 60.0
#: What the stream is short of, or fails on itself (Kinesis API reference, PutRecords); anything else is for good.
THROTTLED = "ProvisionedThroughputExceededException"
PASSING = (THROTTLED, "InternalFailure", "KMSThrottlingException", "LimitExceededException")


class Entry(NamedTuple):
    """One entry of a call: what Kinesis is given, and the records in it."""

    request: dict[str, Any]
    runs: Sequence[Run]


class Placed(NamedTuple):
    """What became of a record: where it is in the stream, or why it is not there."""

    record: Record
    sequence_number: str = ""
    shard: str = ""
    problem: str = ""


@dataclass
class Counts:
    """What a producer did so far. `records` and `bytes` are those accepted; `retries` are entries sent again."""

    records: int = 0
    bytes: int = 0
    entries: int = 0
    calls: int = 0
    retries: int = 0
    throttled: int = 0


#: Takes entries for one call from the backlog.
Pack = Callable[[Backlog], list[Entry]]
#: One PutRecords with these requests; its answer's `Records`.
Call = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def plainly(backlog: Backlog) -> list[Entry]:
    """A record an entry."""
    return [Entry({"Data": run[0].data, "PartitionKey": run[0].key}, [run]) for run in backlog.take()]


@dataclass
class Putter:
    """Puts a backlog on a stream, call by call."""

    call: Call
    pack: Pack = plainly
    counts: Counts = field(default_factory=Counts)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic
    _refusals: int = 0
    _last_success: float | None = None

    def put_all(self, backlog: Backlog) -> Iterator[list[Placed]]:
        """Put until nothing waits; yields what is settled after each call. What was given up is settled too."""
        while len(backlog):
            yield self.put_some(backlog)

    def put_some(self, backlog: Backlog) -> list[Placed]:
        """One call. What is refused for a while waits again, in front of its key; after a refusal there is a pause."""
        if self._last_success is None:
            self._last_success = self.now()
        entries = self.pack(backlog)
        results = self.call([entry.request for entry in entries])
        self.counts.calls += 1
        settled: list[Placed] = []
        again: list[Run] = []
        for entry, result in zip(entries, results, strict=True):
            code = result.get("ErrorCode")
            if code in PASSING:
                again += entry.runs
                self.counts.retries += 1
                self.counts.throttled += code == THROTTLED
                continue
            settled += _settled(entry, result)
            self.counts.entries += not code
        accepted = [placed for placed in settled if not placed.problem]
        self.counts.records += len(accepted)
        self.counts.bytes += sum(placed.record.size for placed in accepted)
        backlog.put_back(again)
        return settled + self._after(backlog, bool(again), bool(settled))

    def _after(self, backlog: Backlog, refused: bool, progress: bool) -> list[Placed]:
        """Pause after a refusal, longer each time; give the rest up when nothing has been accepted for long."""
        if progress:
            self._last_success = self.now()
        if not refused:
            self._refusals = 0
            return []
        if self.now() - (self._last_success or 0) > PATIENCE_S:
            reason = f"the stream has taken nothing for {PATIENCE_S:.0f} s"
            return [Placed(record, problem=reason) for record in backlog.drain()]
        longest = MAX_PAUSE_S if progress else MAX_BACKOFF_S
        self.sleep(random.uniform(0, min(longest, BACKOFF_S * 2**self._refusals)))
        self._refusals = min(self._refusals + 1, 10)
        return []


def _settled(entry: Entry, result: dict[str, Any]) -> list[Placed]:
    problem = result.get("ErrorMessage") or result["ErrorCode"] if result.get("ErrorCode") else ""
    return [
        Placed(record, result.get("SequenceNumber", ""), result.get("ShardId", ""), problem)
        for run in entry.runs
        for record in run
    ]
