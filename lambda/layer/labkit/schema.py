"""Checks a payload against a schema, in words for its sender, all reasons at once.

The schema is JSON Schema (draft 2020-12), of which it takes what a payload of a few fields needs: `properties` with
`type`, `enum`, `pattern` (and `description`, which says it in words), `minLength`, `maxLength`, `exclusiveMinimum`,
`maximum`, and `required`. Other keywords are refused, so that none is silently ignored. Fields that the schema does not
name may be there.

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
TYPES = {"string": "a text", "integer": "a whole number", "number": "a number"}


def problems(schema: Mapping[str, Any], payload: Any) -> list[str]:
    """What is wrong with the payload, a reason each; nothing when it is as the schema says."""
    if not isinstance(payload, dict):
        return ["is not a JSON object"]
    size = len(json.dumps(payload, ensure_ascii=False).encode(errors="replace"))
    if size > MAX_BYTES:
        return [f"has {size} bytes, more than {MAX_BYTES}"]
    missing = [f"{name} is missing" for name in schema["required"] if name not in payload]
    wrong = [
        problem
        for name, rule in schema["properties"].items()
        if name in payload
        for problem in _wrong(name, rule, payload[name])
    ]
    return missing + wrong


def _wrong(name: str, rule: Mapping[str, Any], value: Any) -> Iterator[str]:
    """The first thing that is wrong with one field."""
    if unknown := set(rule) - KEYWORDS:
        raise ValueError(f"schema of {name}: {', '.join(sorted(unknown))} is not checked here")
    shown = json.dumps(value, ensure_ascii=False, default=str)
    shown = shown if len(shown) <= 40 else f"{shown[:40]}..."
    expected = _expected(rule)
    if not _fits(rule, value):
        yield f"{name} must be {expected}, not {shown}"


def _fits(rule: Mapping[str, Any], value: Any) -> bool:
    if "enum" in rule:
        return value in rule["enum"]
    if rule["type"] == "string":
        return (
            isinstance(value, str)
            and rule.get("minLength", 0) <= len(value) <= rule.get("maxLength", MAX_BYTES)
            and re.search(rule.get("pattern", ""), value) is not None
        )
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    if rule["type"] == "integer" and value != int(value):
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
