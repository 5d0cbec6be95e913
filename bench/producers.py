"""Puts the events of orders on a stream in different ways, and measures how fast the stream takes them."""

import itertools
import sys
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from bench import ROOT
from bench.laboratory import Laboratory

sys.path.insert(0, str(ROOT / "scripts"))  # what is measured is what the scripts use

from kit.aggregates import Aggregator, Shard
from kit.backlog import Backlog, Record
from kit.order_lives import Wish, lives
from kit.putting import Putter, plainly

from labkit.aggregation import UserRecord, deaggregate

ONE_BY_ONE, BATCHED, AGGREGATED = "one by one", "batched", "aggregated"
CATALOGUE = {"book": "12.50", "lamp": "39.90", "mug": "7.20", "pen": "1.95", "bag": "24.00"}
#: The same events in each run: the times differ, the rest does not.
SEED = 1
READ_AT_ONCE = 10_000
FILLER = "filler"


class InvalidRun(Exception):
    """A run after which the stream does not hold each event once, in order; its times mean nothing."""


@dataclass(frozen=True)
class Produced:
    """What a run met."""

    events: int
    bytes: int
    seconds: float
    throttled: int

    def figures(self) -> dict[str, float]:
        return {
            "events_per_s": self.events / self.seconds,
            "megabytes_per_s": self.bytes / self.seconds / 1e6,
            "throttled": float(self.throttled),
        }


class Producers:
    """A stream for each run, and the ways to put `count` events on it. Talks to the engine with boto3 directly."""

    def __init__(self, laboratory: Laboratory, count: int) -> None:
        self._kinesis = laboratory.client("kinesis")
        wish = Wish(orders=count, users=20, catalogue=CATALOGUE, seed=SEED)
        steps = lives(wish, lambda: datetime.now(timezone.utc))
        self._records = [
            Record(index, step.key, step.body.encode()) for index, step in enumerate(itertools.islice(steps, count))
        ]

    def run(self, way: str) -> Produced:
        """Put all events on a new stream. Raises InvalidRun."""
        name = f"bench-{uuid.uuid4()}"
        self._kinesis.create_stream(StreamName=name, ShardCount=1)
        self._kinesis.get_waiter("stream_exists").wait(StreamName=name)
        try:
            self._use_up_what_is_saved(name)
            started = time.perf_counter()
            throttled = self._one_by_one(name) if way == ONE_BY_ONE else self._in_calls(name, way)
            seconds = time.perf_counter() - started
            check(self._records, self._read(name))
        finally:
            self._kinesis.delete_stream(StreamName=name)
        return Produced(len(self._records), sum(record.size for record in self._records), seconds, throttled)

    def _use_up_what_is_saved(self, name: str) -> None:
        """An idle shard takes a second's worth at once; what counts is how it goes on."""
        filler = [{"PartitionKey": FILLER, "Data": b"x" * 1_000}] * 500
        for _ in range(3):
            self._kinesis.put_records(StreamName=name, Records=filler)

    def _one_by_one(self, name: str) -> int:
        """As it is written first; what is throttled is tried again, by boto3 and then here."""
        throttled = 0
        for record in self._records:
            while True:
                try:
                    self._kinesis.put_record(StreamName=name, PartitionKey=record.key, Data=record.data)
                    break
                except self._kinesis.exceptions.ProvisionedThroughputExceededException:
                    throttled += 1
        return throttled

    def _in_calls(self, name: str, way: str) -> int:
        def call(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
            results: list[dict[str, Any]] = self._kinesis.put_records(StreamName=name, Records=requests)["Records"]
            return results

        shard = Shard("shardId-000000000000", 0, 2**128 - 1)
        putter = Putter(call, Aggregator([shard]) if way == AGGREGATED else plainly)
        problems = [one.problem for placed in putter.put_all(Backlog(self._records)) for one in placed if one.problem]
        if problems:
            raise InvalidRun(f"{len(problems)} events were not taken: {problems[0]}")
        return putter.counts.throttled

    def _read(self, name: str) -> list[UserRecord]:
        """Everything on the stream: key and data, in order."""
        shard = self._kinesis.list_shards(StreamName=name)["Shards"][0]["ShardId"]
        place = {"StreamName": name, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = self._kinesis.get_shard_iterator(**place)["ShardIterator"]
        found: list[UserRecord] = []
        while True:
            try:
                answer = self._kinesis.get_records(ShardIterator=iterator, Limit=READ_AT_ONCE)
            except self._kinesis.exceptions.ProvisionedThroughputExceededException:
                continue  # five reads a second
            for record in answer["Records"]:
                if record["PartitionKey"] == FILLER:
                    continue
                whole = [UserRecord(record["PartitionKey"], record["Data"])]
                found += deaggregate(record["Data"]) or whole
            if not answer["Records"]:
                return found
            iterator = answer["NextShardIterator"]


def check(sent: list[Record], found: list[UserRecord]) -> None:
    """Raises InvalidRun unless each event was found once, those of each key in their order."""
    if len(found) != len(sent):
        raise InvalidRun(f"{len(found)} events on the stream of {len(sent)}")
    orders: dict[str, list[bytes]] = {}
    for key, data in found:
        orders.setdefault(key, []).append(data)
    wanted: dict[str, list[bytes]] = {}
    for record in sent:
        wanted.setdefault(record.key, []).append(record.data)
    if orders != wanted:
        raise InvalidRun("the events of an order are not in their order")
