"""What botocore's model of an AWS service says of a value: its type, range, length, pattern and enumeration.

botocore itself checks before a call only what is required, the type and the least value; the rest of the model it
leaves to AWS. The models: botocore/data/<service>/<version>/service-2.json.
"""

import re
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

_LOADER = Loader()


@cache
def _service(name: str) -> ServiceModel:
    return ServiceModel(_LOADER.load_service_model(name, "service-2"), name)


@cache
def input_of(call: str) -> Shape:
    """The shape of the parameters of a call, such as `sqs.CreateQueue`."""
    service, operation = call.split(".")
    return _service(service).operation_model(operation).input_shape


def problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """What is wrong with a value that is sent as this shape, one line each."""
    kind = shape.type_name
    if not isinstance(value, _TYPES.get(kind, object)) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{path}: must be a {kind}, not {value!r}"
        return
    limits = shape.metadata
    if kind == "structure":
        for name in set(shape.required_members) - set(value):
            yield f"{path}: {name} is required"
        for name, each in value.items():
            yield from problems(shape.members[name], each, f"{path}.{name}")
    elif kind == "list":
        for index, each in enumerate(value):
            yield from problems(shape.member, each, f"{path}[{index}]")
    elif kind == "map":
        for name, each in value.items():
            yield from problems(shape.key, name, f"{path} (name)")
            yield from problems(shape.value, each, f"{path}.{name}")
    elif kind == "string":
        if limits.get("enum") and value not in limits["enum"]:
            yield f"{path}: must be one of {', '.join(limits['enum'])}, not {value!r}"
        if "pattern" in limits and not _pattern(limits["pattern"]).fullmatch(value):
            yield f"{path}: must match {limits['pattern']}, not {value!r}"
    elif kind == "integer" and not -(2**31) <= value < 2**31:
        yield f"{path}: must have 32 bits, not {value}"
    size, unit = (value, "") if kind in _NUMBERS else (len(value), " long") if kind in _SIZED else (None, "")
    if size is not None and not limits.get("min", size) <= size <= limits.get("max", size):
        yield f"{path}: must be {limits.get('min', '')} to {limits.get('max', '')}{unit}, not {size}"


_NUMBERS = ("integer", "long", "float", "double")
_SIZED = ("string", "list", "map", "blob")
_TYPES: dict[str, Any] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "blob": (str, bytes),
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
}


@cache
def _pattern(text: str) -> "re.Pattern[str]":
    """A pattern of the model, which is written for Java; all of a value must match."""
    for java, python in _JAVA.items():
        text = text.replace(java, python)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # [a-z-_] and nested sets
        return re.compile(text)


#: Unicode classes that Python's patterns do not have: letters, digits and separators.
_JAVA = {r"\p{L}\p{Z}\p{N}": r"\w\s", r"\p{ASCII}": r"\x00-\x7f"}
