"""The types of a construct's arguments are worked out once for each class, not for each construct.

Generated packages check every argument against `typing.get_type_hints(_typecheckingstub__...)`, which evaluates the
annotations, texts most of them, anew each time.
"""

import typing
from typing import Any

_STUB = "_typecheckingstub__"


def enable() -> None:
    """Remember the type hints of generated stubs; everybody else's are worked out as ever."""
    stock = typing.get_type_hints
    known: dict[Any, dict[str, Any]] = {}

    def get_type_hints(obj: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        if arguments or named or not getattr(obj, "__name__", "").startswith(_STUB):
            return stock(obj, *arguments, **named)
        if obj not in known:
            known[obj] = stock(obj)
        return known[obj]

    typing.get_type_hints = get_type_hints
