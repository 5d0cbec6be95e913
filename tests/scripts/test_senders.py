"""What the senders make of messages: attributes, groups, references, events; and what they refuse before sending."""

import io
import json
import string
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from kit.batches import MAX_BYTES
from kit.cli import Exit, Stop
from kit.events import EventSender
from kit.functions import FunctionSender
from kit.moments import moment
from kit.outgoing import Attribute, Choices, refused
from kit.streams import StreamSender
from kit.topics import TopicSender

import send_message

PORT = {"arn": "topic", "attributes": ["type"], "claims": "bucket"}
FIFO = {**PORT, "group_by": "customer", "deduplicate_by": "order_id"}


class Clients:
    """Stands for a target: its SNS accepts everything within its limits; S3 and bus keep what they are given."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []
        self.objects: dict[str, bytes] = {}
        self.events: list[dict[str, Any]] = []

    def client(self, service: str) -> "Clients":
        return self

    def publish_batch(self, TopicArn: str, PublishBatchRequestEntries: list[dict[str, Any]]) -> dict[str, Any]:
        size = 0
        for entry in PublishBatchRequestEntries:
            attributes = entry["MessageAttributes"]
            size += len(entry["Message"].encode())
            size += sum(
                len(name) + len(value["DataType"]) + len(value["StringValue"]) for name, value in attributes.items()
            )
        assert len(PublishBatchRequestEntries) <= 10 and size <= MAX_BYTES
        self.published += PublishBatchRequestEntries
        return {"Successful": [{"Id": entry["Id"], "MessageId": "sns"} for entry in PublishBatchRequestEntries]}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.objects[f"{Bucket}/{Key}"] = io.BytesIO(Body).read()

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.events += Entries
        return {"Entries": [{"EventId": str(index)} for index in range(len(Entries))]}


def publish(port: dict[str, Any], *bodies: str, **attributes: Attribute) -> Clients:
    clients = Clients()
    sender = TopicSender(clients, port, Choices(attributes))  # type: ignore[arg-type]  # all it needs of a target
    assert [sender.problem(body) for body in bodies] == [None] * len(bodies)
    outcomes = [sent for group in sender.send(bodies) for sent in group]
    ids = {sent.index: sent.message_id for sent in outcomes}
    for entry in clients.published:
        assert entry["MessageAttributes"]["correlation_id"]["StringValue"] == ids[int(entry["Id"])]
    return clients


def test_fields_of_the_body_become_attributes_and_options_come_first() -> None:
    (entry,) = publish(PORT, '{"type": "order"}').published
    assert entry["MessageAttributes"]["type"] == {"DataType": "String", "StringValue": "order"}
    (entry,) = publish(
        PORT, '{"type": "order"}', type=Attribute("String", "other"), n=Attribute("Number", "1")
    ).published
    assert entry["MessageAttributes"]["type"]["StringValue"] == "other"
    assert entry["MessageAttributes"]["n"] == {"DataType": "Number", "StringValue": "1"}
    (entry,) = publish(PORT, "no JSON").published
    assert set(entry["MessageAttributes"]) == {"correlation_id"}


def test_a_long_body_is_stored_and_its_reference_keeps_the_short_fields() -> None:
    body = json.dumps({"type": "order", "kind": "physical", "note": "é" * MAX_BYTES, "items": [1]})
    clients = publish(PORT, body, '{"type": "order"}')
    long = next(entry for entry in clients.published if entry["Id"] == "0")
    reference = json.loads(long["Message"])
    assert reference.keys() == {"type", "kind", "claim_check"}
    claim = reference["claim_check"]
    assert clients.objects == {f"bucket/{claim['key']}": body.encode()}
    assert long["MessageAttributes"]["type"]["StringValue"] == "order"


def test_without_a_bucket_a_long_body_is_refused() -> None:
    sender = TopicSender(Clients(), {"arn": "topic"}, Choices())  # type: ignore[arg-type]  # as above
    assert sender.problem("x" * (MAX_BYTES + 1)) == f"has {MAX_BYTES + 1} bytes, and a topic takes {MAX_BYTES}"
    assert sender.problem("") == "is empty"


def test_a_fifo_topic_gets_group_and_deduplication_ids() -> None:
    (entry,) = publish(FIFO, '{"customer": "ana", "order_id": 7}').published
    assert (entry["MessageGroupId"], entry["MessageDeduplicationId"]) == ("ana", "7")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            '{"customer": "Ana María", "order_id": 7}',
            "customer is 'Ana María', which a FIFO topic does not take: up to 128",
        ),
        ('{"customer": "ana", "order_id": "o 1"}', "order_id is 'o 1', which"),
        (f'{{"customer": "ana", "order_id": "{"o" * 129}"}}', "order_id is "),
        ('{"customer": "é", "order_id": "ü"}', "customer is 'é' and order_id is 'ü', which"),
        ('{"customer": {"name": "ana"}, "order_id": 7}', "customer is "),
    ],
)
def test_group_and_deduplication_ids_that_aws_would_refuse(body: str, problem: str) -> None:
    sender = TopicSender(Clients(), FIFO, Choices())  # type: ignore[arg-type]  # as above
    assert (sender.problem(body) or "").startswith(problem)


def test_group_and_deduplication_ids_that_aws_takes() -> None:
    """SNS API reference, Publish: letters, digits and all the punctuation of ASCII, up to 128 characters."""
    sender = TopicSender(Clients(), FIFO, Choices())  # type: ignore[arg-type]  # as above
    assert sender.problem(json.dumps({"customer": string.punctuation, "order_id": "o" * 128})) is None


def test_what_a_fifo_topic_drops_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    bodies = [f'{{"customer": "ana", "order_id": {number}}}' for number in (7, 8, 7, 7)]
    clients = Clients()
    sender = TopicSender(clients, FIFO, Choices())  # type: ignore[arg-type]  # as above
    accepted, code = send_message.send(sender, bodies)
    ids = [entry["MessageAttributes"]["correlation_id"]["StringValue"] for entry in clients.published]
    # Who waits for replies waits for those of the two that the topic delivers.
    assert [(sent.index, sent.message_id) for sent in accepted] == [(0, ids[0]), (1, ids[1]), (2, ids[0]), (3, ids[0])]
    assert code == Exit.DONE
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("sent 2 of 4 in ")
    assert second == "2 of 4 dropped as duplicates: order_id 7 was sent before"


def test_what_a_topic_refused_is_no_reason_to_drop_the_next() -> None:
    class Refusing(Clients):
        def publish_batch(self, TopicArn: str, PublishBatchRequestEntries: list[dict[str, Any]]) -> dict[str, Any]:
            answer = super().publish_batch(TopicArn, PublishBatchRequestEntries)
            refused = {"Id": "0", "SenderFault": True, "Code": "no"}
            return {"Successful": answer["Successful"][1:], "Failed": [refused]}

    sender = TopicSender(Refusing(), FIFO, Choices())  # type: ignore[arg-type]  # as above
    first, second = [one for group in sender.send(['{"customer": "ana", "order_id": 7}'] * 2) for one in group]
    assert first.problem == "no" and second.message_id and not second.dropped


def test_events_take_source_and_type_from_the_message_or_the_options() -> None:
    clients = Clients()
    body = '{"source": "shop", "type": "X", "data": {}}'
    for choices in (Choices(), Choices(source="bank", type="Y")):
        sender = EventSender(clients, {"bus": "b"}, choices)  # type: ignore[arg-type]  # as above
        list(sender.send([body]))
    assert [(event["Source"], event["DetailType"]) for event in clients.events] == [("shop", "X"), ("bank", "Y")]
    assert all(event["Detail"] == body for event in clients.events)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("hello", "is not a JSON object"),
        ("[]", "is not a JSON object"),
        ("{}", "has no source and no type; give --source and --type"),
        ('{"source": "a", "type": 1}', "has no type; give --type"),
    ],
)
def test_events_that_are_none(body: str, problem: str) -> None:
    sender = EventSender(Clients(), {"bus": "b"}, Choices())  # type: ignore[arg-type]  # as above
    assert problem in (sender.problem(body) or "")


@pytest.mark.parametrize(
    ("port", "body", "name"),
    [
        (PORT, '{"type": "\\ud800"}', "type"),
        (FIFO, '{"customer": "\\ud800", "order_id": 7}', "customer"),
        (FIFO, '{"customer": "ana", "order_id": "\\udfff"}', "order_id"),
    ],
)
def test_half_a_character_is_refused_where_sns_takes_text(port: dict[str, Any], body: str, name: str) -> None:
    sender = TopicSender(Clients(), port, Choices())  # type: ignore[arg-type]  # as above
    assert sender.problem(body) == f"has half a character in {name}, which cannot be sent as text"
    # In the body itself it is written as an escape, which any service takes.
    assert sender.problem('{"customer": "ana", "order_id": 7, "note": "\\ud800"}') is None


def test_half_a_character_is_refused_where_a_bus_takes_text() -> None:
    sender = EventSender(Clients(), {"bus": "b"}, Choices())  # type: ignore[arg-type]  # as above
    body = '{"source": "shop", "type": "\\ud800"}'
    assert sender.problem(body) == "has half a character in type, which cannot be sent as text"


@pytest.mark.parametrize("port", [PORT, {"arn": "topic"}])
def test_what_is_not_text_itself_is_refused(port: dict[str, Any]) -> None:
    for sender in (
        TopicSender(Clients(), port, Choices()),  # type: ignore[arg-type]  # as above
        FunctionSender(Clients(), {"function": "f"}),  # type: ignore[arg-type]
        StreamSender(Clients(), {"stream": "s"}),  # type: ignore[arg-type]
    ):
        assert refused(sender, ["1", '"\ud800"']) == ["message 2 is not UTF-8 text"]


def test_moments() -> None:
    assert moment("2025-01-31T08:00", "--from") == datetime(2025, 1, 31, 8, tzinfo=timezone.utc)
    assert moment("2025-01-31T08:00:00Z", "--from") == datetime(2025, 1, 31, 8, tzinfo=timezone.utc)
    assert moment("2025-01-31T08:00:00+01:00", "--from") == datetime(2025, 1, 31, 7, tzinfo=timezone.utc)
    before = datetime.now(timezone.utc)
    assert before <= moment("-10m", "--from") + timedelta(minutes=10) <= datetime.now(timezone.utc)
    with pytest.raises(Stop, match="'soon' is no time"):
        moment("soon", "--from")
