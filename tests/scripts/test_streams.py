"""What the sender makes of messages for a stream, and how tables are shown."""

import json
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from kit.backlog import MAX_RECORD_BYTES
from kit.streams import StreamSender, as_event, partition_key
from kit.tables import one_line, timeline, to_json

import send_message
from order_events import read_event

PORT = {"stream": "events", "key": "orderId", "source": "test", "rejected": "queue", "bucket": "mine"}


class Clients:
    """Stands for a target: its stream, queue and bucket keep what they are given."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.messages: list[Any] = []
        self.objects: dict[str, bytes] = {}

    def client(self, service: str) -> "Clients":
        return self

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:
        assert StreamName == "events"
        self.records += Records
        return {"Records": [{"SequenceNumber": f"n{place}", "ShardId": "s"} for place in range(len(Records))]}

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:
        assert QueueUrl == "queue" and len(MessageBody.encode()) <= 262_144
        self.messages.append(json.loads(MessageBody))

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.objects[f"{Bucket}/{Key}"] = Body


def test_what_an_event_lacks_is_filled_in_and_the_rest_stays_as_it_was_written() -> None:
    body = '{"type": "ORDER_PAID", "data": {"orderId": "o-1", "total": 12.50}}'
    made = as_event(body, "test")
    assert made.endswith(body[1:])
    assert read_event(made).order_id == "o-1"
    assert json.loads(made)["source"] == "test"


def test_what_an_event_has_is_its_own() -> None:
    body = '{"specversion": "1.0", "id": "e", "source": "s", "time": "2025-01-31T08:00:00Z", "type": "x"}'
    assert as_event(body, "test") == body
    assert as_event('{"id": "e", "type": "x"}', "test").count('"id"') == 1


def test_a_stream_takes_an_id_more_than_once(capsys: pytest.CaptureFixture[str]) -> None:
    sender = StreamSender(Clients(), PORT)  # type: ignore[arg-type]  # all it needs of a target
    accepted, _ = send_message.send(sender, ['{"id": "e-1", "type": "x"}'] * 3)
    assert [sent.message_id for sent in accepted] == ["e-1"] * 3
    assert capsys.readouterr().err.startswith("sent 3 of 3 in ")


def test_half_a_character_is_no_partition_key() -> None:
    clients = Clients()
    sender = StreamSender(clients, PORT)  # type: ignore[arg-type]  # all it needs of a target
    (sent,) = [one for outcomes in sender.send(['{"type": "x", "data": {"orderId": "\\ud800"}}']) for one in outcomes]
    (record,) = clients.records
    assert sent.message_id and not sent.problem
    assert len(record["PartitionKey"]) == 36 and b"\\ud800" in record["Data"]


@pytest.mark.parametrize("body", ["hello", "[1]", '{"type": 1}', "{}", "1e400"])
def test_what_is_no_event_stays_as_it_is(body: str) -> None:
    assert as_event(body, "test") == body


def test_the_partition_key_is_the_order_or_else_one_of_its_own() -> None:
    assert partition_key('{"data": {"orderId": "o-1"}}', "orderId") == "o-1"
    for body in ("hello", '{"data": 1}', '{"data": {"orderId": 7}}', json.dumps({"data": {"orderId": "x" * 257}})):
        assert partition_key(body, "orderId") != partition_key(body, "orderId")


def test_a_record_that_is_too_long_is_kept_and_the_others_are_sent() -> None:
    clients = Clients()
    sender = StreamSender(clients, PORT)  # type: ignore[arg-type]  # all it needs of a target
    long = json.dumps({"type": "x", "data": {"orderId": "o-1", "note": "é" * MAX_RECORD_BYTES}})
    bodies = ['{"id": "e-1", "type": "x"}', long, "hello"]
    assert [sender.problem(body) for body in bodies] == [None] * 3 and sender.problem("") == "is empty"
    sent = {one.index: one for outcomes in sender.send(bodies) for one in outcomes}
    assert sent[0].message_id == "e-1" and sent[2].message_id.startswith("n")
    assert "a record takes 1048576; it is in the rejected queue" in sent[1].problem
    (message,) = clients.messages
    stored = clients.objects[f"{message['claim_check']['bucket']}/{message['claim_check']['key']}"]
    assert json.loads(stored)["data"] == json.loads(long)["data"]
    assert len(clients.records) == 2


ORDER = {
    "orderId": "o-1",
    "status": "PAID",
    "total": Decimal("25"),
    "position": "003-123-000000",
    "items": [{"sku": "book", "quantity": Decimal(2)}],
    "history": [
        {"id": "e", "type": "ORDER_CREATED", "time": "2025-01-31T08:00:00.000001Z", "position": "1"},
        {"id": "f", "type": "INVENTORY_REJECTED", "time": "2025-01-31T08:00:01Z", "reason": "not in stock: book"},
    ],
}


def test_a_line_for_an_item_and_one_for_each_event_of_its_history() -> None:
    assert one_line(ORDER) == "orderId o-1  status PAID  total 25"
    lines = list(timeline(ORDER))
    assert lines[1] == "  item: sku book  quantity 2"
    assert lines[2].endswith("ORDER_CREATED") and lines[3].endswith("INVENTORY_REJECTED   not in stock: book")
    assert len(lines) == 4


def test_a_timeline_of_whatever_an_item_holds() -> None:
    item = {
        "id": "x",
        "tags": ["time", "b"],
        "mixed": [{"sku": "book"}, Decimal(3), None, ["deep"]],
        "set": {"b", "a"},
        "odd": [{"time": "soon", "type": "A"}, {"time": Decimal(1)}, {"time": "2025-01-31T08:00:00Z"}],
    }
    assert list(timeline(item)) == [
        "id x",
        "  tag: time",
        "  tag: b",
        "  mixed: sku book",
        "  mixed: 3",
        "  mixed: null",
        '  mixed: ["deep"]',
        "  odd: time soon  type A",
        "  odd: time 1",
        "  odd: time 2025-01-31T08:00:00Z",
    ]


def test_every_type_of_dynamodb_has_a_form_in_json() -> None:
    wire: dict[str, Any] = {
        "SS": {"SS": ["b", "a"]},
        "NS": {"NS": ["10", "9", "1.5"]},
        "BS": {"BS": [b"b", b"a"]},
        "B": {"B": b"\xff"},
        "M": {"M": {"NULL": {"NULL": True}, "BOOL": {"BOOL": False}, "L": {"L": [{"N": "1"}]}}},
    }
    item = {name: TypeDeserializer().deserialize(value) for name, value in wire.items()}
    assert json.loads(to_json(item)) == {
        "SS": ["a", "b"],
        "NS": [1.5, 9, 10],
        "BS": ["YQ==", "Yg=="],
        "B": "/w==",
        "M": {"NULL": None, "BOOL": False, "L": [1]},
    }
    assert list(timeline(item)) == [""]


def test_items_as_json_have_numbers() -> None:
    assert json.loads(to_json(ORDER))["items"] == [{"sku": "book", "quantity": 2}]
    assert to_json({"a": Decimal("1.50")}) == '{"a": 1.5}'
