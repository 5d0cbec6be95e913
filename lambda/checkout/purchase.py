"""What can be said of an order before anything is done for it; nothing of AWS."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from demands import Sleep, decline_on_demand, fail_on_demand, wait_on_demand
from labkit.schema import problems

SCHEMA = json.loads(Path(__file__).with_name("order.schema.json").read_text())
#: More than this of one item looks like a stolen card.
MAX_USUAL_QUANTITY = 20


def check_order(order: Any, execution: str, approval_above: Decimal) -> dict[str, Any]:
    """What the workflow goes on with: the checkout's id, the order, whether a person must approve the payment.

    The checkout is known by the order's own id, so that an order which arrives twice is carried out once; an order
    without one is known by its execution.
    """
    reasons = problems(SCHEMA, order)
    if reasons:
        answer = {"status": "declined", "reason": f"the order is refused: {'; '.join(reasons)}"}
        return {"checkout_id": execution, "order": {}, "needs_approval": False, "answer": answer}
    return {
        "checkout_id": order.get("order_id", execution),
        "order": order,
        "needs_approval": Decimal(str(order["total"])) > approval_above,
        "answer": {"status": "done", "reason": ""},
    }


def check_fraud(order: Mapping[str, Any]) -> str:
    """Why the order looks like fraud, or nothing."""
    if order["quantity"] > MAX_USUAL_QUANTITY:
        return f"fraud-check: more than {MAX_USUAL_QUANTITY} of one item"
    return ""


def check_price(order: Mapping[str, Any], price_of: Callable[[str], Decimal | None]) -> str:
    """Why the total is wrong, or nothing."""
    price = price_of(order["item"])
    if price is None:
        return f"price-check: there is no item {order['item']}"
    total = price * Decimal(str(order["quantity"]))
    if Decimal(str(order["total"])) != total:
        return f"price-check: {order['quantity']} of {order['item']} cost {total}, not {order['total']}"
    return ""


def answer_check(
    name: str, order: Mapping[str, Any], price_of: Callable[[str], Decimal | None], sleep: Sleep
) -> dict[str, str]:
    """The answer of the check called `name`; checks have no effect, so they need no record."""
    wait_on_demand(order, name, sleep)
    fail_on_demand(order, "fail_at", name)
    reason = decline_on_demand(order, name)
    reason = reason or (check_fraud(order) if name == "fraud-check" else check_price(order, price_of))
    return {"status": "declined" if reason else "done", "reason": reason}
