"""The consuming side of a stream: order per key, partial failures by sequence number, and what is set aside."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubles import OUTPUT_QUEUE_URL, Queue
from labkit import claim_check
from labkit.aggregation import UserRecord, aggregate
from labkit.messages import Rejected
from labkit.outbox import MAX_BYTES
from labkit.rejected import RejectedRecords
from labkit.stream import Outcome, Rejections, StreamRecord, consume, one_by_one, read_records


def kinesis_event(*records: tuple[str, bytes]) -> dict[str, Any]:
    """A Kinesis event as Lambda delivers it; the sequence numbers are 8, 9, 10, ..."""
    return {
        "Records": [
            {
                "eventID": f"shardId-000000000000:{number}",
                "kinesis": {
                    "partitionKey": key,
                    "sequenceNumber": str(number),
                    "data": base64.b64encode(data).decode(),
                },
            }
            for number, (key, data) in enumerate(records, 8)
        ]
    }


def failures(response: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


def keep_all(rejections: Rejections) -> list[int]:
    return []


def test_records_come_out_of_their_aggregates_in_order() -> None:
    together = aggregate([UserRecord("a", b"1"), UserRecord("b", b"2")])
    records = read_records(kinesis_event(("x", together), ("a", b"3")))
    assert [(record.key, record.data, record.sequence_number, record.part) for record in records] == [
        ("a", b"1", "8", 0),
        ("b", b"2", "8", 1),
        ("a", b"3", "9", 0),
    ]
    assert records[0].shard == "shardId-000000000000"


@given(st.lists(st.tuples(st.integers(1, 10**129 - 1), st.integers(0, 10**6 - 1)), unique=True, min_size=2))
def test_positions_grow_as_the_numbers_do(places: list[tuple[int, int]]) -> None:
    by_number = [StreamRecord("k", b"", str(number), part).position for number, part in sorted(places)]
    assert by_number == sorted(by_number)


def test_the_engines_numbers_with_leading_zeros_are_numbers_too() -> None:
    assert StreamRecord("k", b"", "0009").position < StreamRecord("k", b"", "10").position


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["good", "bad", "failing"])), max_size=30))
def test_each_key_in_order_and_every_record_handled_kept_or_tried_again(records: list[tuple[str, str]]) -> None:
    handled: list[tuple[str, int]] = []
    kept: list[StreamRecord] = []

    def handle(record: StreamRecord) -> None:
        if record.data == b"failing":
            raise RuntimeError("not now")
        if record.data == b"bad":
            raise Rejected("never")
        handled.append((record.key, int(record.sequence_number)))

    def set_aside(rejections: Rejections) -> list[int]:
        kept.extend(record for record, _ in rejections)
        return []

    event = kinesis_event(*((key, kind.encode()) for key, kind in records))
    failed = failures(consume(event, one_by_one(handle), set_aside))
    numbers = {str(number): key for number, (key, _) in enumerate(records, 8)}
    # Of a key, what comes from its first failing record on is tried again; all else is done.
    first = {key: str(number) for number, (key, kind) in reversed(list(enumerate(records, 8))) if kind == "failing"}
    assert failed == [number for number, key in numbers.items() if key in first and int(number) >= int(first[key])]
    done = {str(number) for _, number in handled} | {record.sequence_number for record in kept}
    assert done | set(failed) == set(numbers) and not done & set(failed)
    for key in "abc":
        order = [number for other, number in handled if other == key]
        assert order == sorted(order)


def test_what_follows_a_failed_record_of_its_key_waits_for_it() -> None:
    seen = []

    def handle(record: StreamRecord) -> None:
        seen.append(record.data)
        if record.data == b"created":
            raise RuntimeError("throttled")

    response = consume(kinesis_event(("a", b"created"), ("b", b"1"), ("a", b"paid")), one_by_one(handle), keep_all)
    assert seen == [b"created", b"1"]
    assert failures(response) == ["8", "10"]


def test_a_failure_within_an_aggregate_is_reported_by_the_number_of_the_aggregate() -> None:
    together = aggregate([UserRecord("a", b"1"), UserRecord("b", b"2")])

    def handle(record: StreamRecord) -> None:
        if record.key == "b":
            raise RuntimeError("not now")

    assert failures(consume(kinesis_event(("x", together), ("c", b"3")), one_by_one(handle), keep_all)) == ["8"]


def test_what_could_not_be_kept_is_tried_again() -> None:
    def handle(records: Sequence[StreamRecord]) -> Outcome:
        return Outcome(rejected=[(record, "never") for record in records])

    assert failures(consume(kinesis_event(("a", b"1"), ("b", b"2")), handle, lambda rejections: [1])) == ["9"]


class Bucket:
    """Stands for S3: holds objects."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.objects[Bucket, Key] = Body


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, queue: Queue) -> Bucket:
    bucket = Bucket()
    monkeypatch.setenv("REJECTED_QUEUE_URL", OUTPUT_QUEUE_URL)
    monkeypatch.setenv("REJECTED_BUCKET", "mine")
    monkeypatch.setattr(claim_check, "_s3", lambda: bucket)
    return bucket


def test_a_rejected_record_keeps_its_data_its_place_and_the_reason(bucket: Bucket, queue: Queue) -> None:
    record = StreamRecord("o-1", "né".encode(), "8", 2, "shardId-000000000000")
    assert RejectedRecords("projection").keep([(record, "no event")]) == []
    (message,) = queue.messages
    assert message["handled_by"] == "projection" and message["error"] == "no event" and message["request"] == "né"
    assert message["record"]["sequence_number"] == "8" and message["record"]["part"] == 2


def test_what_is_no_text_is_kept_in_base64(bucket: Bucket, queue: Queue) -> None:
    RejectedRecords("projection").keep([(StreamRecord("o-1", b"\xff\xfe", "8"), "no event")])
    assert base64.b64decode(queue.messages[0]["request"]) == b"\xff\xfe"


def test_a_record_too_long_for_the_queue_lies_whole_in_the_bucket(bucket: Bucket, queue: Queue) -> None:
    data = json.dumps("é" * MAX_BYTES).encode()
    RejectedRecords("projection").keep([(StreamRecord("o-1", data, "8"), "no event")])
    claim = queue.messages[0]["claim_check"]
    assert bucket.objects[claim["bucket"], claim["key"]] == data


def test_records_that_the_queue_does_not_take_are_named(bucket: Bucket, queue: Queue) -> None:
    queue.fails_on = lambda body: '"o-2"' in body
    records = [StreamRecord(key, b"x", "8") for key in ("o-1", "o-2", "o-3")]
    assert RejectedRecords("projection").keep([(record, "no") for record in records]) == [1]
