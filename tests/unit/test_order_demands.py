"""Failures on demand: the consumer that is named, every time or the first time."""

import pytest

from order_demands import fail_on_demand
from order_events import OrderEvent


def event(id: str, **data: str) -> OrderEvent:
    return OrderEvent(id, "ORDER_PAID", "2025-01-31T08:00:00.000000Z", "o-1", data)


def test_a_crash_comes_every_time_and_for_one_consumer_only() -> None:
    for _ in range(3):
        with pytest.raises(RuntimeError, match="inventory was told to crash"):
            fail_on_demand(event("crash", crash="inventory"), "inventory")
        fail_on_demand(event("crash", crash="inventory"), "projection")


def test_a_stumble_comes_once() -> None:
    with pytest.raises(RuntimeError, match="inventory was told to stumble"):
        fail_on_demand(event("stumble", stumble="inventory"), "inventory")
    fail_on_demand(event("stumble", stumble="inventory"), "inventory")
    fail_on_demand(event("other"), "inventory")
