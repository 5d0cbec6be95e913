"""What a payload must be, in words: the same check on both sides, all reasons at once."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.schema import problems

LAMBDA = Path(__file__).resolve().parents[2] / "lambda"
ORDER_SCHEMA = json.loads((LAMBDA / "checkout" / "order.schema.json").read_text())
ACCOUNT_SCHEMA = json.loads((LAMBDA / "accounts" / "account.schema.json").read_text())
ORDER = {"customer": "ana", "item": "book", "quantity": 1, "total": 15}
ACCOUNT = {"account_id": "ana-1", "name": "Ana", "email": "ana@example.org"}


def test_good_payloads() -> None:
    assert problems(ORDER_SCHEMA, ORDER) == []
    assert problems(ORDER_SCHEMA, {**ORDER, "total": 0.5, "quantity": 2.0, "note": "fields of one's own"}) == []
    assert problems(ACCOUNT_SCHEMA, ACCOUNT) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"total": 0}, "total must be a number above 0, at most 1000000, not 0"),
        ({"total": -1}, "total must be a number above 0, at most 1000000, not -1"),
        ({"total": "30"}, 'total must be a number above 0, at most 1000000, not "30"'),
        ({"total": True}, "total must be a number above 0, at most 1000000, not true"),
        ({"total": None}, "total must be a number above 0, at most 1000000, not null"),
        ({"total": float("inf")}, "total must be a number above 0, at most 1000000, not Infinity"),
        ({"quantity": 1.5}, "quantity must be a whole number above 0, at most 1000, not 1.5"),
        ({"customer": ""}, 'customer must be a text of 1 to 100 characters, not ""'),
        ({"customer": ["ana"]}, 'customer must be a text of 1 to 100 characters, not ["ana"]'),
        ({"order_id": "a b"}, 'order_id must be 1 to 80 letters, digits, _ or -, not "a b"'),
        ({"how": "burnt"}, 'how must be one of declined, crash, slow, not "burnt"'),
        ({"quantity": 10**400}, f"quantity must be a whole number above 0, at most 1000, not 1{'0' * 39}..."),
        ({"total": -(10**400)}, f"total must be a number above 0, at most 1000000, not -1{'0' * 38}..."),
        ({"order_id": "o-1\n"}, r'order_id must be text without control characters, not "o-1\n"'),
        ({"customer": "a\0b"}, r'customer must be text without control characters, not "a\u0000b"'),
        ({"customer": "\ud800"}, r'customer must be text without control characters, not "\ud800"'),
        ({"note": float("inf")}, "has a number that is out of range"),
        ({"note": "\ud800"}, "has half of a character (a surrogate without its pair)"),
        ({"item": "x" * 101}, f'item must be a text of 1 to 100 characters, not "{"x" * 39}...'),
    ],
)
def test_a_wrong_field_is_named_with_what_it_must_be(change: dict[str, Any], reason: str) -> None:
    assert problems(ORDER_SCHEMA, {**ORDER, **change}) == [reason]


def test_all_reasons_come_together() -> None:
    found = problems(ACCOUNT_SCHEMA, {"name": " ", "email": "ana"})
    assert found == [
        "account_id is missing",
        'name must be a text that is not empty, not " "',
        'email must be an e-mail address, not "ana"',
    ]


@pytest.mark.parametrize("payload", ["hello", [ORDER], None, 3])
def test_what_is_no_object(payload: Any) -> None:
    assert problems(ORDER_SCHEMA, payload) == ["is not a JSON object"]


def test_what_is_nested_too_deeply() -> None:
    nested: Any = 1
    for _ in range(50_000):
        nested = [nested]
    assert problems(ORDER_SCHEMA, {**ORDER, "note": nested}) == ["is nested too deeply"]


def test_more_than_a_state_takes() -> None:
    (reason,) = problems(ORDER_SCHEMA, {**ORDER, "note": "x" * 300_000})
    assert reason.endswith("bytes, more than 65536") and reason.startswith("has 3000")


def test_a_keyword_that_would_be_ignored_is_refused() -> None:
    with pytest.raises(ValueError, match="multipleOf is not checked here"):
        problems({"required": [], "properties": {"a": {"type": "number", "multipleOf": 2}}}, {"a": 1})


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text() | st.integers(), st.lists, max_leaves=4))
def test_no_value_is_too_strange(value: Any) -> None:
    for name in ORDER_SCHEMA["properties"]:
        for reason in problems(ORDER_SCHEMA, {**ORDER, name: value}):
            assert reason.startswith(f"{name} must be ")
