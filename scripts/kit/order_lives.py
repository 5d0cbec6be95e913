"""Makes up orders and their whole lives: created, paid, shipped or cancelled, many at a time. Pure; a seed decides."""

import json
import random
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from order_events import CANCELLED, CREATED, PAID, SHIPPED, make_event, total_of

SOURCE = "lab.orders.produce_orders"
#: What becomes of an order, and how many of ten do so; most have four events, with the inventory's answer.
LIVES = {(CREATED, PAID, SHIPPED): 7, (CREATED, PAID, CANCELLED): 1, (CREATED, CANCELLED): 1, (CREATED, PAID): 1}
CONSUMERS = ("notifications", "inventory", "projection")
#: How many orders are under way at a time.
UNDER_WAY = 500
#: How many keys a user's records are spread over with `user#n`.
SPREAD = 10

KEYS: Mapping[str, Callable[[str, str], str]] = {
    "order": lambda order_id, user_id: order_id,
    "user": lambda order_id, user_id: user_id,
    # By the order, so that the events of an order stay together.
    "spread": lambda order_id, user_id: f"{user_id}#{zlib.crc32(order_id.encode()) % SPREAD}",
}


@dataclass(frozen=True)
class Step:
    """One event on its way to the stream; `faulty` says that it is bad on purpose."""

    key: str
    body: str
    faulty: bool = False


@dataclass(frozen=True)
class Wish:
    """What is to be produced; `malformed`, `duplicates` and `stumbles` are shares of all events, from 0 to 1.

    A consumer stumbles on an event: it fails on it the first time.
    """

    orders: int
    users: int
    catalogue: Mapping[str, str]
    key: str = "order"
    malformed: float = 0
    duplicates: float = 0
    stumbles: float = 0
    seed: int | None = None


def lives(wish: Wish, now: Callable[[], datetime]) -> Iterator[Step]:
    """All events, of several orders in turn, each order's in their order and with times that grow."""
    dice = random.Random(wish.seed)
    under_way: list[tuple[str, str, list[str]]] = []
    started = 0
    last: datetime | None = None
    while under_way or started < wish.orders:
        if started < wish.orders and len(under_way) < UNDER_WAY:
            life = dice.choices(list(LIVES), list(LIVES.values()))[0]
            under_way.append((_uuid(dice), f"user-{dice.randrange(wish.users)}", list(life)))
            started += 1
            place = -1
        else:
            place = dice.randrange(len(under_way))
        order_id, user_id, steps = under_way[place]
        moment = now() if last is None else max(now(), last + timedelta(microseconds=1))
        last = moment
        type = steps.pop(0)
        data = {"orderId": order_id, **(_new_order(dice, user_id, wish.catalogue) if type == CREATED else {})}
        if dice.random() < wish.stumbles:
            data["stumble"] = dice.choice(CONSUMERS)
        body = json.dumps(make_event(type, data, source=SOURCE, id=_uuid(dice), now=moment), default=_plain)
        key = KEYS[wish.key](order_id, user_id)
        yield Step(key, body)
        if dice.random() < wish.duplicates:
            yield Step(key, body)
        if dice.random() < wish.malformed:
            yield Step(key, _malformed(dice, data, moment), faulty=True)
        if not steps:
            under_way.pop(place)


def _new_order(dice: random.Random, user_id: str, catalogue: Mapping[str, str]) -> dict[str, Any]:
    chosen = dice.sample(sorted(catalogue), dice.randint(1, min(3, len(catalogue))))
    items = [{"sku": sku, "quantity": dice.randint(1, 3), "price": Decimal(catalogue[sku])} for sku in chosen]
    return {"userId": user_id, "items": items, "total": total_of(items), "status": "PENDING"}


def _malformed(dice: random.Random, data: Mapping[str, Any], moment: datetime) -> str:
    """An event that every consumer must reject, in one of several ways."""
    item = {"sku": "book", "quantity": -1, "price": Decimal("1.00")}
    wrong = {"orderId": _uuid(dice), "userId": "user-0", "items": [item], "total": Decimal("1.00")}
    events: Sequence[Any] = (
        make_event("ORDER_LOST", data, source=SOURCE, id=_uuid(dice), now=moment),
        make_event(CREATED, wrong, source=SOURCE, id=_uuid(dice), now=moment),
        make_event(PAID, {}, source=SOURCE, id=_uuid(dice), now=moment),
        None,
    )
    event = dice.choice(events)
    return f"no event at all: {_uuid(dice)}" if event is None else json.dumps(event, default=_plain)


def _uuid(dice: random.Random) -> str:
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


def _plain(value: Decimal) -> float:
    """Money as a JSON number; below a billion, the shortest text of its double is the amount again."""
    return float(value)
