#!/usr/bin/env python3
"""Answer what a workflow asks of a person: list what waits, approve it, or refuse it.

scripts/approve.py checkout --local
scripts/approve.py checkout 3f0a2c9e-... --local
scripts/approve.py checkout 3f0a2c9e-... --refuse --local
"""

import argparse
import json
from typing import Any

from kit.cli import Exit, Parser, Stop, run
from kit.output import Printer, say
from kit.ports import Port, ports_of
from kit.target import Target, add_arguments

#: The task has ended meanwhile: its time was up, its execution was stopped, or another has answered.
OVER = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")


def main() -> int:
    arguments = parse_arguments()
    target = Target.of(arguments)
    ports = ports_of(target, arguments.lab)
    if "approvals" not in ports:
        raise Stop(f"lab {arguments.lab} asks nobody for an approval", Exit.USAGE)
    requests = waiting(target, ports["approvals"])
    if not arguments.execution:
        return show(requests, Printer(arguments.json))
    if arguments.execution not in requests:
        raise Stop(f"no execution {arguments.execution} waits for an approval", Exit.USAGE)
    return answer(target, arguments.execution, requests[arguments.execution], approved=not arguments.refuse)


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


def waiting(target: Target, port: Port) -> dict[str, dict[str, Any]]:
    """The requests in the table behind the port, by the executions that wait; the longest waiting first."""
    pages = target.client("dynamodb").get_paginator("query")
    found = [
        {name: value["S"] for name, value in item.items()}
        for page in pages.paginate(
            TableName=port["table"],
            KeyConditionExpression="pk = :partition",
            ExpressionAttributeValues={":partition": {"S": port["partition"]}},
            ConsistentRead=True,
        )
        for item in page["Items"]
    ]
    return {item["sk"]: item for item in sorted(found, key=lambda item: item["since"])}


def show(requests: dict[str, dict[str, Any]], printer: Printer) -> Exit:
    for execution, request in requests.items():
        record = {"execution": execution, "since": request["since"]}
        printer.result(record, request["order"], note=f"{execution}, since {request['since']}")
    if not requests:
        say("nothing waits for an approval")
    return Exit.DONE


def answer(target: Target, execution: str, request: dict[str, Any], approved: bool) -> Exit:
    """Tell the workflow; it takes the request out of the table itself. Raises Stop when it waits no longer."""
    states = target.client("stepfunctions")
    try:
        states.send_task_success(taskToken=request["token"], output=json.dumps({"approved": approved}))
    except states.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in OVER:
            raise
        raise Stop(f"execution {execution} does not wait any more: nothing was answered", Exit.ERROR_REPLY) from None
    say(f"{'approved' if approved else 'refused'}: {execution}")
    return Exit.DONE


if __name__ == "__main__":
    run(main)
