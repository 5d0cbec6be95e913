"""The read model: any interleaving that keeps the order per key, any redelivery, and the replay give the same state."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.messages import Rejected
from order_events import CANCELLED, CREATED, NOT_RESERVED, PAID, RESERVED, SHIPPED, OrderEvent
from read_model import MAX_EVENTS, Order, apply, differences, rebuild

LIVES = [
    [CREATED, RESERVED, PAID, SHIPPED],
    [CREATED, NOT_RESERVED, CANCELLED],
    [CREATED, PAID, RESERVED, CANCELLED],
    [PAID, CREATED, SHIPPED],  # paid before it was known: rejected
    [CREATED, CREATED, PAID],  # created twice: the second is rejected
]


def event(order: str, number: int, type: str) -> OrderEvent:
    data: dict[str, Any] = {"orderId": order}
    if type == CREATED:
        data |= {"userId": "ana", "items": [{"sku": "book", "quantity": 2}], "total": 25}
    return OrderEvent(f"{order}-{number}", type, f"2025-01-31T08:00:00.{number:06d}Z", order, data)


def life(order: str, types: list[str]) -> list[OrderEvent]:
    return [event(order, number, type) for number, type in enumerate(types)]


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[list[OrderEvent]], list[OrderEvent]]:
    """Lives of several orders, with events put twice, and one interleaving of them."""
    orders = []
    for number in range(draw(st.integers(1, 5))):
        events = life(f"o-{number}", draw(st.sampled_from(LIVES)))
        for place in sorted(draw(st.lists(st.integers(0, len(events) - 1), max_size=2)), reverse=True):
            events.insert(draw(st.integers(place + 1, len(events))), events[place])
        orders.append(events)
    waiting = [list(events) for events in orders]
    stream = []
    while any(waiting):
        chosen = draw(st.sampled_from([events for events in waiting if events]))
        stream.append(chosen.pop(0))
    return orders, stream


def project(stream: list[tuple[str, OrderEvent]], orders: dict[str, Order] | None = None) -> dict[str, Order]:
    orders = {} if orders is None else orders
    for position, one in stream:
        try:
            orders[one.order_id] = apply(orders.get(one.order_id), one, position)
        except Rejected:
            continue
    return orders


def numbered(stream: list[OrderEvent]) -> list[tuple[str, OrderEvent]]:
    return [(f"{position:09d}", one) for position, one in enumerate(stream)]


def without_positions(orders: dict[str, Order]) -> dict[str, Any]:
    return {
        order_id: {**order, "position": "", "history": [{**entry, "position": ""} for entry in order["history"]]}
        for order_id, order in orders.items()
    }


@given(streams())
def test_any_interleaving_that_keeps_the_order_per_key_gives_the_same_state(
    made: tuple[list[list[OrderEvent]], list[OrderEvent]],
) -> None:
    orders, stream = made
    one_after_the_other = [one for events in orders for one in events]
    assert without_positions(project(numbered(stream))) == without_positions(project(numbered(one_after_the_other)))


@given(streams(), st.data())
def test_what_is_delivered_again_changes_nothing(
    made: tuple[list[list[OrderEvent]], list[OrderEvent]], data: st.DataObject
) -> None:
    """As Lambda delivers: a batch, and after a failure again all from some record on, up to three times."""
    stream = numbered(made[1])
    once = project(stream)
    orders: dict[str, Order] = {}
    at = 0
    while at < len(stream):
        end = data.draw(st.integers(at + 1, len(stream)))
        for _ in range(data.draw(st.integers(0, 3))):
            project(stream[at : data.draw(st.integers(at, end))], orders)
        project(stream[at:end], orders)
        at = end
    assert orders == once


@given(streams(), st.randoms())
def test_the_replay_of_an_archive_in_any_order_gives_the_same_state(
    made: tuple[list[list[OrderEvent]], list[OrderEvent]], dice: Any
) -> None:
    archive = list(made[1])
    dice.shuffle(archive)
    assert differences(project(numbered(made[1])), rebuild(archive)[0]) == []


@given(streams())
def test_no_history_is_out_of_order_and_none_holds_an_event_twice(
    made: tuple[list[list[OrderEvent]], list[OrderEvent]],
) -> None:
    for order in project(numbered(made[1])).values():
        positions = [entry["position"] for entry in order["history"]]
        assert positions == sorted(positions) and positions[-1] == order["position"]
        assert len({entry["id"] for entry in order["history"]}) == len(positions)
        assert order["history"][0]["type"] == CREATED


def test_the_newest_sequence_number_wins() -> None:
    created, paid, shipped = life("o-1", [CREATED, PAID, SHIPPED])
    order = apply(apply(None, created, "1"), shipped, "3")
    assert apply(order, paid, "2") is order
    assert order["status"] == "SHIPPED"


def test_an_event_put_twice_counts_once_wherever_the_second_is() -> None:
    created, paid, cancelled = life("o-1", [CREATED, PAID, CANCELLED])
    order = apply(apply(apply(None, created, "1"), paid, "2"), cancelled, "3")
    assert apply(order, paid, "4") is order
    assert apply(order, created, "5") is order


@pytest.mark.parametrize("type", [PAID, SHIPPED, CANCELLED, RESERVED])
def test_an_event_for_an_unknown_order(type: str) -> None:
    with pytest.raises(Rejected, match=f"order o-1 is unknown: no ORDER_CREATED came before this {type}"):
        apply(None, event("o-1", 0, type), "1")


def test_an_order_is_created_once() -> None:
    order = apply(None, event("o-1", 0, CREATED), "1")
    with pytest.raises(Rejected, match="order o-1 exists already, created by event o-1-0"):
        apply(order, event("o-1", 1, CREATED), "2")


def test_what_is_older_than_its_order_is_of_no_use_later_either() -> None:
    paid, created = life("o-1", [PAID, CREATED])
    order = apply(None, created, "2")
    with pytest.raises(Rejected, match=r"order o-1 was created at 2025-01-31T08:00:00\.000001Z, after this ORDER_PAID"):
        apply(order, paid, "3")


def test_an_order_cannot_outgrow_its_item() -> None:
    order: Order | None = None
    numbers = itertools.count()
    for number in range(MAX_EVENTS):
        order = apply(order, event("o-1", number, PAID if number else CREATED), f"{next(numbers):09d}")
    with pytest.raises(Rejected, match="has 500 events already"):
        apply(order, event("o-1", 999, PAID), f"{next(numbers):09d}")


def test_differences_are_named() -> None:
    live = project(numbered(life("o-1", [CREATED, PAID]) + life("o-2", [CREATED]) + life("o-3", [CREATED])))
    replayed, _ = rebuild(life("o-1", [CREATED]) + life("o-3", [CREATED]) + life("o-4", [CREATED]))
    assert differences(live, replayed) == [
        "o-1: status: PAID live, PENDING replayed; history: 2 live, 1 replayed",
        "o-2: only in the live table",
        "o-4: only in the archive",
    ]


def test_an_answer_whose_clock_is_behind_is_not_before_its_order() -> None:
    created, _ = life("o-1", [CREATED, PAID])
    early = OrderEvent("r", RESERVED, "2025-01-31T07:59:59.000000Z", "o-1", {})
    orders, rejected = rebuild([early, created])
    assert orders["o-1"]["inventory"] == "RESERVED" and not rejected
