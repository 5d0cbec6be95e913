#!/usr/bin/env python3
"""Read what a lab has given out; what was shown is taken out of the queue, unless --peek. A workflow's executions stay.

scripts/read_results.py calculator --wait 10 --local
scripts/read_results.py checkout --failed --local
"""

import argparse
import math
import sys
import time
from datetime import datetime, timezone

from kit import denials
from kit.batches import BATCH
from kit.cli import MAX_WAIT_S, Exit, Parser, Stop, run, until_interrupted
from kit.executions import FAILED, Executions
from kit.output import Printer, is_error_reply, parse, say
from kit.ports import Port, ports_of
from kit.queues import LONG_POLL_S, QueueReader, Received
from kit.tables import TableReader, show_items
from kit.target import Target, add_arguments

#: How long a queue must give nothing, once it gave something, to count as empty.
SETTLED_S = 1
#: How long shown messages stay hidden from others before they are deleted.
HIDDEN_S = 60
#: How many executions of a workflow are shown without --max, and how often it is asked for new ones.
LATEST = 20
#: The largest --max.
MOST = 1_000_000
EXECUTIONS_POLL_S = 0.5


def main() -> int:
    arguments = parse_arguments()
    target = Target.of(arguments)
    ports = ports_of(target, arguments.lab)
    try:
        return show_results(target, ports, arguments)
    finally:
        denials.tell(target, arguments.lab)


def show_results(target: Target, ports: dict[str, Port], arguments: argparse.Namespace) -> Exit:
    printer = Printer(arguments.json)
    if table := table_of(ports, arguments):
        return show_items(TableReader(target, table), arguments.order, arguments.wait, arguments.max, printer)
    is_workflow = ports.get("output", {}).get("kind") == "states" and not arguments.rejected
    if (arguments.execution or arguments.failed) and not is_workflow:
        raise Stop("--execution and --failed go with the executions of a workflow only", Exit.USAGE)
    with until_interrupted(arguments.follow):
        if is_workflow:
            return read_executions(Executions(target, ports["output"]), printer, arguments)
        return read(readers_of(target, arguments.lab, ports, arguments.rejected), printer, arguments)


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", help="name of a deployed lab, for example calculator")
    parser.add_argument(
        "--wait",
        type=float,
        default=2,
        metavar="SECONDS",
        help="wait so long for the first message, with --max for all of them (default: 2)",
    )
    parser.add_argument("--max", type=int, metavar="N", help="stop after N messages (default: when the queue is empty)")
    parser.add_argument("--follow", action="store_true", help="go on until interrupted")
    parser.add_argument("--peek", action="store_true", help="leave the messages in the queue")
    parser.add_argument("--rejected", action="store_true", help="what the lab gave up on: its dead-letter queues")
    parser.add_argument("--view", metavar="TABLE", help="another table of the lab, for example inventory")
    parser.add_argument("--order", metavar="ID", help="one item of a table, with its history")
    parser.add_argument("--failed", action="store_true", help="of a workflow: only executions that have failed")
    parser.add_argument("--execution", metavar="ID", help="of a workflow: one execution, with the path that it took")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, as when piped")
    add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.follow and (arguments.peek or arguments.max):
        parser.error("--follow goes on for ever: it does not go with --peek or --max")
    if not 0 <= arguments.wait <= MAX_WAIT_S or (arguments.max is not None and not 1 <= arguments.max <= MOST):
        parser.error(f"--wait must be 0 to {MAX_WAIT_S} seconds, --max must be 1 to {MOST}")
    return arguments


def table_of(ports: dict[str, Port], arguments: argparse.Namespace) -> Port | None:
    """The table that the options mean; None when they mean queues. Raises Stop."""
    tables = {name: port for name, port in ports.items() if port["kind"] == "dynamodb"}
    name = arguments.view or "output"
    if arguments.rejected or (name not in tables and not arguments.view and not arguments.order):
        return None
    if name not in tables:
        known = f"its tables are {', '.join(sorted(tables))}" if tables else "--view and --order go with tables"
        raise Stop(f"lab {arguments.lab} has no table {name}; {known}", Exit.USAGE)
    if arguments.follow:
        raise Stop(f"--follow goes with queues; {name} is a table", Exit.USAGE)
    return tables[name]


def readers_of(target: Target, lab: str, ports: dict[str, Port], rejected: bool) -> dict[str, QueueReader]:
    """Readers of the lab's output, or of all its dead-letter queues, by the names of their ports. Raises Stop."""
    names = [name for name in ports if name.startswith("rejected")] if rejected else ["output"]
    if not names or not set(names) <= set(ports):
        what = "dead-letter queue" if rejected else "output"
        raise Stop(f"lab {lab} has no {what}; its ports are {', '.join(sorted(ports))}", Exit.USAGE)
    return {name: QueueReader(target, ports[name]) for name in sorted(names)}


def read(readers: dict[str, QueueReader], printer: Printer, arguments: argparse.Namespace) -> Exit:
    """Print messages until there are no more, or enough, or none in time."""
    wanted = math.inf if arguments.max is None else arguments.max
    deadline = math.inf if arguments.follow else time.monotonic() + arguments.wait
    shown: set[str] = set()
    #: What was received and not deleted, by its id: with --peek all, else what could not be shown.
    held: dict[str, tuple[str, Received]] = {}
    errors = 0
    asked = False
    try:
        while len(shown) < wanted:
            left = deadline - time.monotonic()
            settled = bool(shown) and arguments.max is None and not arguments.follow
            if left < 0 and asked and not settled:
                break
            asked = True
            wait_s = SETTLED_S if settled else min(left, LONG_POLL_S)
            found = receive(readers, min(wanted - len(shown), BATCH), wait_s, HIDDEN_S + int(arguments.wait))
            if settled and not found:
                break
            held |= {message.message_id: (name, message) for name, message in found}
            for name, message in found:
                if message.message_id not in shown:
                    errors += is_error_reply(parse(message.body))
                    attempts = None if name == "output" else readers[name].attempts(message)
                    show(printer, message, name, attempts)
                shown.add(message.message_id)
            sys.stdout.flush()  # shown for certain before it is deleted
            if not arguments.peek:
                for name, reader in readers.items():
                    reader.delete([message for port, message in found if port == name])
                held.clear()
    finally:
        for name, reader in readers.items():
            reader.release([message for port, message in held.values() if port == name])
    if not shown:
        say(f"nothing within {arguments.wait:g} s")
        return Exit.NOTHING_IN_TIME
    return Exit.ERROR_REPLY if errors else Exit.DONE


def read_executions(executions: Executions, printer: Printer, arguments: argparse.Namespace) -> Exit:
    """Print the latest executions that have ended, or one with its path; wait for them as long as is asked."""
    statuses = FAILED if arguments.failed else ("SUCCEEDED", *FAILED)
    deadline = math.inf if arguments.follow else time.monotonic() + arguments.wait
    shown: set[str] = set()
    good = True
    while True:
        is_over = time.monotonic() > deadline
        names = [arguments.execution] if arguments.execution else executions.latest(statuses, arguments.max or LATEST)
        for execution in [executions.describe(name) for name in names if name not in shown]:
            if execution.stopped or is_over:
                good &= executions.show(execution, printer, with_path=bool(arguments.execution))
            if execution.stopped:
                shown.add(execution.name)
        sys.stdout.flush()
        if is_over or (shown and not arguments.follow):
            break
        time.sleep(EXECUTIONS_POLL_S)
    if not shown:
        what = f"execution {arguments.execution} has not ended" if arguments.execution else "nothing"
        say(f"{what} within {arguments.wait:g} s")
        return Exit.NOTHING_IN_TIME
    return Exit.DONE if good else Exit.ERROR_REPLY


def receive(readers: dict[str, QueueReader], limit: float, wait_s: float, hidden_s: int) -> list[tuple[str, Received]]:
    """Up to `limit` messages, each with the name of its port; several queues are looked at in turn, none for long."""
    found: list[tuple[str, Received]] = []
    for name, reader in readers.items():
        if len(found) < limit:
            wait = wait_s if len(readers) == 1 else min(wait_s, 1)
            found += [(name, message) for message in reader.receive(int(limit) - len(found), wait, hidden_s)]
    return found


def show(printer: Printer, message: Received, port: str, attempts: int | None) -> None:
    sent = datetime.fromtimestamp(message.sent_ms / 1000, timezone.utc)
    record = {
        "port": port,
        "message_id": message.message_id,
        "sent": sent.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **({} if attempts is None else {"attempts": attempts}),
        **({"attributes": message.attributes} if message.attributes else {}),
    }
    where = [] if port == "output" else [port]
    tried = [] if attempts is None else [f"{attempts} attempt{'' if attempts == 1 else 's'}"]
    printer.result(record, message.body, note=", ".join([*where, *tried, sent.astimezone().strftime("%H:%M:%S")]))


if __name__ == "__main__":
    run(main)
