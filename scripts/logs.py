#!/usr/bin/env python3
"""Show the log lines of all functions of a lab, merged in the order of time, one colour for each function.

scripts/logs.py calculator --local
scripts/logs.py fanout --errors --from -1h --local
scripts/logs.py fanout --request-id 5ba0... --local

An id is that of a message (send_message.py prints it), of an execution, or of one invocation of a function: shown is
everything that any function of the lab said while it handled it.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from typing import Any

from kit.cli import Exit, Parser, Stop, run, until_interrupted
from kit.live.clients import Clients
from kit.live.logs import Line, LogTail, about
from kit.moments import joined, moment
from kit.output import say
from kit.ports import check_name
from kit.target import Target, add_arguments

#: How often those who follow ask for more; CloudWatch has lines after some seconds anyway.
POLL_S, POLL_AWS_S = 0.5, 2.0
#: How many lines are kept, when following, to tell what else a function said while it handled a message.
KEPT = 5000


def main() -> int:
    arguments = parse_arguments()
    check_name(arguments.lab)
    target = Target.of(arguments)
    since = moment(arguments.start, "--from")
    tail = LogTail(Clients(target), arguments.lab, int(since.timestamp() * 1000))
    functions = tail.find()
    if not functions:
        raise Stop(f"lab {arguments.lab} has no logs at {target}: is it deployed?", Exit.NOT_DEPLOYED)
    printer = LinePrinter(functions, arguments.json)
    with until_interrupted(arguments.follow):
        return show(tail, printer, arguments, POLL_S if target.endpoint else POLL_AWS_S)


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", help="name of a deployed lab, for example calculator")
    parser.add_argument(
        "--from", dest="start", default="-15m", metavar="TIME", help="UTC, or a time ago (default: -15m)"
    )
    parser.add_argument("--follow", action="store_true", help="go on until interrupted")
    parser.add_argument("--errors", action="store_true", help="only errors, and what was rejected")
    parser.add_argument("--request-id", metavar="ID", help="only what concerns this message, execution or invocation")
    parser.add_argument("--all", action="store_true", help="Lambda's own lines, too: START, END, REPORT")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, as when piped")
    add_arguments(parser)
    return parser.parse_args(joined(sys.argv[1:], "--from"))


def show(tail: LogTail, printer: "LinePrinter", arguments: argparse.Namespace, poll_s: float) -> Exit:
    """Print what there is, and with --follow what comes."""
    kept: list[Line] = []
    shown: set[int] = set()
    deadline = math.inf if arguments.follow else 0
    while True:
        kept = (kept + tail.new())[-KEPT:]
        for line in chosen(kept, arguments):
            if id(line) not in shown:
                printer.line(line)
                shown.add(id(line))
        shown &= {id(line) for line in kept}
        sys.stdout.flush()
        if time.monotonic() > deadline:
            break
        time.sleep(poll_s)
    if not printer.printed:
        say(f"no such lines since {arguments.start}")
        return Exit.NOTHING_IN_TIME
    return Exit.DONE


def chosen(lines: Sequence[Line], arguments: argparse.Namespace) -> list[Line]:
    """The lines that the options ask for."""
    found = about(lines, arguments.request_id) if arguments.request_id else list(lines)
    if arguments.errors:
        found = [line for line in found if line.is_error or line.level == "WARNING"]
    return found if arguments.all else [line for line in found if not line.is_platform]


class LinePrinter:
    """Prints log lines in the form that suits the reader."""

    def __init__(self, functions: Sequence[str], as_json: bool) -> None:
        self._functions = functions
        self._console: Any = None
        self.printed = 0
        if not as_json and sys.stdout.isatty():
            from rich.console import Console

            self._console = Console(soft_wrap=True, highlight=False)

    def line(self, line: Line) -> None:
        self.printed += 1
        if self._console is None:
            record = {
                "time_ms": line.time_ms,
                "function": line.function,
                "request_id": line.request_id,
                **({"level": line.level} if line.level else {}),
                "text": line.text,
                **line.details,
            }
            print(json.dumps(record, ensure_ascii=False))
            return
        from kit.live.log_text import as_text

        self._console.print(as_text(line, self._functions))


if __name__ == "__main__":
    run(main)
