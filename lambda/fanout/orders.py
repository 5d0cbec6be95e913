"""What billing and shipping know of an order; nothing of AWS."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from labkit.messages import Rejected, is_text

MAX_TEXT = 200


@dataclass(frozen=True)
class Order:
    """An order that is complete and makes sense."""

    order_id: str
    customer: str
    kind: str
    amount: Decimal


def read_order(content: Mapping[str, Any]) -> Order:
    """The order in a message. Raises Rejected with every reason at once."""
    reasons = [
        f"{name} must be a text of 1 to {MAX_TEXT} characters"
        for name in ("order_id", "customer")
        if not is_text(content.get(name), MAX_TEXT)
    ]
    if content.get("kind") not in ("physical", "digital"):
        reasons.append("kind must be physical or digital")
    amount = _amount(content.get("amount"))
    if amount is None:
        reasons.append("amount must be a number above 0")
    if reasons or amount is None:
        raise Rejected("; ".join(reasons))
    return Order(content["order_id"], content["customer"], content["kind"], amount)


def _amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 < amount < 10**12 else None


def fail_on_demand(content: Mapping[str, Any], consumer: str) -> None:
    """Fail as a defect would, for the message `{"crash": "<consumer>", ...}`: so a student can watch what follows.

    Raises RuntimeError, which is not a rejection: the message is tried again, and ends in the dead-letter queue.
    """
    if content.get("crash") == consumer:
        raise RuntimeError(f"{consumer} was told to crash")
