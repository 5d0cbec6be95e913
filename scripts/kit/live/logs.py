"""The log lines of a lab's functions, merged in the order of time, each with the invocation that it belongs to."""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kit.live.clients import Clients

#: Lambda's own lines (Lambda Developer Guide, "Viewing CloudWatch logs for Lambda").
PLATFORM = re.compile(r"^(INIT_START|START RequestId|END RequestId|REPORT RequestId|INIT_REPORT|EXTENSION|TELEMETRY)")
REQUEST_ID = re.compile(r"RequestId: ([0-9a-f-]{36})")
DURATION = re.compile(r"Duration: ([\d.]+) ms")
#: The same guide, "Error handling": what the runtime writes of a function that failed.
FAILURE = re.compile(
    r"^(\[ERROR\]|Traceback \(most recent|\S+ \S+ Task timed out|RequestId: \S+ Error)|Status: (error|timeout)"
)
#: Powertools for AWS Lambda, "Logger", standard structured keys and those of the Lambda context.
USUAL = {
    *("level", "location", "message", "timestamp", "service", "sampling_rate", "xray_trace_id", "exception"),
    *("cold_start", "function_name", "function_memory_size", "function_arn", "function_request_id", "stack_trace"),
}
#: Under which names the labs' functions log which messages they handle.
ID_FIELDS = ("message_id", "correlation_id", "execution", "checkout_id", "order_id", "account_id", "partition_key")
LIST_FIELDS = ("message_ids", "partition_keys")
ERRORS = ("ERROR", "CRITICAL")
#: How late a line may come in CloudWatch, and still be seen by those who follow.
LATE_MS = 15_000
#: CloudWatch Logs API reference, FilterLogEvents: how many events a page has at most.
PAGE = 10_000
#: How many lines seen already are remembered for each function.
REMEMBERED = 20_000


@dataclass(frozen=True)
class Line:
    """One line. `fields` is what a structured line says beside level and text."""

    time_ms: int
    function: str
    stream: str
    request_id: str
    level: str
    text: str
    fields: dict[str, Any]

    @property
    def is_platform(self) -> bool:
        return bool(PLATFORM.match(self.text))

    @property
    def is_error(self) -> bool:
        return self.level in ERRORS or bool(FAILURE.search(self.text))

    @property
    def details(self) -> dict[str, Any]:
        """What a structured line says beside what Powertools puts in every line, and tracebacks."""
        return {name: value for name, value in self.fields.items() if name not in USUAL}

    @property
    def ids(self) -> set[str]:
        """The ids that say which message this is about."""
        single = {str(self.fields[name]) for name in ID_FIELDS if self.fields.get(name)}
        several = [self.fields[name] for name in LIST_FIELDS if isinstance(self.fields.get(name), list)]
        return single | {str(id) for ids in several for id in ids}


class LogTail:
    """The lines of all functions of a lab since a moment; each call gives the new ones."""

    def __init__(self, clients: Clients, lab: str, since_ms: int) -> None:
        self._clients = clients
        self._prefix = f"/aws/lambda/{clients.target.prefix}-{lab}-"
        self._since = since_ms
        self._latest: dict[str, int] = {}
        self._seen: dict[str, deque[Any]] = {}
        self._requests: dict[tuple[str, str], str] = {}
        self.groups: list[str] = []

    def find(self) -> list[str]:
        """The functions with a log group. Raises what boto3 raises."""
        pages = self._clients["logs"].get_paginator("describe_log_groups").paginate(logGroupNamePrefix=self._prefix)
        self.groups = sorted(group["logGroupName"] for page in pages for group in page["logGroups"])
        return [self.function(group) for group in self.groups]

    def function(self, group: str) -> str:
        return group.removeprefix(self._prefix)

    def new(self) -> list[Line]:
        """The lines that have come since the last call, in the order of time. Raises what boto3 raises."""
        lines = [line for group in self.groups for line in self._of_group(group)]
        return sorted(lines, key=lambda line: line.time_ms)

    def _of_group(self, group: str) -> Iterator[Line]:
        latest = self._latest.get(group, 0)
        start = max(self._since, latest - LATE_MS)
        seen = self._seen.setdefault(group, deque(maxlen=REMEMBERED))
        known = set(seen)
        copies: dict[Any, int] = {}
        logs = self._clients["logs"]
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=start, limit=PAGE)
        try:
            events = [event for page in pages for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:  # deleted meanwhile
            return
        for event in events:
            # The local engine gives events no ids; the same text may come more than once in a millisecond.
            key = event.get("eventId") or (event["timestamp"], event["logStreamName"], event["message"])
            copies[key] = copies.get(key, 0) + 1
            identity = (key, copies[key])
            self._latest[group] = max(self._latest.get(group, 0), event["timestamp"])
            if identity not in known:
                seen.append(identity)
                yield self._line(group, event)

    def _line(self, group: str, event: dict[str, Any]) -> Line:
        stream = event["logStreamName"]
        text = event["message"].rstrip("\n")
        content = _parsed(text)
        level, fields = "", {}
        if content is not None:
            level = str(content.get("level", ""))
            text = str(content.get("message", text))
            fields = content
        named = REQUEST_ID.search(event["message"]) if PLATFORM.match(text) else None
        if named:
            self._requests[group, stream] = named[1]
        request = str(fields.get("function_request_id") or self._requests.get((group, stream), ""))
        return Line(event["timestamp"], self.function(group), stream, request, level, text, fields)


def about(lines: Iterable[Line], id: str) -> list[Line]:
    """The lines about a message or an invocation: those that name it, and all others of the same invocations."""
    lines = list(lines)
    requests = {line.request_id for line in lines if id in line.ids or id == line.request_id or id in line.text}
    requests.discard("")
    return [line for line in lines if line.request_id in requests or id in line.ids or id in line.text]


def _parsed(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
