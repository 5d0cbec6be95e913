"""Checks EventBridge event patterns and SNS filter policies before AWS would, in words.

Sources: EventBridge User Guide, "Comparison operators"; SNS Developer Guide, "Subscription filter policies".
"""

from collections.abc import Iterator
from typing import Any

OPERATORS = {"prefix", "suffix", "anything-but", "numeric", "exists", "cidr", "wildcard", "equals-ignore-case"}
COMPARISONS = {"<", "<=", ">", ">=", "="}


def check_pattern(pattern: Any) -> list[str]:
    """What is wrong with a pattern, a line each; nothing when it is one."""
    if not isinstance(pattern, dict) or not pattern:
        return ["a pattern is an object with at least one field"]
    return list(_fields(pattern, ""))


def _fields(pattern: dict[str, Any], path: str) -> Iterator[str]:
    for name, value in pattern.items():
        here = f"{path}.{name}".lstrip(".")
        if name == "$or":
            yield from _alternatives(value, here)
        elif isinstance(value, dict):
            yield from _fields(value, here) if value else [f"{here}: an object needs at least one field"]
        elif not isinstance(value, list) or not value:
            yield f"{here}: values stand in a list, not {value!r}"
        else:
            for item in value:
                yield from _matcher(item, here)


def _alternatives(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(item, dict) for item in value):
        yield f"{path}: $or takes a list of two or more objects"
        return
    for item in value:
        yield from _fields(item, path)


def _matcher(item: Any, path: str) -> Iterator[str]:
    if not isinstance(item, dict | list):
        return
    if isinstance(item, list) or len(item) != 1 or not set(item) <= OPERATORS:
        yield f"{path}: {item!r} is no value and no operator; operators are {', '.join(sorted(OPERATORS))}"
        return
    ((operator, operand),) = item.items()
    if operator == "exists" and not isinstance(operand, bool):
        yield f"{path}: exists takes true or false, not {operand!r}"
    if operator == "numeric" and not _is_range(operand):
        yield f'{path}: numeric takes comparisons such as [">=", 100, "<", 500], not {operand!r}'
    if operator in ("suffix", "cidr", "wildcard") and not isinstance(operand, str):
        yield f"{path}: {operator} takes a text, not {operand!r}"


def _is_range(operand: Any) -> bool:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        return False
    numbers = operand[1::2]
    return set(map(str, operand[::2])) <= COMPARISONS and all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in numbers
    )
