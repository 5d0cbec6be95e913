#!/usr/bin/env python3
"""Answer what a workflow asks of a person: list what waits, approve it, or refuse it.

scripts/approve.py checkout --local
scripts/approve.py checkout 3f0a2c9e-... --local
scripts/approve.py checkout 3f0a2c9e-... --refuse --local
"""

import argparse

from kit.approvals import Request, answer, waiting
from kit.cli import Exit, Parser, Stop, run
from kit.output import Printer, say
from kit.ports import ports_of
from kit.target import Target, add_arguments


def main() -> int:
    arguments = parse_arguments()
    target = Target.of(arguments)
    ports = ports_of(target, arguments.lab)
    if "approvals" not in ports:
        raise Stop(f"lab {arguments.lab} asks nobody for an approval", Exit.USAGE)
    requests = waiting(target.client("dynamodb"), ports["approvals"])
    if not arguments.execution:
        return show(requests, Printer(arguments.json))
    told = answer(target.client("stepfunctions"), requests, arguments.execution, approved=not arguments.refuse)
    say(f"{told}: {arguments.execution}")
    return Exit.DONE


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", help="name of a deployed lab whose workflow asks: checkout")
    parser.add_argument("execution", nargs="?", help="the execution to answer (default: list those that wait)")
    parser.add_argument("--refuse", action="store_true", help="refuse instead of approve")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, as when piped")
    add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.refuse and not arguments.execution:
        parser.error("--refuse needs the execution to refuse")
    return arguments


def show(requests: dict[str, Request], printer: Printer) -> Exit:
    for execution, request in requests.items():
        record = {"execution": execution, "since": request["since"]}
        printer.result(record, request["order"], note=f"{execution}, since {request['since']}")
    if not requests:
        say("nothing waits for an approval")
    return Exit.DONE


if __name__ == "__main__":
    run(main)
