"""The calls of AWS's API that create a lab's resources, and what the models of the services say against them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import Shape

from kit.synthesized import Resource, Stack

import shapes
from kinds import KINDS, Call
from resolved import resolved


def findings(stack: Stack) -> list[str]:
    """What AWS would refuse in a stack, one line each, with lab and resource."""
    return [f"{stack.lab}: {each.address}: {problem}" for each in resolved(stack) for problem in _problems(each)]


def count(stack: Stack) -> int:
    """How many values are looked at."""
    return sum(len(list(_leaves(parameters))) for each in resolved(stack) for _, parameters in calls(each)[0])


def calls(resource: Resource) -> tuple[list[tuple[Call, dict[str, Any]]], set[str]]:
    """The calls that create a resource, with their parameters, and the arguments that none of them takes."""
    kind = KINDS[resource.kind]
    values = kind.adapt({key: value for key, value in resource.values.items() if key not in kind.terraform})
    made, left = [], {".".join(_named(path)) for path, _ in _leaves(values)}
    for call in kind.calls:
        if call.only_with and call.only_with not in resource.values:
            continue
        parameters: dict[str, Any] = {}
        for path, value in [*_leaves(values), *((_split(name), each) for name, each in call.given.items())]:
            shape = shapes.input_of(call.operation)
            where = _place(shape, _renamed(path, call))
            if where:
                _put(parameters, shape, where, value)
                left.discard(".".join(_named(path)))
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


# A path leads to one value: names of arguments or parameters, and places in lists.
Path = tuple[str | int, ...]


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that is no structure, with its path; an empty structure or list is a value."""
    inside = list(value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ())
    for key, each in inside:
        yield from _leaves(each, (*path, key))
    if path and not inside:
        yield path, value


def _named(path: Path) -> list[str]:
    return [part for part in path if isinstance(part, str)]


def _split(name: str) -> Path:
    """`Targets[0].Arn` as a path."""
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", name))


def _renamed(path: Path, call: Call) -> Path:
    """The path with its longest beginning that has another name in the API replaced."""
    for end in range(len(path), 0, -1):
        name = call.names.get(".".join(_named(path[:end])))
        if name and isinstance(path[end - 1], str):
            return (*_split(name), *path[end:])
    return path


def _place(shape: Shape, path: Path) -> Path | None:
    """The path in the names of the shape, or None where the shape has no such parameter."""
    if not path:
        return ()
    first, rest = path[0], path[1:]
    if shape.type_name == "structure" and isinstance(first, str):
        names = (name for name in shape.members if name.lower() == first.replace("_", "").lower())
        name: str | None = next(names, None)
        inside = None if name is None else _place(shape.members[name], rest)
        return None if name is None or inside is None else (name, *inside)
    if shape.type_name == "list" and isinstance(first, int):
        inside = _place(shape.member, rest)
    elif shape.type_name == "map" and isinstance(first, str):
        inside = _place(shape.value, rest)
    else:
        return None
    return None if inside is None else (first, *inside)


def _put(parameters: Any, shape: Shape, path: Path, value: Any) -> None:
    """Set the value at its path. A number or truth value that the API takes as text becomes text."""
    for part, following in zip(path, (*path[1:], None), strict=True):
        shape = (
            shape.members[part]
            if shape.type_name == "structure"
            else shape.member
            if shape.type_name == "list"
            else shape.value
        )
        last = following is None
        if last and shape.type_name == "string" and isinstance(value, bool | int):
            value = str(value).lower()
        new = value if last else [] if isinstance(following, int) else {}
        if isinstance(parameters, list):
            parameters.extend([None] * (int(part) + 1 - len(parameters)))
            parameters[int(part)] = new if last or parameters[int(part)] is None else parameters[int(part)]
        else:
            parameters[part] = new if last else parameters.get(part, new)
        parameters = parameters[int(part)] if isinstance(parameters, list) else parameters[part]
