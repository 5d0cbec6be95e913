"""What event sources and destinations of functions share: the limit of an event, its failures, the form of a time."""

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

#: Lambda quotas, "Invocation payload": 6 MB for a synchronous invocation, so a batch ends before its event exceeds it.
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
#: What a record weighs in the event besides its data.
RECORD_OVERHEAD_BYTES = 600


def iso(timestamp: float) -> str:
    """A time as the records for destinations have it: UTC, to the millisecond."""
    moment = datetime.fromtimestamp(timestamp, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


class Unclear(Exception):
    """A function's answer reports failures in a way that Lambda does not understand; the text says which."""


def reported_failures(body: Any, identifiers: Sequence[str]) -> list[str]:
    """Which records of a batch a function's answer reports as failed; `identifiers` are those of the batch.

    Raises Unclear when the answer names what is no record, or nothing: the whole batch has failed then.
    """
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return []
    failures = body.get("batchItemFailures") if isinstance(body, dict) else None
    if not failures:
        return []
    if not isinstance(failures, list):
        raise Unclear("batchItemFailures is no list")
    named = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    for item, identifier in zip(failures, named, strict=True):
        if identifier not in identifiers:
            raise Unclear(f"the item {json.dumps(item)} of batchItemFailures names no record of the batch")
    return [str(identifier) for identifier in named]
