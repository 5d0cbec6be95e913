"""Values inside of values: each under a path of names and places in lists, which may be moved to another path."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that holds no others, with its path; an empty mapping or list is such a value."""
    inside = list(value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ())
    for key, each in inside:
        yield from leaves(each, (*path, key))
    if path and not inside:
        yield path, value


def names_of(path: Path) -> str:
    """The path without places in lists: `Targets.Arn`."""
    return ".".join(part for part in path if isinstance(part, str))


def path_of(text: str) -> Path:
    """`Targets[0].Arn` as a path."""
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", text))


def renamed(path: Path, names: Mapping[str, Any]) -> Path | None:
    """The path with its longest beginning that has another name replaced; None where that name is None."""
    for end in range(len(path), 0, -1):
        beginning = names_of(path[:end])
        if isinstance(path[end - 1], str) and beginning in names:
            name = names[beginning]
            places = tuple(part for part in path[: end - 1] if isinstance(part, int))
            return None if name is None else (*_with_places(path_of(name), places), *path[end:])
    return path


def _with_places(path: Path, places: Path) -> Path:
    """Places in lists that were before the last name stay there."""
    return (*path[:-1], *places, *path[-1:]) if places else path


def put(values: Any, path: Path, value: Any) -> None:
    """Set the value at its path, and make what leads there."""
    for part, following in zip(path, (*path[1:], None), strict=True):
        if isinstance(values, list):
            values.extend([None] * (int(part) + 1 - len(values)))
            found = values[int(part)]
        else:
            found = values.get(part)
        if following is None or found is None:
            found = value if following is None else [] if isinstance(following, int) else {}
            values[part] = found
        values = found
