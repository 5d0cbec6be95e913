"""When a run of a producer counts, and what the report says of it."""

import pytest

from kit.backlog import Record

from bench.cases import producer
from bench.goals import judge
from bench.producers import AGGREGATED, BATCHED, ONE_BY_ONE, InvalidRun, Produced, check
from bench.samples import Samples
from labkit.aggregation import UserRecord

SENT = [Record(0, "a", b"1"), Record(1, "b", b"2"), Record(2, "a", b"3")]


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ([("a", b"1"), ("b", b"2")], "2 events on the stream of 3"),
        ([("a", b"1"), ("a", b"1"), ("b", b"2"), ("a", b"3")], "4 events on the stream of 3"),
        ([("a", b"3"), ("b", b"2"), ("a", b"1")], "not in their order"),
        ([("a", b"1"), ("a", b"2"), ("a", b"3")], "not in their order"),
    ],
    ids=["lost", "twice", "overtaken", "of another order"],
)
def test_a_run_counts_only_with_every_event_once_in_order(found: list[tuple[str, bytes]], problem: str) -> None:
    with pytest.raises(InvalidRun, match=problem):
        check(SENT, [UserRecord(*record) for record in found])


def test_keys_may_be_in_any_order() -> None:
    check(SENT, [UserRecord("b", b"2"), UserRecord("a", b"1"), UserRecord("a", b"3")])


def test_figures_of_a_run() -> None:
    assert Produced(events=100, bytes=2_000_000, seconds=4.0, throttled=3).figures() == {
        "events_per_s": 25.0,
        "megabytes_per_s": 0.5,
        "throttled": 3.0,
    }


def test_the_report_compares_with_one_by_one_and_with_the_shards_limit() -> None:
    samples = Samples(about={})
    for size, speeds in ((producer.FREE, (400, 4000, 8000)), (producer.LIMITED, (400, 990, 2500))):
        for way, speed in zip((ONE_BY_ONE, BATCHED, AGGREGATED), speeds, strict=True):
            samples.add(producer.NAME, size, way, **Produced(speed, speed * 400, 1.0, 0).figures())
    rows = producer.section(samples).splitlines()
    batched = next(row for row in rows if f"{producer.FREE}, {BATCHED}" in row)
    aggregated = next(row for row in rows if f"{producer.LIMITED}, {AGGREGATED}" in row)
    assert "10" in batched.split("|")[3] and "250%" in aggregated
    assert [goal.reached for goal in judge(samples)] == [True, True]
