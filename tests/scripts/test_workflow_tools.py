"""The tools for workflows against a Step Functions that answers as AWS does: names, copies, failures, approvals."""

import argparse
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kit.approvals import answer
from kit.cli import Exit, Stop
from kit.executions import Executions
from kit.output import Printer
from kit.workflows import WorkflowSender

import read_results
import send_message

ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:lab-checkout-saga"
SCHEMA = {"required": ["total"], "properties": {"total": {"type": "number", "exclusiveMinimum": 0}}}
PORT = {"kind": "states", "arn": ARN, "type": "STANDARD", "logs": "/logs", "schema": SCHEMA, "name_by": "order_id"}
START = datetime(2025, 1, 31, 8, tzinfo=timezone.utc)


class States:
    """Stands for a target and its Step Functions: executions by name, which end when they are looked at."""

    class exceptions:
        class ExecutionAlreadyExists(Exception):
            pass

        class ExecutionDoesNotExist(Exception):
            pass

        ClientError = ClientError

    def __init__(self, **endings: dict[str, str]) -> None:
        self.inputs: dict[str, str] = {}
        self.endings = endings
        self.answered: list[dict[str, str]] = []
        self.token_error = ""
        #: Executions that are not found yet, and how often.
        self.unknown: dict[str, int] = {}

    def client(self, service: str) -> "States":
        return self

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> None:
        assert stateMachineArn == ARN and 1 <= len(name) <= 80
        if name in self.inputs:
            raise self.exceptions.ExecutionAlreadyExists
        self.inputs[name] = input

    def start_sync_execution(self, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:
        self.inputs[name] = input
        return self.describe_execution(f"{ARN}:{name}".replace("stateMachine", "express"))

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        name = executionArn.split(":")[7]
        if self.unknown.get(name, 0):
            self.unknown[name] -= 1
            raise self.exceptions.ExecutionDoesNotExist
        if name not in self.inputs:
            raise self.exceptions.ExecutionDoesNotExist
        ending = self.endings.get(name, {"status": "SUCCEEDED", "output": '{"result": 1}'})
        took = timedelta(seconds=2 + list(self.inputs).index(name))
        stopped = {} if ending["status"] == "RUNNING" else {"stopDate": START + took}
        return {"executionArn": executionArn, "input": self.inputs[name], "startDate": START, **stopped, **ending}

    def get_paginator(self, operation: str) -> "States":
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        if "statusFilter" not in request:
            return [{"events": []}]
        ended = [(name, self.describe_execution(f"a:a:a:a:a:a:a:{name}")) for name in self.inputs]
        found = [(name, told) for name, told in ended if told["status"] == request["statusFilter"]]
        return [{"executions": [{"name": name, "stopDate": told["stopDate"]} for name, told in found]}]

    def send_task_success(self, **answer: str) -> None:
        if self.token_error:
            raise ClientError({"Error": {"Code": self.token_error, "Message": "no"}}, "SendTaskSuccess")
        self.answered.append(answer)


def send(states: States, port: dict[str, Any], *bodies: str) -> tuple[WorkflowSender, dict[str, int], list[str]]:
    sender = WorkflowSender(states, port)  # type: ignore[arg-type]  # all it needs of a target
    assert [sender.problem(body) for body in bodies] == [None] * len(bodies)
    outcomes = [sent for group in sender.send(bodies) for sent in group]
    return (
        sender,
        {sent.message_id: sent.index for sent in outcomes if not sent.problem},
        [sent.problem for sent in outcomes if sent.problem],
    )


def test_an_execution_is_named_by_the_message_or_anew() -> None:
    states = States()
    _, sent, problems = send(states, PORT, '{"total": 1, "order_id": "o-1"}', '{"total": 2}', '{"total": 3}')
    assert problems == [] and len(sent) == 3 and sent["o-1"] == 0
    assert sorted(states.inputs.values()) == ['{"total": 1, "order_id": "o-1"}', '{"total": 2}', '{"total": 3}']


def test_the_same_message_again_is_sent_and_another_one_of_that_name_is_refused() -> None:
    states = States()
    send(states, PORT, '{"total": 1, "order_id": "o-1"}')
    _, sent, problems = send(states, PORT, '{"order_id": "o-1", "total": 1}', '{"total": 2, "order_id": "o-1"}')
    assert sent == {"o-1": 0}
    assert problems == ["order_id o-1 was sent before, with another content"]


def test_an_execution_that_exists_is_not_said_to_be_sent(capsys: pytest.CaptureFixture[str]) -> None:
    states = States()
    sender = WorkflowSender(states, PORT)  # type: ignore[arg-type]  # as above
    for count, said in ((3, "sent 1 of 3 in "), (1, "sent 0 of 1 in ")):
        accepted, _ = send_message.send(sender, ['{"total": 1, "order_id": "o-1"}'] * count)
        assert {sent.message_id for sent in accepted} == {"o-1"} and len(accepted) == count
        first, second = capsys.readouterr().err.splitlines()
        dropped = 2 if count == 3 else 1
        assert first.startswith(said)
        assert second == f"{dropped} of {count} dropped as duplicates: order_id o-1 was sent before"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("hello", "is not JSON, which a workflow takes: hello"),
        ('{"total": NaN}', 'is not JSON, which a workflow takes: {"total": NaN}'),
        ('{"total": 0}', "is refused: total must be a number above 0, not 0"),
        ("{}", "is refused: total is missing"),
    ],
)
def test_what_is_refused(body: str, problem: str) -> None:
    assert WorkflowSender(States(), PORT).problem(body) == problem  # type: ignore[arg-type]  # as above


def test_results_and_failures_are_shown_as_they_end(capsys: pytest.CaptureFixture[str]) -> None:
    crash = {"errorMessage": "it broke", "errorType": "RuntimeError", "stackTrace": ["..."]}
    states = States(
        bad={"status": "FAILED", "error": "RuntimeError", "cause": json.dumps(crash)},
        late={"status": "TIMED_OUT"},
    )
    bodies = [json.dumps({"total": 1, "order_id": name}) for name in ("good", "bad", "late")]
    sender, sent, _ = send(states, PORT, *bodies)
    assert sender.show(sent, 5, Printer(as_json=True)) == Exit.ERROR_REPLY
    shown = {record["message_id"]: record for record in map(json.loads, capsys.readouterr().out.splitlines())}
    assert shown["good"]["body"] == {"result": 1} and shown["good"]["seconds"] >= 2
    assert shown["bad"]["body"]["error"] == "it broke" and shown["bad"]["body"]["failure"] == "RuntimeError"
    assert shown["late"]["body"]["error"] == "the execution has ended as TIMED_OUT"


def test_what_has_not_ended_in_time_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    sender, sent, _ = send(States(slow={"status": "RUNNING"}), PORT, '{"total": 1, "order_id": "slow"}')
    assert sender.show(sent, 0.1, Printer(as_json=True)) == Exit.NOTHING_IN_TIME
    assert capsys.readouterr().err == "error: 1 of 1 executions have not ended in 0.1 s: slow\n"


def test_an_execution_that_step_functions_does_not_know_yet_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    """DescribeExecution is eventually consistent: right after StartExecution there may be none."""
    states = States()
    sender, sent, _ = send(states, PORT, '{"total": 1, "order_id": "new"}', '{"total": 1, "order_id": "lost"}')
    states.unknown = {"new": 2, "lost": 10**6}
    assert sender.show(sent, 3, Printer(as_json=True)) == Exit.NOTHING_IN_TIME
    shown = capsys.readouterr()
    assert json.loads(shown.out)["message_id"] == "new"
    assert shown.err == "error: 1 of 2 executions have not ended in 3 s: lost\n"


def test_an_express_workflow_is_run_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    sender, sent, _ = send(States(), {**PORT, "type": "EXPRESS"}, '{"total": 1, "order_id": "x"}')
    assert sender.show(sent, 5, Printer(as_json=True)) == Exit.DONE
    shown = capsys.readouterr()
    assert json.loads(shown.out)["body"] == {"result": 1}
    assert "its log is /logs" in shown.err
    without = {name: value for name, value in PORT.items() if name != "logs"} | {"type": "EXPRESS"}
    with pytest.raises(Stop, match="keeps no executions; it has no log"):
        Executions(States(), without)  # type: ignore[arg-type]  # as above
    with pytest.raises(Stop, match="an Express workflow keeps no executions; its log is /logs"):
        Executions(States(), {**PORT, "type": "EXPRESS"})  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, ["good", "bad"]), ({"failed": True}, ["bad"]), ({"execution": "good"}, ["good"]), ({"max": 1}, ["bad"])],
)
def test_past_executions(options: dict[str, Any], expected: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    states = States(bad={"status": "FAILED", "error": "declined", "cause": "no"}, running={"status": "RUNNING"})
    states.inputs = dict.fromkeys(("good", "bad", "running"), "{}")
    defaults = {"failed": False, "execution": None, "max": None, "wait": 0, "follow": False}
    code = read_results.read_executions(
        Executions(states, PORT),  # type: ignore[arg-type]  # as above
        Printer(as_json=True),
        argparse.Namespace(**{**defaults, **options}),
    )
    shown = [json.loads(line)["message_id"] for line in capsys.readouterr().out.splitlines()]
    assert sorted(shown) == sorted(expected)
    assert code == (Exit.ERROR_REPLY if "bad" in expected else Exit.DONE)


def test_an_execution_that_goes_on_is_shown_so_far(capsys: pytest.CaptureFixture[str]) -> None:
    states = States(running={"status": "RUNNING"})
    states.inputs = {"running": "{}"}
    options = argparse.Namespace(failed=False, execution="running", max=None, wait=0, follow=False)
    executions = Executions(states, PORT)  # type: ignore[arg-type]  # as above
    assert read_results.read_executions(executions, Printer(as_json=True), options) == Exit.NOTHING_IN_TIME
    shown = capsys.readouterr()
    assert json.loads(shown.out)["status"] == "RUNNING"
    assert shown.err == "execution running has not ended within 0 s\n"


def test_an_answer_that_comes_too_late_is_said() -> None:
    states = States()
    requests = {"e": {"token": "t"}}
    assert answer(states, requests, "e", approved=False) == "refused"
    assert states.answered == [{"taskToken": "t", "output": '{"approved": false}'}]
    states.token_error = "TaskTimedOut"
    with pytest.raises(Stop, match="execution e does not wait any more: nothing was answered"):
        answer(states, requests, "e", approved=True)
    states.token_error = "AccessDeniedException"
    with pytest.raises(ClientError):
        answer(states, requests, "e", approved=True)
    with pytest.raises(Stop, match="no execution other waits for an approval"):
        answer(states, requests, "other", approved=True)
