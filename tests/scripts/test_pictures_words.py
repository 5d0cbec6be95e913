"""What pictures say of conditions: event patterns, filters and the rules of a Choice."""

from typing import Any

import pytest

from kit.pictures.machine import condition
from kit.pictures.patterns import in_words


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ({}, ""),
        ({"type": ["order"]}, "type = order"),
        ({"source": ["a", "b"]}, "source = a | b"),
        ({"detail-type": [{"prefix": "ORDER_"}]}, "detail-type = ORDER_…"),
        ({"detail": {"data": {"total": [{"numeric": [">=", 100, "<", 10_000]}]}}}, "total ≥ 100, < 10000"),
        ({"detail": {"item": [{"exists": True}], "gift": [{"exists": False}]}}, "item is there\ngift is missing"),
    ],
)
def test_patterns(pattern: dict[str, Any], words: str) -> None:
    assert in_words(pattern) == words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"Variable": "$.answer.status", "StringEquals": "done"}, "status = done"),
        ({"Not": {"Variable": "$.checks.fraud.status", "StringEquals": "done"}}, "fraud.status ≠ done"),
        ({"Variable": "$.needs_approval", "BooleanEquals": True}, "needs_approval is true"),
        ({"Variable": "$.stuck", "IsPresent": True}, "stuck is there"),
        ({"Variable": "$.n", "NumericGreaterThanEquals": 3, "Next": "A"}, "n ≥ 3"),
        (
            {"And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.a", "BooleanEquals": True}]},
            "a is true",
        ),
        ({"Condition": "{% $total > 10 %}"}, "$total > 10"),
    ],
)
def test_rules(rule: dict[str, Any], words: str) -> None:
    assert condition(rule) == words
