"""Stacks with a wrong value, to show that a check finds it."""

from dataclasses import replace
from typing import Any

from kit.synthesized import Resource, Stack


def edited(stack: Stack, address: str, **values: Any) -> Stack:
    """The stack with other values of a resource, the first whose address begins so; None takes a value away."""
    old = next(each for each in stack.resources if each.address.startswith(address))
    merged = {key: value for key, value in {**old.values, **values}.items() if value is not None}
    new = replace(old, values=merged)
    return replace(stack, resources=tuple(new if each is old else each for each in stack.resources))


def with_another(stack: Stack, kind: str, id: str, **values: Any) -> Stack:
    """The stack with one more resource."""
    return replace(stack, resources=(*stack.resources, Resource(stack.lab, kind, id, values)))
