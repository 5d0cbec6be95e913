"""The consumers of orders as Lambda runs them, beside tables and a stream that fail now and then."""

import base64
import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError
from hypothesis import example, given

import hostile
from doubles import Context

CODE = Path(__file__).resolve().parents[2] / "lambda" / "orders"
CREATED, PAID = "ORDER_CREATED", "ORDER_PAID"


def event_of(*events: tuple[str, str]) -> dict[str, Any]:
    """A Kinesis event with these types of events for these orders; the sequence numbers are 1, 2, 3 ..."""
    return {"Records": [record(number, type, order_id) for number, (type, order_id) in enumerate(events, 1)]}


def record(number: int, type: str, order_id: str) -> dict[str, Any]:
    data: dict[str, Any] = {"orderId": order_id}
    if type == CREATED:
        data |= {"userId": "ana", "items": [{"sku": "book", "quantity": 2}], "total": 25}
    body = {"id": f"{order_id}-{type}", "type": type, "time": f"2025-01-31T08:00:{number:02d}Z", "data": data}
    kinesis = {
        "partitionKey": order_id,
        "sequenceNumber": str(number),
        "data": base64.b64encode(json.dumps(body).encode()).decode(),
    }
    return {"eventID": f"shardId-000000000000:{number}", "kinesis": kinesis}


def failures(response: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Loads `lambda/orders/<name>.py` with the environment of its stack; what it rejects is kept in `rejections`."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    names = ("REJECTED_QUEUE_URL", "REJECTED_BUCKET", "ORDERS_TABLE", "STOCK_TABLE", "RESERVATIONS_TABLE", "STREAM")
    for name in (*names, "TOPIC_ARN", "CONFIRMED_TABLE"):
        monkeypatch.setenv(name, name.lower())
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"orders_{name}", CODE / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.rejections = []  # type: ignore[attr-defined]
        monkeypatch.setattr(module.rejected, "keep", lambda found: module.rejections.extend(found) or [])
        return module

    return load


class Table:
    """Stands for the table of orders, with the one condition that the projection writes under."""

    name = "orders_table"

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}
        self.fails_on = ""

    def batch_get_item(self, RequestItems: Any) -> dict[str, Any]:
        ids = [key["orderId"] for key in RequestItems[self.name]["Keys"]]
        assert 1 <= len(ids) == len(set(ids)) <= 100
        return {"Responses": {self.name: [self.items[id] for id in ids if id in self.items]}}

    def put_item(self, Item: Any, ConditionExpression: str, ExpressionAttributeValues: Any, **_: Any) -> None:
        assert ConditionExpression == "attribute_not_exists(orderId) OR #position < :position"
        if Item["orderId"] == self.fails_on:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "no"}}, "PutItem")
        known = self.items.get(Item["orderId"])
        if known and not known["position"] < ExpressionAttributeValues[":position"]:
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}}, "PutItem")
        json.dumps(TypeSerializer().serialize(Item), ensure_ascii=False).encode()  # as the client sends it
        self.items[Item["orderId"]] = Item


@pytest.fixture
def projection(load: Callable[[str], ModuleType]) -> ModuleType:
    module = load("projection")
    module.table = module.dynamodb = Table()  # type: ignore[attr-defined]
    return module


def test_a_write_that_fails_is_tried_again_and_holds_up_no_other_order(projection: ModuleType) -> None:
    event = event_of((CREATED, "o-1"), (CREATED, "o-2"), (PAID, "o-1"))
    projection.table.fails_on = "o-1"
    assert failures(projection.lambda_handler(event, Context())) == ["1", "3"]
    assert set(projection.table.items) == {"o-2"}
    projection.table.fails_on = ""
    for _ in range(3):
        assert failures(projection.lambda_handler(event, Context())) == []
    assert projection.table.items["o-1"]["status"] == "PAID"
    assert len(projection.table.items["o-1"]["history"]) == 2


def test_a_run_that_is_late_does_not_write_over_a_newer_one(projection: ModuleType) -> None:
    newer = {"orderId": "o-1", "position": "999"}

    def overtaken(**request: Any) -> Any:
        projection.table.items["o-1"] = newer
        return {"Responses": {}}

    projection.dynamodb.batch_get_item = overtaken
    assert failures(projection.lambda_handler(event_of((CREATED, "o-1")), Context())) == []
    assert projection.table.items["o-1"] is newer


def test_bad_events_between_good_ones_are_set_aside(projection: ModuleType) -> None:
    event = event_of((PAID, "o-9"), (CREATED, "o-1"), ("ORDER_LOST", "o-1"), (PAID, "o-1"))
    assert failures(projection.lambda_handler(event, Context())) == []
    assert [record.sequence_number for record, _ in projection.rejections] == ["1", "3"]
    assert projection.table.items["o-1"]["status"] == "PAID"


class Warehouse:
    """Stands for the warehouse: refuses what it has not, and knows what it did."""

    def __init__(self) -> None:
        self.reservations: dict[str, Any] = {}

    def reserve(self, order_id: str, wanted: Any) -> Any:
        reason = {} if order_id != "o-2" else {"reason": "not in stock: book"}
        return self.reservations.setdefault(order_id, {"items": wanted, **reason})

    def release(self, order_id: str) -> None:
        self.reservations.pop(order_id, None)


class Stream:
    """Stands for Kinesis: refuses the answers to one order as often as it is told."""

    def __init__(self, refuses: str = "", times: int = 0) -> None:
        self.events: list[Any] = []
        self._refuses, self._times = refuses, times

    def put_records(self, StreamName: str, Records: list[Any]) -> Any:
        assert StreamName == "stream" and 1 <= len(Records) <= 500
        return {"Records": [self._put(record) for record in Records]}

    def _put(self, record: Any) -> Any:
        if record["PartitionKey"] == self._refuses and self._times:
            self._times -= 1
            return {"ErrorCode": "ProvisionedThroughputExceededException"}
        self.events.append(json.loads(record["Data"]))
        return {"SequenceNumber": "1", "ShardId": "s"}


def test_an_answer_that_the_stream_refused_is_told_again_with_the_same_id(load: Callable[[str], ModuleType]) -> None:
    inventory = load("inventory")
    inventory.warehouse, inventory.kinesis = Warehouse(), Stream("o-1", 1)  # type: ignore[attr-defined]
    event = event_of((CREATED, "o-1"), (CREATED, "o-2"), (PAID, "o-1"))
    assert failures(inventory.lambda_handler(event, Context())) == ["1"]
    assert failures(inventory.lambda_handler(event, Context())) == []
    told = [(one["type"], one["data"]["orderId"], one["id"]) for one in inventory.kinesis.events]
    assert [one[:2] for one in told] == [
        ("INVENTORY_REJECTED", "o-2"),
        ("INVENTORY_RESERVED", "o-1"),
        ("INVENTORY_REJECTED", "o-2"),
    ]
    assert told[0] == told[2]
    assert inventory.kinesis.events[0]["data"]["reason"] == "not in stock: book"


ITEMS = hostile.objects({"sku": ['"book"'], "quantity": ["2"], "price": ["12.5", '"12.50"']})
DATA = hostile.objects(
    {
        "orderId": ['"o-1"'],
        "userId": ['"ana"'],
        "items": ['[{"sku": "book", "quantity": 2}]'],
        "total": ["25", "25.00"],
        "reason": ['"why"'],
        "crash": ['"nobody"'],
    }
)
EVENTS = hostile.objects(
    {
        "id": ['"e-1"'],
        "type": [f'"{CREATED}"', f'"{PAID}"', '"INVENTORY_REJECTED"', '"ORDER_CANCELLED"'],
        "time": ['"2025-01-31T08:00:00Z"'],
        "data": ['{"orderId": "o-1", "userId": "ana", "items": [{"sku": "book", "quantity": 2}], "total": 25}'],
    }
)


class Topic:
    """Stands for SNS: takes texts."""

    def publish(self, **message: Any) -> None:
        json.dumps(message, ensure_ascii=False).encode()
        assert json.loads(message["Message"])["orderId"]


@pytest.mark.parametrize("consumer", ["projection", "inventory", "notifications"])
def test_no_event_is_worse_than_rejected(load: Callable[[str], ModuleType], consumer: str) -> None:
    module = load(consumer)
    created = f'"id": "e-2", "type": "{CREATED}", "time": "2025-01-31T08:00:00Z"'

    @given(EVENTS, DATA, ITEMS)
    @example("{}", '{"orderId": "o-1", "userId": "ana", "items": [], "total": 1e99999999999999999999}', "{}")
    def handle(event: str, data: str, item: str) -> None:
        stand_in: dict[str, dict[str, Any]] = {
            "projection": dict.fromkeys(("table", "dynamodb"), Table()),
            "inventory": {"warehouse": Warehouse(), "kinesis": Stream()},
            "notifications": {"sns": Topic(), "confirm_once": getattr(module, "confirm", None)},
        }
        vars(module).update(stand_in[consumer])
        strange_item = f'{{"orderId": "o-2", "userId": "ana", "total": 25, "items": [{item}]}}'
        bodies = [event, f'{{{created}, "data": {data}}}', f'{{{created}, "data": {strange_item}}}']
        records = [record(number, PAID, "o-1") for number in range(1, 4)]
        for one, body in zip(records, bodies, strict=True):
            one["kinesis"]["data"] = base64.b64encode(body.encode(errors="surrogatepass")).decode()
        assert failures(module.lambda_handler({"Records": records}, Context())) == []

    handle()
