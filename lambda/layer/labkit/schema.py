"""Checks a payload against a schema, in words for its sender, all reasons at once.

The schema is JSON Schema (draft 2020-12), of which it takes what a payload of a few fields needs: `properties` with
`type`, `enum`, `pattern` (and `description`, which says it in words), `minLength`, `maxLength`, `exclusiveMinimum`,
`maximum`, and `required`. Other keywords are refused, so that none is silently ignored. Fields that the schema does not
name may be there. A text with control characters fits no rule: it could not be read in a line, nor stored as an id.

Imports nothing but the standard library: the scripts check with it, too, before they send.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

#: A quarter of the 256 KiB that a state (Step Functions Developer Guide, "Quotas") and a message take: the payload
#: travels with other data, and may have to be escaped.
MAX_BYTES = 65_536

KEYWORDS = {
    *("type", "enum", "pattern", "description"),
    *("minLength", "maxLength", "exclusiveMinimum", "maximum"),
}
#: Control characters, and halves of characters, which JSON can write and no text can hold (RFC 8259, section 8.2).
UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
TYPES = {"string": "a text", "integer": "a whole number", "number": "a number"}


def problems(schema: Mapping[str, Any], payload: Any) -> list[str]:
    """What is wrong with the payload, a reason each; nothing when it is as the schema says."""
    if not isinstance(payload, dict):
        return ["is not a JSON object"]
    try:
        text = json.dumps(payload, ensure_ascii=False)
    except RecursionError:
        return ["is nested too deeply"]
    size = len(text.encode(errors="replace"))
    if size > MAX_BYTES:
        return [f"has {size} bytes, more than {MAX_BYTES}"]
    missing = [f"{name} is missing" for name in schema["required"] if name not in payload]
    wrong = [
        problem
        for name, rule in schema["properties"].items()
        if name in payload
        for problem in _wrong(name, rule, payload[name])
    ]
    return missing + wrong or _unfit_for_json(payload)


def _unfit_for_json(payload: Mapping[str, Any]) -> list[str]:
    """What keeps a payload, whose fields are right, from being handed on: 1e999 is infinity to a reader in Python."""
    try:
        json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return ["has half of a character (a surrogate without its pair)"]
    except ValueError:
        return ["has a number that is out of range"]
    return []


def _wrong(name: str, rule: Mapping[str, Any], value: Any) -> Iterator[str]:
    """The first thing that is wrong with one field."""
    if unknown := set(rule) - KEYWORDS:
        raise ValueError(f"schema of {name}: {', '.join(sorted(unknown))} is not checked here")
    unfit = isinstance(value, str) and UNFIT.search(value)
    if not unfit and _fits(rule, value):
        return
    shown = json.dumps(value, ensure_ascii=bool(unfit))
    shown = shown if len(shown) <= 40 else f"{shown[:40]}..."
    yield f"{name} must be {'text without control characters' if unfit else _expected(rule)}, not {shown}"


def _fits(rule: Mapping[str, Any], value: Any) -> bool:
    if "enum" in rule:
        return value in rule["enum"]
    if rule["type"] == "string":
        return (
            isinstance(value, str)
            and rule.get("minLength", 0) <= len(value) <= rule.get("maxLength", MAX_BYTES)
            and re.search(rule.get("pattern", ""), value) is not None
        )
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(value, float) and not (math.isfinite(value) and (rule["type"] == "number" or value.is_integer())):
        return False
    return bool(rule.get("exclusiveMinimum", -float("inf")) < value <= rule.get("maximum", float("inf")))


def _expected(rule: Mapping[str, Any]) -> str:
    if "description" in rule:
        return str(rule["description"])
    if "enum" in rule:
        return f"one of {', '.join(rule['enum'])}"
    words = TYPES[rule["type"]]
    if "exclusiveMinimum" in rule:
        words += f" above {rule['exclusiveMinimum']}"
    if "maximum" in rule:
        words += f", at most {rule['maximum']}" if "exclusiveMinimum" in rule else f" of at most {rule['maximum']}"
    if "maxLength" in rule:
        words += f" of {rule.get('minLength', 0)} to {rule['maxLength']} characters"
    return words
