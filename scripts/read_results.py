#!/usr/bin/env python3
"""Read what a lab has given out; what was shown is taken out of the queue, unless --peek.

scripts/read_results.py calculator --wait 10 --local
"""

import argparse
import math
import sys
import time
from datetime import datetime, timezone

from kit.cli import Exit, run
from kit.output import Printer, is_error_reply, parse, say
from kit.ports import find_port
from kit.queues import LONG_POLL_S, QueueReader, Received
from kit.target import Target, add_arguments

#: How long a queue must give nothing, once it gave something, to count as empty.
SETTLED_S = 1
#: How long shown messages stay hidden from others before they are deleted.
HIDDEN_S = 60


def main() -> int:
    arguments = parse_arguments()
    target = Target.of(arguments)
    port = find_port(target, arguments.lab, "rejected" if arguments.rejected else "output")
    reader = QueueReader(target, port)
    printer = Printer(arguments.json)
    try:
        return read(reader, printer, arguments)
    except KeyboardInterrupt:
        if arguments.follow:
            return Exit.DONE
        raise


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    parser.add_argument("--rejected", action="store_true", help="what the lab gave up on: its dead-letter queue")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, as when piped")
    add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.follow and (arguments.peek or arguments.max):
        parser.error("--follow goes on for ever: it does not go with --peek or --max")
    if arguments.wait < 0 or (arguments.max is not None and arguments.max < 1):
        parser.error("--wait must not be negative, --max must be 1 or more")
    return arguments


def read(reader: QueueReader, printer: Printer, arguments: argparse.Namespace) -> Exit:
    """Print messages until there are no more, or enough, or none in time."""
    wanted = math.inf if arguments.max is None else arguments.max
    deadline = math.inf if arguments.follow else time.monotonic() + arguments.wait
    shown: dict[str, Received] = {}
    errors = 0
    try:
        while len(shown) < wanted:
            left = deadline - time.monotonic()
            if left < 0 and not (shown and arguments.max is None):
                break
            settled = bool(shown) and arguments.max is None and not arguments.follow
            wait_s = SETTLED_S if settled else min(left, LONG_POLL_S)
            hidden_s = HIDDEN_S + int(arguments.wait)
            messages = reader.receive(int(min(wanted - len(shown), 10)), wait_s, hidden_s)
            if settled and not messages:
                break
            for message in messages:
                if message.message_id not in shown:
                    errors += is_error_reply(parse(message.body))
                    show(printer, message)
                shown[message.message_id] = message
            sys.stdout.flush()  # shown for certain before it is deleted
            if not arguments.peek:
                reader.delete(messages)
    finally:
        if arguments.peek:
            reader.release(list(shown.values()))
    if not shown:
        say(f"nothing within {arguments.wait:g} s")
        return Exit.NOTHING_IN_TIME
    return Exit.ERROR_REPLY if errors else Exit.DONE


def show(printer: Printer, message: Received) -> None:
    sent = datetime.fromtimestamp(message.sent_ms / 1000, timezone.utc)
    record = {
        "message_id": message.message_id,
        "sent": sent.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "receive_count": message.receive_count,
    }
    printer.result(record, message.body, note=sent.astimezone().strftime("%H:%M:%S"))


if __name__ == "__main__":
    run(main)
