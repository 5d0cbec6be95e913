"""Executions of the workflow behind a port: what became of them, and the path that they took."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from kit.cli import Exit, Stop
from kit.output import Printer, is_error_reply, parse
from kit.paths import as_lines, as_records, path_of
from kit.ports import Port
from kit.target import Target

FAILED = ("FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True)
class Execution:
    """An execution as Step Functions describes it; of a failed one, `error` and `cause` say why."""

    name: str
    status: str
    started: datetime
    stopped: datetime | None
    input: str
    output: str
    error: str
    cause: str

    @property
    def body(self) -> str:
        """What it gave out, or its failure in the form of an error reply."""
        if self.status not in FAILED:
            return self.output
        reason = _plain(self.cause) or self.error or f"the execution has ended as {self.status}"
        return json.dumps({"error": reason, "failure": self.error or self.status, "request": parse(self.input)})

    @property
    def seconds(self) -> float | None:
        return round((self.stopped - self.started).total_seconds(), 3) if self.stopped else None


def execution_of(answer: dict[str, Any]) -> Execution:
    """The execution in an answer of DescribeExecution or StartSyncExecution."""
    return Execution(
        name=answer["executionArn"].split(":")[7],
        status=answer["status"],
        started=answer["startDate"],
        stopped=answer.get("stopDate"),
        input=answer.get("input", ""),
        output=answer.get("output") or "null",
        error=answer.get("error", ""),
        cause=answer.get("cause", ""),
    )


def where_its_log_is(port: Port) -> str:
    """Where to look for what an Express workflow has done."""
    return f"its log is {port['logs']}" if "logs" in port else "it has no log (workflow.logs)"


class Executions:
    """The executions of one Standard workflow. Raises Stop for an Express one, which keeps none."""

    def __init__(self, target: Target, port: Port) -> None:
        if port["type"] != "STANDARD":
            raise Stop(f"an Express workflow keeps no executions; {where_its_log_is(port)}", Exit.USAGE)
        self._states = target.client("stepfunctions")
        self._workflow = port["arn"]

    def describe(self, name: str) -> Execution:
        """The execution of that name. Raises Stop when there is none."""
        if found := self.find(name):
            return found
        raise Stop(f"there is no execution {name}", Exit.USAGE)

    def find(self, name: str) -> Execution | None:
        """The execution of that name, or None where there is none, or none yet.

        What has just been started may not be found for a moment (Step Functions API reference, DescribeExecution: it is
        eventually consistent).
        """
        try:
            return execution_of(self._states.describe_execution(executionArn=self._arn(name)))
        except self._states.exceptions.ExecutionDoesNotExist:
            return None

    def latest(self, statuses: tuple[str, ...], limit: int) -> list[str]:
        """The names of the latest executions that ended so, the latest one last."""
        found = sorted(
            (item["stopDate"], item["name"])
            for status in statuses
            for item in islice(self._listed(status), limit)  # each comes with its latest first
        )
        return [name for _, name in found[-limit:]]

    def show(self, execution: Execution, printer: Printer, with_path: bool = True) -> bool:
        """Print the execution; whether it is good, neither failed nor with an error in its result."""
        record: dict[str, Any] = {
            "message_id": execution.name,
            "status": execution.status,
            "seconds": execution.seconds,
            "started": execution.started.isoformat(timespec="milliseconds"),
        }
        lines: list[str] = []
        if with_path:
            pages = self._states.get_paginator("get_execution_history")
            events = pages.paginate(executionArn=self._arn(execution.name), includeExecutionData=False)
            path = path_of(event for page in events for event in page["events"])
            record["path"] = as_records(path)
            lines = as_lines(path)
        printer.result(record, execution.body, note=execution.name, below=lines)
        return execution.status not in FAILED and not is_error_reply(parse(execution.body))

    def _listed(self, status: str) -> Iterator[dict[str, Any]]:
        pages = self._states.get_paginator("list_executions")
        for page in pages.paginate(stateMachineArn=self._workflow, statusFilter=status):
            yield from page["executions"]

    def _arn(self, name: str) -> str:
        return f"{self._workflow.replace(':stateMachine:', ':execution:')}:{name}"


def _plain(cause: str) -> str:
    """The message in the cause of a function's failure, which is JSON; any other cause as it is."""
    content = parse(cause)
    return str(content["errorMessage"]) if isinstance(content, dict) and "errorMessage" in content else cause
