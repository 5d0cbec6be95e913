"""Records on their way to a stream: limits never exceeded, nothing dropped, order per key kept whatever is refused."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.aggregates import AGGREGATE_BYTES, Aggregator, Shard, hash_key, shard_of
from kit.backlog import MAX_CALL_BYTES, MAX_RECORD_BYTES, MAX_RECORDS, Backlog, Record
from kit.putting import PASSING, THROTTLED, Pack, Placed, Putter, plainly

from labkit.aggregation import UserRecord, deaggregate

KEYS = st.sampled_from(["o-1", "o-2", "o-3", "user-1#4", "é"])
SIZES = st.one_of(st.integers(0, 300), st.sampled_from([AGGREGATE_BYTES, 500_000, MAX_RECORD_BYTES - 14]))
RECORDS = st.lists(st.tuples(KEYS, SIZES), max_size=60)
MANY_KEYS = st.lists(st.tuples(st.integers(0, 2000).map(str), st.integers(0, 40)), max_size=1500)
HALVES = [Shard("s-0", 0, 2**127 - 1), Shard("s-1", 2**127, 2**128 - 1)]
PACKS: list[Pack] = [plainly, Aggregator([Shard("s-0", 0, 2**128 - 1)]), Aggregator(HALVES)]


class Stream:
    """Stands for Kinesis: has the limits of PutRecords, refuses what it is told to, keeps what it accepts in order."""

    def __init__(self, refuses: Callable[[], str | None]) -> None:
        self.refuses = refuses
        self.shards: dict[str, list[UserRecord]] = {shard.id: [] for shard in HALVES}
        self.number = 0

    def put(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert 1 <= len(requests) <= MAX_RECORDS
        sizes = [len(request["Data"]) + len(request["PartitionKey"].encode()) for request in requests]
        assert max(sizes) <= MAX_RECORD_BYTES and sum(sizes) <= MAX_CALL_BYTES
        return [self._put(request) for request in requests]

    def _put(self, request: dict[str, Any]) -> dict[str, Any]:
        if code := self.refuses():
            return {"ErrorCode": code, "ErrorMessage": "no"}
        place = int(request.get("ExplicitHashKey", hash_key(request["PartitionKey"])))
        shard = next(shard for shard in HALVES if shard.first <= place <= shard.last)
        records = deaggregate(request["Data"]) or [UserRecord(request["PartitionKey"], request["Data"])]
        self.shards[shard.id] += records
        self.number += 1
        return {"SequenceNumber": str(self.number), "ShardId": shard.id}

    def of(self, key: str) -> list[bytes]:
        return [record.data for records in self.shards.values() for record in records if record.key == key]


def records_of(made: list[tuple[str, int]]) -> list[Record]:
    return [Record(index, key, b"%06d" % index + b"x" * size) for index, (key, size) in enumerate(made)]


def refusing(codes: list[str | None]) -> Callable[[], str | None]:
    """Refuses as `codes` says, over and over, but not for ever."""
    answers = itertools.chain(codes * 20, itertools.repeat(None))
    return lambda: next(answers)


def put_all(records: list[Record], pack: Pack, stream: Stream) -> list[Placed]:
    putter = Putter(stream.put, pack, sleep=lambda seconds: None)
    placed = [one for settled in putter.put_all(Backlog(records)) for one in settled]
    assert putter.counts.records == len([one for one in placed if not one.problem])
    return placed


@pytest.mark.parametrize("pack", PACKS, ids=["plain", "aggregated", "aggregated on two shards"])
@given(made=RECORDS, codes=st.lists(st.sampled_from([None, None, *PASSING]), max_size=12))
def test_nothing_is_dropped_and_each_key_keeps_its_order(
    pack: Pack, made: list[tuple[str, int]], codes: list[str | None]
) -> None:
    records = records_of(made)
    stream = Stream(refusing(codes))
    placed = put_all(records, pack, stream)
    assert sorted(one.record.index for one in placed) == list(range(len(records)))
    assert not any(one.problem for one in placed)
    for key in {record.key for record in records}:
        assert stream.of(key) == [record.data for record in records if record.key == key]


@pytest.mark.parametrize("pack", PACKS, ids=["plain", "aggregated", "aggregated on two shards"])
@given(made=MANY_KEYS)
def test_many_keys_stay_within_the_limits(pack: Pack, made: list[tuple[str, int]]) -> None:
    records = records_of(made)
    stream = Stream(lambda: None)
    assert len(put_all(records, pack, stream)) == len(records)
    for key in {record.key for record in records}:
        assert stream.of(key) == [record.data for record in records if record.key == key]


def test_the_most_records_that_a_call_takes_are_still_within_its_bytes_when_aggregated() -> None:
    records = [Record(index, str(index % 9000), b"") for index in range(200_000)]
    stream = Stream(lambda: None)
    assert len(put_all(records, PACKS[1], stream)) == len(records)


@given(made=RECORDS, key=KEYS)
def test_an_aggregate_lies_in_the_shard_of_its_records(made: list[tuple[str, int]], key: str) -> None:
    stream = Stream(lambda: None)
    put_all(records_of(made), Aggregator(HALVES), stream)
    for shard in HALVES:
        assert all(shard_of(record.key, HALVES) == shard for record in stream.shards[shard.id])


def test_only_what_was_refused_is_sent_again() -> None:
    answers = iter([None, THROTTLED, None, None])
    stream = Stream(lambda: next(answers))
    putter = Putter(stream.put, sleep=lambda seconds: None)
    list(putter.put_all(Backlog(records_of([("a", 1), ("b", 1), ("c", 1)]))))
    assert (putter.counts.calls, putter.counts.retries, putter.counts.throttled) == (2, 1, 1)


def test_the_next_of_a_key_waits_until_the_one_before_is_in() -> None:
    answers = iter([THROTTLED, None, None, None, None])
    stream = Stream(lambda: next(answers))
    first = Putter(stream.put, sleep=lambda seconds: None)
    backlog = Backlog(records_of([("a", 1), ("a", 2), ("b", 1)]))
    settled = first.put_some(backlog)
    assert [placed.record.index for placed in settled] == [2]
    assert [placed.record.index for placed in first.put_some(backlog)] == [0]
    assert [placed.record.index for placed in first.put_some(backlog)] == [1]


def test_a_refusal_for_good_settles_the_record_with_its_reason() -> None:
    answers = iter(["ValidationException", None])
    stream = Stream(lambda: next(answers))
    placed = put_all(records_of([("a", 1), ("b", 1)]), plainly, stream)
    assert [one.problem for one in placed] == ["no", ""]


def test_pauses_have_full_jitter_and_end_when_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[float] = []

    def uniform(low: float, high: float) -> float:
        bounds.append(high)
        return low

    monkeypatch.setattr("kit.putting.random.uniform", uniform)
    answers = iter([THROTTLED] * 7 + [None, THROTTLED, None])
    putter = Putter(Stream(lambda: next(answers)).put, sleep=lambda seconds: None)
    list(putter.put_all(Backlog(records_of([("a", 1), ("a", 1)]))))
    assert bounds == [0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 3.0, 0.1]


def test_pauses_stay_short_while_some_records_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("kit.putting.random.uniform", lambda low, high: high)
    answers = itertools.cycle([None, THROTTLED])
    putter = Putter(Stream(lambda: next(answers)).put, sleep=pauses.append)
    list(putter.put_all(Backlog(records_of([(str(number), 1) for number in range(1000)]))))
    assert max(pauses) == 0.8


def test_a_stream_that_takes_nothing_for_long_gets_no_more() -> None:
    clock = itertools.count(0, 10)
    putter = Putter(Stream(lambda: THROTTLED).put, sleep=lambda seconds: None, now=lambda: next(clock))
    placed = [one for settled in putter.put_all(Backlog(records_of([("a", 1), ("a", 1)]))) for one in settled]
    assert [one.record.index for one in placed] == [0, 1]
    assert all("has taken nothing for 60 s" in one.problem for one in placed)
