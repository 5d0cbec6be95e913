"""Orders as billing and shipping read them."""

from decimal import Decimal
from typing import Any

import pytest

from labkit.messages import Rejected
from orders import Order, fail_on_demand, read_order

GOOD: dict[str, Any] = {"order_id": "o-1", "customer": "ana", "kind": "physical", "amount": 30.5}


@pytest.mark.parametrize("amount", [30.5, "30.5"])
def test_an_order(amount: object) -> None:
    assert read_order({**GOOD, "amount": amount}) == Order("o-1", "ana", "physical", Decimal("30.5"))


@pytest.mark.parametrize("amount", [0, -1, True, None, "much", "NaN", "Infinity", float("inf"), 10**12, [1], ""])
def test_amounts_that_are_none(amount: object) -> None:
    with pytest.raises(Rejected, match="amount must be a number above 0"):
        read_order({**GOOD, "amount": amount})


@pytest.mark.parametrize("order_id", ["", " ", "o-1\n", "a\0b", "x" * 201, 1, None, ["o-1"]])
def test_ids_that_could_not_be_kept_or_read(order_id: object) -> None:
    with pytest.raises(Rejected, match="order_id must be a text of 1 to 200 characters"):
        read_order({**GOOD, "order_id": order_id})


def test_all_reasons_come_together() -> None:
    with pytest.raises(Rejected) as rejected:
        read_order({"order_id": " ", "kind": "solid"})
    assert str(rejected.value).count(";") == 3


def test_a_consumer_fails_only_when_it_is_told_to() -> None:
    fail_on_demand({"crash": "billing"}, "shipping")
    with pytest.raises(RuntimeError):
        fail_on_demand({"crash": "billing"}, "billing")
