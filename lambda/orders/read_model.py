"""The read model: what the events of an order add up to. Pure; the projection and the replay both use it.

An order is a plain dictionary, as it lies in the table: its state, and its history in the order of the stream.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from labkit.messages import Rejected
from order_events import CANCELLED, CREATED, NOT_RESERVED, PAID, RESERVED, SHIPPED, OrderEvent, money

Order = dict[str, Any]

STATUS = {CREATED: "PENDING", PAID: "PAID", SHIPPED: "SHIPPED", CANCELLED: "CANCELLED"}
INVENTORY = {RESERVED: "RESERVED", NOT_RESERVED: "REJECTED"}
#: Of one order; keeps it far below DynamoDB's 400 KB for an item.
MAX_EVENTS = 500


def apply(order: Order | None, event: OrderEvent, position: str) -> Order:
    """The order after the event at `position` of the stream; the same order when it knows the event already.

    The newest sequence number wins: what is not newer than the order has been seen, or was overtaken by its own retry,
    and changes nothing; nor does an event whose id is in the history. Raises Rejected.
    """
    if order is None:
        return _create(event, position)
    if position <= order["position"] or any(known["id"] == event.id for known in order["history"]):
        return order
    if event.type == CREATED:
        raise Rejected(f"order {event.order_id} exists already, created by event {order['history'][0]['id']}")
    created = order["history"][0]
    if event.type in STATUS and event.time < created["time"]:
        # Else a rejected event that is put again would count, and the replay could not tell when it came.
        raise Rejected(f"order {event.order_id} was created at {created['time']}, after this {event.type}")
    if len(order["history"]) >= MAX_EVENTS:
        raise Rejected(f"order {event.order_id} has {MAX_EVENTS} events already")
    return {
        **order,
        "position": position,
        "status": STATUS.get(event.type, order["status"]),
        "inventory": INVENTORY.get(event.type, order["inventory"]),
        "history": [*order["history"], _entry(event, position)],
    }


def _create(event: OrderEvent, position: str) -> Order:
    if event.type != CREATED:
        raise Rejected(f"order {event.order_id} is unknown: no ORDER_CREATED came before this {event.type}")
    return {
        "orderId": event.order_id,
        "userId": event.data["userId"],
        "items": [_item(item) for item in event.data["items"]],
        "total": money(event.data["total"]),
        "status": STATUS[CREATED],
        "inventory": "PENDING",
        "position": position,
        "history": [_entry(event, position)],
    }


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    price = {"price": money(item["price"])} if "price" in item else {}
    return {"sku": item["sku"], "quantity": item["quantity"], **price}


def _entry(event: OrderEvent, position: str) -> dict[str, str]:
    reason = {"reason": event.data["reason"]} if "reason" in event.data else {}
    return {"id": event.id, "type": event.type, "time": event.time, "position": position, **reason}


def rebuild(events: Iterable[OrderEvent]) -> tuple[dict[str, Order], list[tuple[OrderEvent, str]]]:
    """All orders, from events in any order, and the events that were rejected, with the reason.

    For what has no sequence numbers any more, such as an archive: the events of an order follow each other by their
    time. Who sends an order's events in order, with the times at which they happened, gets what the stream gave.
    """
    orders: dict[str, Order] = {}
    rejected: list[tuple[OrderEvent, str]] = []
    for place, event in enumerate(_by_time(list(events))):
        try:
            orders[event.order_id] = apply(orders.get(event.order_id), event, f"{place:012d}")
        except Rejected as reason:
            rejected.append((event, str(reason)))
    return orders, rejected


def _by_time(events: Sequence[OrderEvent]) -> list[OrderEvent]:
    """The inventory's answers, which come from another clock, never before the orders that they answer."""
    created: dict[str, str] = {}
    for event in events:
        if event.type == CREATED:
            created[event.order_id] = min(event.time, created.get(event.order_id, event.time))

    def time(event: OrderEvent) -> str:
        return max(event.time, created.get(event.order_id, "")) if event.type in INVENTORY else event.time

    return sorted(events, key=lambda event: (time(event), event.type != CREATED, event.id))


def differences(live: Mapping[str, Order], replayed: Mapping[str, Order]) -> list[str]:
    """What differs between two read models, a line for each order; nothing when they are equal.

    The inventory's events come from another clock than the order's, so their place in the history is not compared.
    """
    lines = []
    for order_id in sorted(live.keys() | replayed.keys()):
        if order_id not in replayed:
            lines.append(f"{order_id}: only in the live table")
        elif order_id not in live:
            lines.append(f"{order_id}: only in the archive")
        elif parts := list(_different(_comparable(live[order_id]), _comparable(replayed[order_id]))):
            lines.append(f"{order_id}: {'; '.join(parts)}")
    return lines


def _comparable(order: Order) -> dict[str, Any]:
    own = [entry["id"] for entry in order["history"] if entry["type"] in STATUS]
    reactions = sorted(entry["id"] for entry in order["history"] if entry["type"] in INVENTORY)
    fields = {name: order[name] for name in ("userId", "items", "total", "status", "inventory")}
    return {**fields, "history": own, "reactions": reactions}


def _different(live: dict[str, Any], replayed: dict[str, Any]) -> Iterable[str]:
    for name, value in live.items():
        other = replayed[name]
        if isinstance(value, list) and value != other:
            yield f"{name}: {len(value)} live, {len(other)} replayed" if len(value) != len(other) else f"{name} differ"
        elif value != other:
            yield f"{name}: {value} live, {other} replayed"
