"""A workflow that is deleted while executions of it run."""

import json
import os
import signal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws import ROLE, Aws, Queue, saved


def definition(queue: Queue, wait_s: int) -> str:
    """A workflow that waits as long as its input says, and then tells so."""
    send = {"QueueUrl": queue.url, "MessageBody": "1"}
    states = {
        "wait": {"Type": "Wait", "Seconds": wait_s, "Next": "tell"},
        "tell": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": send, "End": True},
    }
    return json.dumps({"StartAt": "wait", "States": states})


def make(aws: Aws, text: str, **more: Any) -> tuple[str, str]:
    """A new workflow's name and ARN."""
    name = aws.name("machine")
    made = aws.stepfunctions.create_state_machine(name=name, definition=text, roleArn=ROLE, **more)
    return name, str(made["stateMachineArn"])


def start(aws: Aws, machine: str) -> str:
    return str(aws.stepfunctions.start_execution(stateMachineArn=machine)["executionArn"])


def status(aws: Aws, machine: str) -> str:
    try:
        return str(aws.stepfunctions.describe_state_machine(stateMachineArn=machine)["status"])
    except aws.stepfunctions.exceptions.StateMachineDoesNotExist:
        return "gone"


def test_it_is_deleted_after_its_executions_which_go_no_step_further(aws: Aws) -> None:
    reports = aws.queue()
    _, machine = make(aws, definition(reports, 2))
    start(aws, machine)
    aws.stepfunctions.delete_state_machine(stateMachineArn=machine)
    assert status(aws, machine) == "DELETING"
    assert aws.wait_for(lambda: status(aws, machine) == "gone")
    assert reports.take_for(1) == []


def test_meanwhile_nothing_else_can_be_done_with_it(aws: Aws) -> None:
    text = definition(aws.queue(), 60)
    name, machine = make(aws, text)
    execution = start(aws, machine)
    aws.stepfunctions.delete_state_machine(stateMachineArn=machine)
    refused: list[tuple[str, dict[str, Any]]] = [
        ("start_execution", {"stateMachineArn": machine}),
        ("update_state_machine", {"stateMachineArn": machine, "definition": text}),
        ("create_state_machine", {"name": name, "definition": text, "roleArn": ROLE}),
    ]
    for operation, arguments in refused:
        with pytest.raises(ClientError) as error:
            getattr(aws.stepfunctions, operation)(**arguments)
        assert error.value.response["Error"]["Code"] == "StateMachineDeleting"
    aws.stepfunctions.delete_state_machine(stateMachineArn=machine)  # once more does no harm
    aws.stepfunctions.stop_execution(executionArn=execution)
    assert status(aws, machine) == "gone"
    aws.stepfunctions.create_state_machine(name=name, definition=text, roleArn=ROLE)


def test_of_several_executions_the_last_decides(aws: Aws) -> None:
    text = definition(aws.queue(), 1)
    _, machine = make(aws, text)
    short = start(aws, machine)
    aws.wait_for(lambda: len(aws.stepfunctions.get_execution_history(executionArn=short)["events"]) > 1)
    aws.stepfunctions.update_state_machine(stateMachineArn=machine, definition=definition(aws.queue(), 60))
    long = start(aws, machine)
    aws.stepfunctions.delete_state_machine(stateMachineArn=machine)

    def ended() -> Any:
        found = aws.stepfunctions.describe_execution(executionArn=short)
        return found["status"] != "RUNNING" and found

    assert aws.wait_for(ended)["status"] == "ABORTED"
    last = aws.stepfunctions.get_execution_history(executionArn=short)["events"][-1]
    assert last["type"] == "ExecutionAborted"
    assert status(aws, machine) == "DELETING"
    aws.stepfunctions.stop_execution(executionArn=long)
    assert status(aws, machine) == "gone"


def test_a_callback_that_is_waited_for_keeps_it(aws: Aws) -> None:
    """As the approval of lab checkout does."""
    reports = aws.queue()
    send = {"QueueUrl": reports.url, "MessageBody.$": "$$.Task.Token"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": send}
    states = {"ask": {**task, "TimeoutSeconds": 60, "Next": "end"}, "end": {"Type": "Succeed"}}
    _, machine = make(aws, json.dumps({"StartAt": "ask", "States": states}))
    start(aws, machine)
    (message,) = reports.messages()
    aws.stepfunctions.delete_state_machine(stateMachineArn=machine)
    assert status(aws, machine) == "DELETING"
    aws.stepfunctions.send_task_success(taskToken=message["Body"], output="{}")
    assert aws.wait_for(lambda: status(aws, machine) == "gone")


def test_it_is_gone_after_a_kill(aws: Aws) -> None:
    _, machine = make(aws, definition(aws.queue(), 60))
    start(aws, machine)
    aws.stepfunctions.delete_state_machine(stateMachineArn=machine)
    assert status(aws, machine) == "DELETING"
    saved(aws)
    assert aws.engine.pid
    os.kill(aws.engine.pid, signal.SIGKILL)
    aws.engine.start()
    assert status(aws, machine) == "gone"
