"""The calls of AWS's API that create a lab's resources, and what the models of the services say against them."""

from collections.abc import Iterator
from typing import Any

from botocore.model import Shape

from kit.synthesized import Resource, Stack

import shapes
from kinds import KINDS, Call
from paths import Path, leaves, names_of, path_of, put, renamed
from resolved import resolved


def findings(stack: Stack) -> list[str]:
    """What AWS would refuse in a stack, one line each, with lab and resource."""
    return [f"{stack.lab}: {each.address}: {problem}" for each in resolved(stack) for problem in _problems(each)]


def count(stack: Stack) -> int:
    """How many values are looked at."""
    return sum(len(list(leaves(parameters))) for each in resolved(stack) for _, parameters in calls(each)[0])


def calls(resource: Resource) -> tuple[list[tuple[Call, dict[str, Any]]], set[str]]:
    """The calls that create a resource, with their parameters, and the arguments that none of them takes."""
    kind = KINDS[resource.kind]
    values = kind.adapt({key: value for key, value in resource.values.items() if key not in kind.terraform})
    made, left = [], {names_of(path) for path, _ in leaves(values)}
    for call in kind.calls:
        if call.only_with and call.only_with not in resource.values:
            continue
        parameters: dict[str, Any] = {}
        given = [(path_of(name), each) for name, each in call.given.items()]
        for path, value in [*leaves(values), *given]:
            found = _place(shapes.input_of(call.operation), renamed(path, call.names) or ())
            if found:
                put(parameters, found[0], _as_text(value) if found[1].type_name == "string" else value)
                left.discard(names_of(path))
        made.append((call, parameters))
    return made, left


def _problems(resource: Resource) -> Iterator[str]:
    if resource.kind not in KINDS:
        yield "no call is known that makes it: add its kind to tests/aws/kinds.py"
        return
    made, left = calls(resource)
    for name in sorted(left):
        yield f"{name}: no parameter is known that it becomes: add it to tests/aws/kinds.py"
    for call, parameters in made:
        yield from shapes.problems(shapes.input_of(call.operation), parameters, call.operation)


def _place(shape: Shape, path: Path) -> tuple[Path, Shape] | None:
    """The path in the names of the shape, and the shape of what is there; None where there is no such parameter."""
    if not path:
        return (), shape
    name: str | int | None = path[0]
    if shape.type_name == "structure" and isinstance(name, str):
        names = (each for each in shape.members if each.lower() == str(path[0]).replace("_", "").lower())
        name = next(names, None)
        inner = shape.members[name] if name else None
    elif shape.type_name == "list" and isinstance(name, int):
        inner = shape.member
    else:
        inner = shape.value if shape.type_name == "map" and isinstance(name, str) else None
    found = _place(inner, path[1:]) if inner else None
    return ((name, *found[0]), found[1]) if found and name is not None else None


def _as_text(value: Any) -> Any:
    """A number or truth value that the API takes as text."""
    return str(value).lower() if isinstance(value, bool | int) else value
