"""Events of orders: what is one, and what is said of those that are none."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.messages import Rejected
from order_events import follow_up, make_event, money, quantities, read_event, total_of

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
ITEM = {"sku": "book", "quantity": 2, "price": 12.50}
DATA: dict[str, Any] = {"orderId": "o-1", "userId": "ana", "items": [ITEM], "total": 25.00, "status": "PENDING"}
EVENT: dict[str, Any] = {"id": "e-1", "type": "ORDER_CREATED", "time": "2025-01-31T08:00:00Z", "data": DATA}


def rejection(event: Any) -> str:
    with pytest.raises(Rejected) as rejected:
        read_event(event if isinstance(event, str | bytes) else json.dumps(event))
    return str(rejected.value)


def test_an_event() -> None:
    event = read_event(json.dumps(EVENT).encode())
    assert (event.id, event.type, event.order_id) == ("e-1", "ORDER_CREATED", "o-1")
    assert event.time == "2025-01-31T08:00:00.000000Z"
    assert quantities(event) == {"book": 2}


def test_money_is_never_a_double() -> None:
    items = [{"sku": "a", "quantity": 3, "price": 0.1}, {"sku": "b", "quantity": 1, "price": "0.20"}]
    event = read_event(json.dumps({**EVENT, "data": {**DATA, "items": items, "total": 0.5}}))
    assert money(event.data["total"]) == Decimal("0.50") == total_of(event.data["items"])


@pytest.mark.parametrize("time", ["2025-01-31T09:00:00+01:00", "2025-01-31T08:00:00", "2025-01-31T08:00:00.000000Z"])
def test_times_are_comparable_whatever_zone_they_came_in(time: str) -> None:
    assert read_event(json.dumps({**EVENT, "time": time})).time == "2025-01-31T08:00:00.000000Z"


@pytest.mark.parametrize(
    ("fraction", "microseconds"),
    [(".5", "500000"), (".12", "120000"), (".1234567", "123456"), (".000000001", "000000")],
)
def test_fractions_of_a_second_are_read_alike_by_every_python(fraction: str, microseconds: str) -> None:
    time = f"2025-01-31t08:00:00{fraction}z"
    assert read_event(json.dumps({**EVENT, "time": time})).time == f"2025-01-31T08:00:00.{microseconds}Z"


@pytest.mark.parametrize(
    "time",
    [
        *("2025-01-31", "20250131T080000Z", "2025-W05-5T08:00:00Z", "2025-01-31T08Z", "2025-01-31T08:00Z"),
        *(
            "2025-01-31T08:00:00,5Z",
            "2025-01-31T08:00:00.Z",
            "2025-01-31T08:00:00+0100",
            "2025-01-31T08:00:00+01:00:30",
        ),
        *("2025-01-31T08:00:60Z", "2025-01-31T24:00:00Z", "2025-02-30T08:00:00Z", "2025-01-31T08:00:00+24:00"),
        *("2025-01-31 08:00:00Z", "2025-01-31T08:00:00Z\n", "２025-01-31T08:00:00Z"),
    ],
)
def test_other_forms_of_a_time_are_refused_by_every_python(time: str) -> None:
    assert "time must be a moment such as 2025-01-31T08:00:00Z" in rejection({**EVENT, "time": time})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "ORDER_LOST"}, "type must be one of ORDER_CREATED, "),
        ({"type": ["x"]}, "type must be one of"),
        ({"id": ""}, "id must be a text"),
        ({"id": "x" * 201}, "id must be a text"),
        ({"time": "yesterday"}, "time must be a moment"),
        ({"time": "2025-01-31"}, "time must be a moment"),
        ({"time": "0001-01-01T00:00:00+23:00"}, "time must be a moment"),
        ({"time": 1}, "time must be a moment"),
        ({"data": None}, "data.orderId must be a text"),
        ({"data": {**DATA, "orderId": 7}}, "data.orderId must be a text"),
        ({"data": {**DATA, "orderId": "\ud800"}}, "half of a character"),
        ({"data": {**DATA, "orderId": "o-1\n"}}, "data.orderId must be a text"),
        ({"type": "INVENTORY_REJECTED", "data": {"orderId": "o-1", "reason": ["x"]}}, "data.reason must be a text"),
        ({"data": {**DATA, "userId": " "}}, "data.userId must be a text"),
        ({"data": {**DATA, "status": "PAID"}}, "status of a new order must be PENDING"),
        ({"data": {**DATA, "total": 1e400}}, "not JSON"),
        ({"data": {**DATA, "total": -1}}, "data.total must be an amount"),
        ({"data": {**DATA, "total": 25.001}}, "data.total must be an amount"),
        ({"data": {**DATA, "total": 26}}, "data.total must be 25.00, what the items come to"),
        ({"data": {**DATA, "items": []}}, "data.items must be a list of 1 to 50"),
        ({"data": {**DATA, "items": [ITEM] * 51}}, "data.items must be a list of 1 to 50"),
        ({"data": {**DATA, "items": ["book"]}}, r"data.items\[0\].sku is missing"),
        ({"data": {**DATA, "items": [{**ITEM, "quantity": -2}]}}, r"data.items\[0\].quantity must be a whole number"),
        ({"data": {**DATA, "items": [{**ITEM, "quantity": 1.5}]}}, r"data.items\[0\].quantity must be a whole number"),
        ({"data": {**DATA, "items": [{**ITEM, "quantity": True}]}}, r"data.items\[0\].quantity must be a whole number"),
        ({"data": {**DATA, "items": [ITEM, {**ITEM, "price": "x"}]}}, r"data.items\[1\].price must be an amount"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, Any], reason: str) -> None:
    assert re.search(reason, rejection({**EVENT, **change}))


@pytest.mark.parametrize("number", ["1e99999999999999999999", "-1e99999999999999999999"])
def test_a_number_that_no_decimal_can_hold_is_said(number: str) -> None:
    body = json.dumps({**EVENT, "data": {**DATA, "total": "here"}}).replace('"here"', number)
    assert rejection(body) == "a number in the message is out of range"


@pytest.mark.parametrize("body", ["hello", "[1]", b"\xff\xfe", "", '{"total": NaN}', "[" * 100_000])
def test_what_is_no_event_at_all(body: str | bytes) -> None:
    assert "the message is not" in rejection(body)


def test_all_reasons_come_together() -> None:
    assert rejection({"type": "ORDER_CREATED", "data": {}}).count(";") == 5


@given(ANY_JSON)
def test_nothing_but_a_rejection_comes_of_any_json(content: Any) -> None:
    for event in (content, {**EVENT, "data": content}, {**EVENT, "data": {**DATA, "items": content}}):
        try:
            read_event(json.dumps(event))
        except Rejected as reason:
            assert str(reason)


def test_a_follow_up_made_again_has_the_same_id() -> None:
    event = read_event(json.dumps(EVENT))
    again = read_event(json.dumps({**EVENT, "id": "e-2"}))
    first = follow_up(event, "INVENTORY_RESERVED", {"reserved": {"book": 2}}, source="inventory")
    assert first["id"] == follow_up(again, "INVENTORY_RESERVED", {}, source="inventory")["id"]
    assert first["id"] != follow_up(event, "INVENTORY_REJECTED", {}, source="inventory")["id"]
    assert read_event(json.dumps(first)).order_id == "o-1"


def test_an_event_that_was_made_can_be_read() -> None:
    assert read_event(json.dumps(make_event("ORDER_PAID", {"orderId": "o-1"}, source="test"))).type == "ORDER_PAID"
