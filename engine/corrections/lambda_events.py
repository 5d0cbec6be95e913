"""What event sources and destinations of functions share: the limit of an event, and the form of a time."""

from datetime import datetime, timezone

#: Lambda quotas, "Invocation payload": 6 MB for a synchronous invocation, so a batch ends before its event exceeds it.
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
#: What a record weighs in the event besides its data.
RECORD_OVERHEAD_BYTES = 600


def iso(timestamp: float) -> str:
    """A time as the records for destinations have it: UTC, to the millisecond."""
    moment = datetime.fromtimestamp(timestamp, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
