"""The proof of one lab: deployed as a student deploys it, its example answered, planned again, destroyed."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kit import inventory, removal, toolchain
from kit.answers import show_answers
from kit.cdktf import Outcome, run_quietly
from kit.cli import Exit, Stop
from kit.inventory import Found
from kit.outgoing import Choices, refused
from kit.output import Printer
from kit.ports import ports_of
from kit.proof.shapes import Shape, logged_event, shape_of, together
from kit.senders import example_of, sender_to
from kit.target import Target
from kit.terraform_errors import came_late

import project

#: How long answers and log lines may take, in seconds: on AWS a filter, a cold start and CloudWatch take their time.
ANSWER_S = {"aws": 300, "local": 120}
EVENTS_S = {"aws": 90, "local": 60}


class Collected(Printer):
    """Keeps what would be printed."""

    def __init__(self) -> None:
        super().__init__(as_json=True)
        self.records: list[dict[str, Any]] = []

    def result(self, record: dict[str, Any], body: str, note: str = "", below: Sequence[str] = ()) -> None:
        self.records.append(record)


class LabProof:
    """One lab, synthesized into `folder` before, with a state of its own, at a target whose prefix is the proof's."""

    def __init__(self, target: Target, lab: str, folder: Path, state: Path) -> None:
        self._target = target
        self._lab = lab
        self._folder = folder
        self._where = "local" if target.endpoint else "aws"
        self._state = state

    def deploy(self) -> None:
        """`cdktf deploy` with its own defaults. Raises Stop."""
        done = self._cdktf("deploy", "--auto-approve")
        if came_late(done.reasons):
            raise Stop("a dead-letter queue came after the queue that names it; " + done.reasons[0], Exit.ERROR_REPLY)
        self._well(done)

    def example(self) -> None:
        """Send the lab's example: every message is accepted, and each has a good answer. Raises Stop."""
        if self._use() is Exit.ERROR_REPLY:
            raise Stop("a message was answered with an error", Exit.ERROR_REPLY)

    def _use(self) -> Exit:
        """Send the example and await an answer to each message; whether one is an error. Raises Stop."""
        ports = ports_of(self._target, self._lab)
        bodies = example_of(ports["input"])
        sender = sender_to(self._target, ports["input"], Choices())
        outcomes = [each for group in sender.send(bodies) for each in group] if not refused(sender, bodies) else []
        sent = {each.message_id: each.index for each in outcomes if not each.problem}
        if not bodies or len(sent) != len(bodies):
            why = next((each.problem for each in outcomes if each.problem), "the port would refuse it")
            raise Stop(f"of {len(bodies)} messages {len(sent)} were accepted: {why}", Exit.ERROR_REPLY)
        printer = Collected()
        wait_s = ANSWER_S[self._where]
        code = show_answers(self._target, ports["output"], sender, sent, bodies, wait_s, printer)
        answered = {record.get("message_id") for record in printer.records} & sent.keys()
        if code not in (Exit.DONE, Exit.ERROR_REPLY) or len(answered) != len(sent):
            raise Stop(f"{len(answered)} of {len(sent)} messages were answered in {wait_s} s", Exit.NOTHING_IN_TIME)
        return code

    def plan(self) -> None:
        """A second plan has nothing to do. Raises Stop."""
        done = self._well(self._cdktf("diff"))
        if not any(summary.startswith("No changes.") for summary in done.summaries):
            raise Stop("a second plan would change what was just deployed", Exit.ERROR_REPLY)

    def events(self) -> dict[str, Shape]:
        """The shapes of the events that the example gives the lab's functions, by function. Raises Stop.

        The functions log them, by a variable of Powertools: what is deployed is another thing afterwards.
        """
        functions = {each.name for each in inventory.take(self._target, self._lab)[0] if each.kind == "function"}
        since = int(time.time() * 1000)
        for name in functions:
            self._log_events(name)
        self._use()  # a second time, which a workflow may well answer with an error
        shapes: dict[str, Shape] = {}
        deadline = time.monotonic() + EVENTS_S[self._where]
        while len(shapes) < len(functions) and time.monotonic() < deadline:
            for name in functions - shapes.keys():
                if shape := self._logged(name, since):
                    shapes[name] = shape
            time.sleep(0.5)
        if functions and not shapes:
            raise Stop("no function has logged an event", Exit.NOTHING_IN_TIME)
        own = f"{self._target.prefix}-{self._lab}-"
        return {f"{self._lab}.{name.removeprefix(own)}": shape for name, shape in shapes.items()}

    def destroy(self) -> None:
        """`cdktf destroy`; what another process stopped half-way is tried twice. Raises Stop."""
        done = self._cdktf("destroy", "--auto-approve", to_the_end=True)
        self._well(self._cdktf("destroy", "--auto-approve", to_the_end=True) if done.code else done)

    def leftovers(self) -> None:
        """Nothing of the lab is left; what is, is deleted. Raises Stop where there was something, or still is."""
        removal.delete_late_logs(self._target, [self._lab])
        # What a user may not list, such as a service that the account lacks, this user has not made either.
        found, _, unlisted = inventory.take(self._target, self._lab)
        found = [each for each in found if each.kind != "other"]
        left = [each for each in found if not self._deleted(each)]
        if left:
            raise Stop(f"STILL THERE, delete it: {', '.join(f'{each.kind} {each.name}' for each in left)}", Exit.USAGE)
        for path in (self._state, self._state.with_name(f"{self._state.name}.backup")):
            path.unlink(missing_ok=True)
        if found:
            named = ", ".join(f"{each.kind} {each.name}" for each in found)
            raise Stop(f"left by destroy, now deleted: {named}", Exit.ERROR_REPLY)
        if unlisted:
            raise Stop("; ".join(unlisted), Exit.ERROR_REPLY)

    def _deleted(self, found: Found) -> bool:
        from botocore.exceptions import ClientError

        try:
            removal.delete(self._target, found)
        except (ClientError, KeyError):
            return False
        return True

    def _cdktf(self, command: str, *options: str, to_the_end: bool = False) -> Outcome:
        environment = toolchain.environment_at(self._target, os.environ) | {"CDKTF_OUTPUT": str(self._folder)}
        words = [str(toolchain.CDKTF), command, self._lab, "--skip-synth", *options]
        log = self._folder.parent / f"{self._lab}-{command}.log"
        return run_quietly(words, environment, log, to_the_end=to_the_end)

    def _well(self, done: Outcome) -> Outcome:
        if done.code:
            logs = self._folder.parent.relative_to(project.ROOT)
            raise Stop(f"cdktf failed ({logs} has its output): {' '.join(done.reasons)}", Exit.ERROR_REPLY)
        return done

    def _log_events(self, name: str) -> None:
        functions = self._target.client("lambda")
        variables = functions.get_function_configuration(FunctionName=name).get("Environment", {}).get("Variables", {})
        variables["POWERTOOLS_LOGGER_LOG_EVENT"] = "true"
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)

    def _logged(self, name: str, since_ms: int) -> Shape | None:
        logs = self._target.client("logs")
        found: Shape | None = None
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{name}", startTime=since_ms, filterPattern=""
        )
        for line in (event["message"] for page in pages for event in page["events"]):
            if event := logged_event(line):  # an empty one, sent by hand, tells nothing
                found = together(found, shape_of(event)) if found else shape_of(event)
        return found
