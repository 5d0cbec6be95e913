"""Aggregated mode: many records in one, so that a shard's limit of records per second counts aggregates.

An aggregate is accepted or refused as a whole, and lies in one shard: it holds records of one shard only, and names
that shard, since its own partition key would lead elsewhere.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kit.backlog import MAX_RECORD_BYTES, MAX_RECORDS, Backlog, Record, Run
from kit.putting import Entry

from labkit.aggregation import FRAME_BYTES, UserRecord, aggregate, size_bound

#: The default of the Kinesis Producer Library (AggregationMaxSize): the cost of a failed aggregate stays small.
AGGREGATE_BYTES = 51_200
#: For one call: runs, records of one key in each, and bytes; with 24 bytes for each record, all of it is below 5 MiB.
RUNS, RUN_LENGTH, BYTES = 5_000, 20, 1_280_000


@dataclass(frozen=True)
class Shard:
    """The hash keys for which a shard is there."""

    id: str
    first: int
    last: int


def hash_key(partition_key: str) -> int:
    """Kinesis Developer Guide, "Partition key": the MD5 of the key, as a number of 128 bits."""
    return int.from_bytes(hashlib.md5(partition_key.encode(), usedforsecurity=False).digest(), "big")


def shard_of(partition_key: str, shards: Sequence[Shard]) -> Shard:
    """The shard that the key leads to."""
    place = hash_key(partition_key)
    return next(shard for shard in shards if shard.first <= place <= shard.last)


@dataclass(frozen=True)
class Aggregator:
    """Packs records into aggregates, for each of the open shards."""

    shards: Sequence[Shard]

    def __call__(self, backlog: Backlog) -> list[Entry]:
        """As many records as go into one call; those of one key, in their order, in the same aggregate."""
        runs = backlog.take(runs=RUNS, size=BYTES, run_length=RUN_LENGTH, run_size=AGGREGATE_BYTES // 4)
        entries = [entry for shard in self.shards for entry in self._pack(shard, self._of(shard, runs))]
        backlog.put_back([run for entry in entries[MAX_RECORDS:] for run in entry.runs])
        return entries[:MAX_RECORDS]

    def _of(self, shard: Shard, runs: Iterable[Run]) -> list[Run]:
        return [run for run in runs if shard_of(run[0].key, self.shards) == shard]

    def _pack(self, shard: Shard, runs: Sequence[Run]) -> Iterable[Entry]:
        together: list[Run] = []
        size = FRAME_BYTES
        for run in runs:
            length = sum(size_bound(_user_record(record)) for record in run)
            if together and size + length > AGGREGATE_BYTES:
                yield _entry(shard, together)
                together, size = [], FRAME_BYTES
            together.append(run)
            size += length
        if together:
            yield _entry(shard, together)


def _entry(shard: Shard, runs: Sequence[Run]) -> Entry:
    records = [record for run in runs for record in run]
    request = {"PartitionKey": records[0].key, "ExplicitHashKey": str(shard.first)}
    data = aggregate([_user_record(record) for record in records])
    # A record that is nearly as long as one may be travels as it is.
    alone = len(records) == 1 and len(data) + len(records[0].key.encode()) > MAX_RECORD_BYTES
    return Entry({**request, "Data": records[0].data if alone else data}, list(runs))


def _user_record(record: Record) -> UserRecord:
    return UserRecord(record.key, record.data)
