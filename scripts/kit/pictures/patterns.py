"""Event patterns and filter policies in a few words."""

from collections.abc import Iterator
from typing import Any

_SIGNS = {">=": "≥", "<=": "≤"}


def in_words(pattern: dict[str, Any]) -> str:
    """`{"type": ["order"]}` as `type = order`; several conditions as lines, an empty pattern as nothing."""
    return "\n".join(_conditions(pattern, ""))


def _conditions(pattern: dict[str, Any], name: str) -> Iterator[str]:
    for key, value in pattern.items():
        if isinstance(value, dict):
            yield from _conditions(value, key)
        else:
            yield _condition(key, value)


def _condition(name: str, values: list[Any]) -> str:
    if all(not isinstance(value, dict) for value in values):
        return f"{name} = {' | '.join(map(str, values))}"
    return " | ".join(f"{name} {_operator(value)}" for value in values)


def _operator(value: Any) -> str:
    if not isinstance(value, dict):
        return f"= {value}"
    operator, operand = next(iter(value.items()))
    if operator == "exists":
        return "is there" if operand else "is missing"
    if operator == "numeric":
        pairs = zip(operand[::2], operand[1::2], strict=True)
        return ", ".join(f"{_SIGNS.get(sign, sign)} {number}" for sign, number in pairs)
    if operator == "prefix":
        return f"= {operand}…"
    if operator == "suffix":
        return f"= …{operand}"
    return f"{operator} {operand}"
