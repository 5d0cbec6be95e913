"""The events of an order, as CloudEvents 1.0 JSON; nothing of AWS.

{"specversion": "1.0", "id": ..., "source": ..., "type": "ORDER_CREATED", "time": "2025-01-31T08:00:00.000000Z",
 "data": {"orderId": ..., "userId": ..., "items": [{"sku": ..., "quantity": 2, "price": 12.50}], "total": 25.00}}
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from labkit.messages import Rejected, is_text, read_object

CREATED, PAID, SHIPPED, CANCELLED = "ORDER_CREATED", "ORDER_PAID", "ORDER_SHIPPED", "ORDER_CANCELLED"
RESERVED, NOT_RESERVED = "INVENTORY_RESERVED", "INVENTORY_REJECTED"
TYPES = (CREATED, PAID, SHIPPED, CANCELLED, RESERVED, NOT_RESERVED)

MAX_TEXT = 200
#: Why there is no stock names five products.
MAX_REASON = 1_100
#: Of one order; a DynamoDB transaction takes 100 actions (API reference, TransactWriteItems), one for each product.
MAX_ITEMS = 50
MAX_QUANTITY = 10_000
MAX_AMOUNT = Decimal(10) ** 12
CENT = Decimal("0.01")
#: Section 5.6; any number of digits for the fraction of a second.
RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?",
    re.ASCII,
)


@dataclass(frozen=True)
class OrderEvent:
    """An event that is complete and makes sense."""

    id: str
    type: str
    #: UTC, always in the same form, so that later times are greater texts.
    time: str
    order_id: str
    data: Mapping[str, Any]


def read_event(body: str | bytes) -> OrderEvent:
    """The event in a record. Raises Rejected with every reason at once."""
    content = read_object(body, parse_float=Decimal)
    data = content.get("data")
    if not isinstance(data, dict):
        data = {}
    time = _time(content.get("time"))
    reasons = []
    if content.get("type") not in TYPES:
        reasons.append(f"type must be one of {', '.join(TYPES)}")
    if not is_text(content.get("id"), MAX_TEXT):
        reasons.append(f"id must be a text of 1 to {MAX_TEXT} characters")
    if time is None:
        reasons.append("time must be a moment such as 2025-01-31T08:00:00Z")
    if not is_text(data.get("orderId"), MAX_TEXT):
        reasons.append(f"data.orderId must be a text of 1 to {MAX_TEXT} characters")
    if "reason" in data and not is_text(data["reason"], MAX_REASON):
        reasons.append(f"data.reason must be a text of 1 to {MAX_REASON} characters")
    if content.get("type") == CREATED:
        reasons += _problems_of_created(data)
    if reasons or time is None:
        raise Rejected("; ".join(reasons))
    return OrderEvent(content["id"], content["type"], time, data["orderId"], data)


def make_event(type: str, data: Mapping[str, Any], *, source: str, id: str = "", now: datetime | None = None) -> Any:
    """A new event as a JSON object."""
    moment = (now or datetime.now(timezone.utc)).astimezone(timezone.utc)
    return {
        "specversion": "1.0",
        "id": id or str(uuid.uuid4()),
        "source": source,
        "type": type,
        "time": _in_utc(moment),
        "datacontenttype": "application/json",
        "data": dict(data),
    }


def follow_up(event: OrderEvent, type: str, data: Mapping[str, Any], *, source: str) -> Any:
    """The event that a consumer emits because of `event`; made again for the same one, it has the same id."""
    id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{type}/{event.order_id}"))
    return make_event(type, {"orderId": event.order_id, **data}, source=source, id=id)


def total_of(items: Any) -> Decimal:
    """The money that the items of an order come to."""
    return sum((Decimal(str(item["price"])) * item["quantity"] for item in items), Decimal(0)).quantize(CENT)


def quantities(event: OrderEvent) -> dict[str, int]:
    """How many of each product a new order wants."""
    wanted: dict[str, int] = {}
    for item in event.data["items"]:
        wanted[item["sku"]] = wanted.get(item["sku"], 0) + item["quantity"]
    return wanted


def money(value: Any) -> Decimal | None:
    """The amount, to the cent, or None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value))
        if not amount.is_finite() or not 0 <= amount < MAX_AMOUNT or amount.quantize(CENT) != amount:
            return None
    except InvalidOperation:
        return None
    return amount.quantize(CENT)


def _problems_of_created(data: Mapping[str, Any]) -> list[str]:
    reasons = []
    if not is_text(data.get("userId"), MAX_TEXT):
        reasons.append(f"data.userId must be a text of 1 to {MAX_TEXT} characters")
    if data.get("status", "PENDING") != "PENDING":
        reasons.append("data.status of a new order must be PENDING")
    total = money(data.get("total"))
    if total is None:
        reasons.append("data.total must be an amount of money from 0, with at most two decimals")
    items = data.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ITEMS:
        return [*reasons, f"data.items must be a list of 1 to {MAX_ITEMS} items"]
    problems = [f"data.items[{place}].{problem}" for place, item in enumerate(items) for problem in _item(item)]
    if not problems and total is not None and all("price" in item for item in items) and total != total_of(items):
        problems = [f"data.total must be {total_of(items)}, what the items come to"]
    return reasons + problems


def _item(item: Any) -> list[str]:
    if not isinstance(item, dict):
        return ['sku is missing: an item is like {"sku": "book", "quantity": 2, "price": 12.50}']
    problems = []
    if not is_text(item.get("sku"), MAX_TEXT):
        problems.append("sku must be the name of a product")
    quantity = item.get("quantity")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= MAX_QUANTITY:
        problems.append(f"quantity must be a whole number from 1 to {MAX_QUANTITY}")
    if "price" in item and money(item["price"]) is None:
        problems.append("price must be an amount of money from 0, with at most two decimals")
    return problems


def _time(value: Any) -> str | None:
    """The moment in UTC, to the microsecond; without a time zone it is meant so. RFC 3339, as CloudEvents has it."""
    found = RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return None
    date, time, fraction, zone = found.groups(default="")
    # Written out, because what fromisoformat takes beside this form differs between versions of Python.
    offset = zone if zone.upper() not in ("", "Z") else "+00:00"
    try:
        moment = datetime.fromisoformat(f"{date}T{time}.{fraction[:6]:0<6}{offset}")
        return _in_utc(moment.astimezone(timezone.utc))
    except (ValueError, OverflowError):
        return None


def _in_utc(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
