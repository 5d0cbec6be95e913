"""Workflows: the history of an execution as Step Functions tells it."""

import json

from aws import ROLE, Aws


def test_each_event_names_the_one_before_it_and_the_first_state_none(aws: Aws) -> None:
    """The example of the AWS CLI for `get-execution-history` has these numbers."""
    definition = {"StartAt": "only", "States": {"only": {"Type": "Pass", "End": True}}}
    machine = aws.stepfunctions.create_state_machine(
        name=aws.name("machine"), definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    execution = aws.stepfunctions.start_execution(stateMachineArn=machine)["executionArn"]
    aws.wait_for(lambda: aws.stepfunctions.describe_execution(executionArn=execution)["status"] != "RUNNING")
    events = aws.stepfunctions.get_execution_history(executionArn=execution)["events"]
    assert [(event["type"], event["id"], event.get("previousEventId")) for event in events] == [
        ("ExecutionStarted", 1, 0),
        ("PassStateEntered", 2, 0),
        ("PassStateExited", 3, 2),
        ("ExecutionSucceeded", 4, 3),
    ]
