"""The orders that the producer makes up: whole lives, in order, the same for the same seed."""

import json
from collections import defaultdict
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.order_lives import KEYS, LIVES, SPREAD, Step, Wish, lives

from labkit.messages import Rejected
from order_events import read_event

CATALOGUE = {"book": "12.50", "pen": "1.95", "lamp": "39.90", "mug": "7.20"}
NOON = datetime(2025, 1, 31, 12, tzinfo=timezone.utc)


def steps(**wish: Any) -> list[Step]:
    return list(lives(Wish(**{"orders": 200, "users": 5, "catalogue": CATALOGUE, "seed": 7, **wish}), lambda: NOON))


@given(st.integers(1, 40), st.integers(0, 1000))
def test_every_order_lives_a_whole_life_in_order_at_growing_times(orders: int, seed: int) -> None:
    histories = defaultdict(list)
    for step in steps(orders=orders, seed=seed):
        event = read_event(step.body)
        histories[event.order_id].append(event)
    assert len(histories) == orders
    for history in histories.values():
        assert tuple(event.type for event in history) in LIVES
        times = [event.time for event in history]
        assert times == sorted(set(times))


def test_the_same_seed_gives_the_same_orders() -> None:
    assert steps(malformed=0.1, duplicates=0.1) == steps(malformed=0.1, duplicates=0.1)
    assert steps() != steps(seed=8)


def test_orders_are_under_way_side_by_side() -> None:
    first = [step.key for step in steps()[:100]]
    assert len(set(first)) > 50


def test_malformed_events_are_rejected_and_only_those() -> None:
    made = steps(malformed=0.2)
    assert 0.1 < sum(step.faulty for step in made) / len(made) < 0.3
    for step in made:
        if step.faulty:
            with pytest.raises(Rejected):
                read_event(step.body)
        else:
            read_event(step.body)


def test_duplicates_are_the_same_event_again() -> None:
    made = steps(duplicates=0.5)
    ids = [json.loads(step.body)["id"] for step in made]
    assert len(set(ids)) == len(steps()) < len(ids)
    assert all(made[place - 1] == step for place, step in enumerate(made) if ids.index(ids[place]) < place)


def test_stumbles_name_a_consumer() -> None:
    stumbling = [json.loads(step.body)["data"].get("stumble") for step in steps(stumbles=1)]
    assert set(stumbling) == {"notifications", "inventory", "projection"}


@pytest.mark.parametrize("name", sorted(KEYS))
def test_the_events_of_an_order_have_one_partition_key(name: str) -> None:
    keys = defaultdict(set)
    for step in steps(key=name):
        keys[read_event(step.body).order_id].add(step.key)
    assert all(len(found) == 1 for found in keys.values())
    different = len({key for found in keys.values() for key in found})
    assert different == {"order": 200, "user": 5, "spread": 5 * SPREAD}[name]
