"""The Step Functions side of a port: a message starts an execution, which is known by the message's id."""

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from kit.batches import at_once
from kit.cli import Exit
from kit.executions import FAILED, Execution, Executions, execution_of, where_its_log_is
from kit.outgoing import Sent
from kit.output import Printer, is_error_reply, parse, progress, say
from kit.ports import Port
from kit.target import Target

from labkit.schema import problems

#: Calls at a time; far below what StartExecution takes (Step Functions Developer Guide, "Quotas").
CALLS = 8
#: How long to wait before asking again what became of executions.
POLL_S = 0.3
MAX_POLL_S = 3.0


class WorkflowSender:
    """Starts an execution of the workflow behind a port for each message.

    Its name is the message's id: the message's own, in the field that the port's `name_by` names, else a new one. To
    start the same message twice is harmless: Step Functions keeps names apart. An Express workflow is run to its end.
    """

    def __init__(self, target: Target, port: Port) -> None:
        self._target = target
        self._port = port
        self._states = target.client("stepfunctions")
        self._express = port["type"] == "EXPRESS"
        self._ended: dict[str, Execution] = {}

    @property
    def ended(self) -> list[Execution]:
        """The executions of an Express workflow, which are run to their end as they are sent."""
        return list(self._ended.values())

    def problem(self, body: str) -> str | None:
        """Why the workflow would refuse this body, by the schema that its port has, or None."""
        try:
            content = json.loads(body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return f"is not JSON, which a workflow takes: {body[:60]}"
        found = problems(self._port["schema"], content)
        return "is refused: " + ", ".join(found) if found else None

    def send(self, bodies: Sequence[str]) -> Iterator[list[Sent]]:
        """Start an execution for each body; yields each outcome, in any order."""
        start = self._run if self._express else self._start
        yield from at_once(lambda item: [start(*item)], list(enumerate(bodies)), CALLS)

    def show(self, sent: dict[str, int], wait_s: float, printer: Printer) -> Exit:
        """Print what becomes of the executions started (name -> index), as they end, for at most `wait_s` seconds."""
        return self._show_ended(sent, printer) if self._express else self._follow(sent, wait_s, printer)

    def _start(self, index: int, body: str) -> Sent:
        name = self._name(body)
        try:
            self._states.start_execution(stateMachineArn=self._port["arn"], name=name, input=body)
        except self._states.exceptions.ExecutionAlreadyExists:
            before = Executions(self._target, self._port).describe(name)
            if parse(before.input) != json.loads(body):
                return Sent(index, problem=f"{self._port['name_by']} {name} was sent before, with another content")
            return Sent(index, name, dropped=f"{self._port['name_by']} {name} was sent before")
        return Sent(index, name)

    def _run(self, index: int, body: str) -> Sent:
        answer = self._states.start_sync_execution(stateMachineArn=self._port["arn"], name=self._name(body), input=body)
        execution = execution_of(answer)
        self._ended[execution.name] = execution
        return Sent(index, execution.name)

    def _name(self, body: str) -> str:
        own: Any = json.loads(body).get(self._port.get("name_by"))
        return own or str(uuid.uuid4())

    def _show_ended(self, sent: dict[str, int], printer: Printer) -> Exit:
        for name in sent:
            execution = self._ended[name]
            printer.result({"message_id": name, "seconds": execution.seconds}, execution.body)
        say(f"an Express workflow keeps no path; {where_its_log_is(self._port)}")
        bad = any(is_error_reply(parse(self._ended[name].body)) for name in sent)
        return Exit.ERROR_REPLY if bad else Exit.DONE

    def _follow(self, sent: dict[str, int], wait_s: float, printer: Printer) -> Exit:
        executions = Executions(self._target, self._port)
        pending = set(sent)
        good = True
        deadline = time.monotonic() + wait_s
        pause = POLL_S
        with progress("executions", len(sent)) as advance:
            while pending:
                for name in sorted(pending, key=lambda name: sent[name]):
                    execution = executions.find(name)
                    if execution is None:  # not yet
                        continue
                    if execution.status == "SUCCEEDED" or execution.status in FAILED:
                        good &= executions.show(execution, printer)
                        pending.remove(name)
                        advance(1)
                left = deadline - time.monotonic()
                if left <= 0 or not pending:
                    break
                time.sleep(min(pause, left))
                pause = min(pause * 1.5, MAX_POLL_S)
        if pending:
            few = ", ".join(sorted(pending, key=lambda name: sent[name])[:3]) + (", ..." if len(pending) > 3 else "")
            say(f"error: {len(pending)} of {len(sent)} executions have not ended in {wait_s:g} s: {few}")
            return Exit.NOTHING_IN_TIME
        return Exit.DONE if good else Exit.ERROR_REPLY


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
