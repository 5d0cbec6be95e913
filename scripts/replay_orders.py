#!/usr/bin/env python3
"""Build the read model of lab `orders` again from its archive, in a second table, and compare it with the live one.

scripts/replay_orders.py --local
scripts/replay_orders.py --until 2025-01-31T08:00 --local      (the orders as they were then)

On AWS the archive has an event after about a minute; --wait gives it time.
"""

import argparse
import sys
import time
from typing import Any

from kit.archive import ArchiveReader
from kit.cli import MAX_WAIT_S, Exit, Parser, run
from kit.moments import joined, moment
from kit.output import Printer, say
from kit.ports import Port, ports_of
from kit.tables import TableReader, one_line, to_json
from kit.target import Target, add_arguments

from labkit.messages import Rejected
from order_events import OrderEvent, read_event
from read_model import Order, differences, rebuild

LAB = "orders"
POLL_S = 2


def main() -> int:
    arguments = parse_arguments()
    until = f"{moment(arguments.until, '--until'):%Y-%m-%dT%H:%M:%S.%fZ}" if arguments.until else None
    target = Target.of(arguments)
    ports = ports_of(target, LAB)
    archive = ArchiveReader(target, ports["archive"])
    printer = Printer(arguments.json)
    if until:
        orders = replay(archive, target, ports["replayed"], until)
        for order_id in sorted(orders):
            printer.result({}, to_json(orders[order_id]) if printer.as_json else one_line(orders[order_id]))
        return Exit.DONE
    return compare(archive, target, ports, arguments.wait, printer)


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("--until", metavar="TIME", help="show the state at a moment: UTC, or a time ago such as -10m")
    parser.add_argument(
        "--wait", type=float, default=0, metavar="SECONDS", help="compare again so long while there is a difference"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line, as when piped")
    add_arguments(parser)
    arguments = parser.parse_args(joined(sys.argv[1:], "--until"))
    if not 0 <= arguments.wait <= MAX_WAIT_S:
        parser.error(f"--wait must be 0 to {MAX_WAIT_S} seconds")
    return arguments


def compare(archive: ArchiveReader, target: Target, ports: dict[str, Port], wait_s: float, printer: Printer) -> Exit:
    """Print what differs between the live table and the one that was built again."""
    live, replayed = TableReader(target, ports["output"]), TableReader(target, ports["replayed"])
    deadline = time.monotonic() + wait_s
    while True:
        replay(archive, target, ports["replayed"])
        lines = differences(by_id(live), by_id(replayed))
        if not lines or time.monotonic() > deadline:
            break
        say(f"{len(lines)} orders differ; once more in {POLL_S} s")
        time.sleep(POLL_S)
    for line in lines:
        order_id, _, difference = line.partition(": ")
        printer.result({"orderId": order_id}, difference if printer.as_json else line)
    say(f"{len(lines)} orders differ" if lines else "the live table and the archive agree")
    return Exit.ERROR_REPLY if lines else Exit.DONE


def replay(archive: ArchiveReader, target: Target, port: Port, until: str | None = None) -> dict[str, Order]:
    """Build the read model from the events of the archive, those until a moment, in the table behind `port`."""
    started = time.monotonic()
    records = archive.records()
    events, bad = read_events(records)
    orders, rejected = rebuild(event for event in events if until is None or event.time <= until)
    fill(target.resource("dynamodb").Table(port["table"]), orders)
    say(
        f"{len(orders)} orders from {len(records)} records in {archive.objects} objects "
        f"({bad} were no events, {len(rejected)} of no use) in {time.monotonic() - started:.1f} s"
    )
    return orders


def read_events(records: list[str]) -> tuple[list[OrderEvent], int]:
    """The events among the records, and how many are none."""
    events: list[OrderEvent] = []
    for record in records:
        try:
            events.append(read_event(record))
        except Rejected:
            continue
    return events, len(records) - len(events)


def fill(table: Any, orders: dict[str, Order]) -> None:
    """Make the table hold these orders, and no others."""
    old = [item["orderId"] for page in _pages(table) for item in page["Items"]]
    with table.batch_writer(overwrite_by_pkeys=["orderId"]) as batch:
        for order_id in old:
            if order_id not in orders:
                batch.delete_item(Key={"orderId": order_id})
        for order in orders.values():
            batch.put_item(Item=order)


def _pages(table: Any) -> Any:
    return table.meta.client.get_paginator("scan").paginate(TableName=table.name, ProjectionExpression="orderId")


def by_id(reader: TableReader) -> dict[str, Order]:
    return {item["orderId"]: item for item in reader.all()}


if __name__ == "__main__":
    run(main)
