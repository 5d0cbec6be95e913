"""The DynamoDB side of a port: items of a table, listed, or one with its history as a timeline."""

import base64
import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from kit.cli import Exit, escaped
from kit.output import Printer, parse, progress, say
from kit.ports import Port
from kit.target import Target

#: DynamoDB API reference, BatchGetItem: at most 100 items in a call.
BATCH = 100
POLL_S = 0.2

Item = dict[str, Any]


class TableReader:
    """Reads the table behind a port, which names its partition key, and may name the one partition to be read."""

    def __init__(self, target: Target, port: Port) -> None:
        self._resource = target.resource("dynamodb")
        self._name = port["table"]
        self._partition_key: str = port["key"]
        self._partition: str | None = port.get("partition")

    @cached_property
    def key(self) -> str:
        """What tells its items apart: the partition key, or within one partition the sort key."""
        if not self._partition:
            return self._partition_key
        schema = self._resource.Table(self._name).key_schema
        return str(next(part["AttributeName"] for part in schema if part["KeyType"] == "RANGE"))

    def get(self, ids: Sequence[str]) -> list[Item]:
        """The items with these keys, as many as there are."""
        found: list[Item] = []
        for start in range(0, len(ids), BATCH):
            # Where the partition key tells them apart, it is the id.
            keys = [{self._partition_key: self._partition, self.key: id} for id in ids[start : start + BATCH]]
            wanted: Any = {self._name: {"Keys": keys, "ConsistentRead": True}}
            while wanted:
                answer = self._resource.batch_get_item(RequestItems=wanted)
                found += answer["Responses"].get(self._name, [])
                wanted = answer.get("UnprocessedKeys")
        return found

    def all(self) -> Iterator[Item]:
        """Every item, in no order."""
        from boto3.dynamodb.conditions import Key

        wanted = {"KeyConditionExpression": Key(self._partition_key).eq(self._partition)} if self._partition else {}
        pages = self._resource.meta.client.get_paginator("query" if wanted else "scan")
        for page in pages.paginate(TableName=self._name, ConsistentRead=True, **wanted):
            yield from page["Items"]


def show_items(reader: TableReader, id: str | None, wait_s: float, limit: int | None, printer: Printer) -> Exit:
    """Print the item `id`, or all in the order of their keys, once there are any."""
    deadline = time.monotonic() + wait_s
    while not (items := reader.get([id]) if id else sorted(reader.all(), key=lambda item: to_json(item[reader.key]))):
        if time.monotonic() > deadline:
            say(f"nothing within {wait_s:g} s" if id is None else f"no {reader.key} {id} within {wait_s:g} s")
            return Exit.NOTHING_IN_TIME
        time.sleep(POLL_S)
    for item in items[:limit]:
        if printer.as_json:
            printer.result({}, to_json(item))
        else:
            print(escaped("\n".join(timeline(item) if id else [one_line(item)])))
    return Exit.DONE


def show_outcomes(
    reader: TableReader, history: str, sent: dict[str, int], bodies: Sequence[str], wait_s: float, printer: Printer
) -> Exit:
    """Print what became of the events sent (id -> index in `bodies`), as they show in the `history` of their items."""
    keys = {event_id: _key(bodies[index], reader.key) for event_id, index in sent.items()}
    pending = dict(sent)
    started = time.monotonic()
    with progress("outcomes", len(sent)) as advance:
        while pending and time.monotonic() < started + wait_s:
            ids = sorted({key for event_id in pending if (key := keys[event_id])})
            for item in reader.get(ids):
                for event_id in [entry["id"] for entry in item[history] if entry["id"] in pending]:
                    del pending[event_id]
                    seconds = round(time.monotonic() - started, 3)
                    body = to_json(item) if printer.as_json else one_line(item)
                    printer.result({"message_id": event_id, "seconds": seconds}, body)
                    advance(1)
            sys.stdout.flush()
            if pending:
                time.sleep(POLL_S)
    if pending:
        few = ", ".join(f"{event_id} {bodies[index][:40]}" for event_id, index in list(pending.items())[:3])
        say(f"error: no outcome in {wait_s:g} s of {len(pending)} of {len(sent)}: {few}; look at --rejected")
        return Exit.NOTHING_IN_TIME
    return Exit.DONE


def one_line(item: Item) -> str:
    """The plain fields of an item, the text ones first."""
    plain = {name: value for name, value in item.items() if isinstance(value, str | int | Decimal) and name != POSITION}
    return "  ".join(f"{name} {value}" for name, value in sorted(plain.items(), key=lambda pair: _rank(pair[1])))


#: Where the newest event lies in the stream: for machines.
POSITION = "position"


def timeline(item: Item) -> Iterator[str]:
    """An item, its lists, and its history by time."""
    yield one_line(item)
    entries = [(name, entry) for name, value in item.items() if isinstance(value, list) for entry in value]
    for name, entry in entries:
        if _time_of(entry) is None:
            text = one_line(entry) if isinstance(entry, dict) else entry if isinstance(entry, str) else to_json(entry)
            yield f"  {name[:-1] if name.endswith('s') else name}: {text}"
    for _, entry in entries:
        if moment := _time_of(entry):
            more = "  ".join(str(entry[name]) for name in entry if name not in ("time", "type", "id", POSITION))
            yield f"  {moment:%Y-%m-%d %H:%M:%S.%f}  {entry['type']:<20} {more}".rstrip()


def _time_of(entry: Any) -> datetime | None:
    """When it happened, of an event in a history; None of anything else in a list."""
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
        return None
    try:
        return datetime.fromisoformat(str(entry.get("time")).replace("Z", "+00:00")).astimezone()
    except (ValueError, OverflowError):
        return None


def to_json(item: Any) -> str:
    """An item as JSON: whole numbers as such, other decimals as the nearest double.

    Sets are sorted lists, bytes in base64, as in DynamoDB's own JSON (Developer Guide, "Data type descriptors").
    """
    return json.dumps(item, default=_form, ensure_ascii=False)


def _form(value: Any) -> Any:
    """What stands in JSON for a value of DynamoDB that JSON does not have."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, set):
        return sorted(member if isinstance(member, str) else _form(member) for member in value)
    if hasattr(value, "__bytes__"):  # boto3's Binary, which would have to be imported to be named
        return base64.b64encode(bytes(value)).decode()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _rank(value: Any) -> int:
    return 0 if isinstance(value, str) else 1


def _key(body: str, name: str) -> str:
    data = parse(body)
    data = data.get("data") if isinstance(data, dict) else None
    key = data.get(name) if isinstance(data, dict) else None
    return key if isinstance(key, str) else ""
