"""Functions: the names of their errors, their logs, their environment, and their destinations."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws import ROLE, Aws

RAISE = "class Declined(Exception): pass\nraise Declined('no money')"


def test_the_error_type_is_the_name_of_the_exceptions_class(aws: Aws) -> None:
    answer = aws.invoke(aws.function(RAISE))
    assert answer["errorType"] == "Declined"
    assert answer["errorMessage"] == "no money"
    assert answer["requestId"]
    assert any("raise Declined" in line for line in answer["stackTrace"])


def test_an_answer_that_is_no_json_has_a_name_of_its_own(aws: Aws) -> None:
    answer = aws.invoke(aws.function("return {1, 2}"))
    assert answer["errorType"] == "Runtime.MarshalError"
    assert answer["errorMessage"] == "Unable to marshal response: Object of type set is not JSON serializable"


def test_a_process_that_ends_has_a_name_of_its_own(aws: Aws) -> None:
    function = aws.function("os._exit(1)")
    assert aws.invoke(function)["errorType"] == "Runtime.ExitError"
    assert aws.invoke(function)["errorType"] == "Runtime.ExitError"


def test_an_exception_does_not_end_the_environment(aws: Aws) -> None:
    function = aws.function("raise ValueError(str(os.getpid()))")
    assert aws.invoke(function)["errorMessage"] == aws.invoke(function)["errorMessage"]


def run_machine(aws: Aws, task: dict[str, Any], role: str = ROLE) -> dict[str, Any]:
    """The end of an execution of one task, after which a state says what was caught."""
    definition = {
        "StartAt": "task",
        "States": {"task": {"Type": "Task", **task, "End": True}, "caught": {"Type": "Pass", "End": True}},
    }
    machine = aws.stepfunctions.create_state_machine(
        name=aws.name("machine"), definition=json.dumps(definition), roleArn=role
    )["stateMachineArn"]
    execution = aws.stepfunctions.start_execution(stateMachineArn=machine)["executionArn"]

    def ended() -> Any:
        found = aws.stepfunctions.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    return aws.wait_for(ended) or {}


def test_a_workflow_catches_an_error_by_its_name(aws: Aws) -> None:
    function = aws.function(RAISE)
    catch = [{"ErrorEquals": ["Declined"], "Next": "caught"}]
    end = run_machine(aws, {"Resource": arn(aws, function), "Catch": catch})
    assert end["status"] == "SUCCEEDED"
    assert json.loads(end["output"])["Error"] == "Declined"


def test_a_workflow_retries_an_error_by_its_name(aws: Aws) -> None:
    body = "global n\nn = globals().get('n', 0) + 1\nif n < 3:\n    raise ConnectionError('busy')\nreturn n"
    retry = [{"ErrorEquals": ["ConnectionError"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}]
    end = run_machine(aws, {"Resource": arn(aws, aws.function(body)), "Retry": retry})
    assert end["status"] == "SUCCEEDED"
    assert end["output"] == "3"


def test_a_workflow_sees_a_throttled_function_by_its_name(aws: Aws) -> None:
    function = aws.function("return 1")
    aws.lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    catch = [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "Next": "caught"}]
    assert run_machine(aws, {"Resource": arn(aws, function), "Catch": catch})["status"] == "SUCCEEDED"


def arn(aws: Aws, function: str) -> str:
    return str(aws.lambda_.get_function(FunctionName=function)["Configuration"]["FunctionArn"])


def test_the_standard_librarys_logs_reach_the_log(aws: Aws) -> None:
    function = aws.function(
        "import logging\nroot = logging.getLogger()\nroot.debug('not seen')\nroot.warning('seen')\n"
        "root.setLevel('INFO')\nroot.info('seen too')\nroot.setLevel('WARNING')\nreturn context.aws_request_id"
    )
    request_id = json.loads(aws.lambda_.invoke(FunctionName=function)["Payload"].read())
    lines = aws.wait_for(lambda: log_of(aws, function, "seen"))
    pattern = r"\[(\w+)\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t(\S+)\t(.*)"
    found = [match.groups() for line in lines if (match := re.fullmatch(pattern, line.strip()))]
    assert found == [("WARNING", request_id, "seen"), ("INFO", request_id, "seen too")]


def log_of(aws: Aws, function: str, word: str) -> list[str]:
    events = aws.logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    return [event["message"] for event in events if word in event["message"]]


def test_a_success_reaches_its_destination(aws: Aws) -> None:
    succeeded, failed = aws.queue(), aws.queue()
    function = aws.function("return event['n'] + 1")
    destinations = {"OnSuccess": {"Destination": succeeded.arn}, "OnFailure": {"Destination": failed.arn}}
    aws.lambda_.put_function_event_invoke_config(FunctionName=function, DestinationConfig=destinations)
    aws.lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=b'{"n": 1}')
    (record,) = succeeded.take()
    assert record["requestContext"]["condition"] == "Success"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["requestPayload"] == {"n": 1}
    assert record["responsePayload"] == 2
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert failed.take_for(0.1) == []


def test_a_failure_says_what_failed_how_often(aws: Aws) -> None:
    failed = aws.queue()
    function = aws.function(RAISE)
    destinations = {"OnFailure": {"Destination": failed.arn}}
    settings = {"MaximumRetryAttempts": 1, "DestinationConfig": destinations}
    aws.lambda_.put_function_event_invoke_config(FunctionName=function, **settings)
    aws.lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    (record,) = failed.take()
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responsePayload"]["errorType"] == "Declined"
    assert record["responseContext"]["functionError"] == "Unhandled"


def test_a_dead_letter_queue_gets_the_event_itself(aws: Aws) -> None:
    dead = aws.queue()
    function = aws.function(RAISE, DeadLetterConfig={"TargetArn": dead.arn})
    aws.lambda_.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0)
    aws.lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=b'{"id": "x"}')
    (message,) = dead.messages()
    assert json.loads(message["Body"]) == {"id": "x"}
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no money"
    assert message["MessageAttributes"]["ErrorCode"] == {"DataType": "Number", "StringValue": "200"}


def test_a_function_that_was_deleted_while_it_ran_leaves_nothing(aws: Aws) -> None:
    reports = aws.queue()
    function = aws.function("tell(begun=True)\ntime.sleep(1)\nprint('late')", reports)
    aws.lambda_.invoke(FunctionName=function, InvocationType="Event")
    assert reports.take() == [{"begun": True}]
    aws.lambda_.delete_function(FunctionName=function)
    assert reports.take_for(3) == [], "it was tried again"
    assert aws.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{function}")["logGroups"] == []


def test_a_log_group_that_was_deleted_while_its_function_ran_comes_back_with_the_last_lines(corrected: Aws) -> None:
    """So a group that is destroyed before its function is in the way of the next deployment, as on AWS."""
    reports = corrected.queue()
    function = corrected.function("tell(begun=True)\ntime.sleep(1)\nprint('late')", reports)
    group = f"/aws/lambda/{function}"
    corrected.logs.create_log_group(logGroupName=group)
    corrected.lambda_.invoke(FunctionName=function, InvocationType="Event")
    assert reports.take() == [{"begun": True}]
    corrected.logs.delete_log_group(logGroupName=group)
    assert corrected.wait_for(lambda: corrected.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"])
    assert corrected.wait_for(lambda: log_of(corrected, function, "late"))
    with pytest.raises(corrected.logs.exceptions.ResourceAlreadyExistsException):
        corrected.logs.create_log_group(logGroupName=group)


@pytest.mark.parametrize("payload", [b'"\xff"', b"{'n': 1}", b"\x00"])
@pytest.mark.parametrize("way", ["RequestResponse", "Event"])
def test_a_payload_that_is_no_json_is_refused(aws: Aws, payload: bytes, way: str) -> None:
    function = aws.function("return event")
    with pytest.raises(ClientError) as refused:
        aws.once("lambda").invoke(FunctionName=function, InvocationType=way, Payload=payload)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"
    assert "Could not parse payload into json" in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("payload", [b"", b"null", b"[1]", '{"name": "é"}'.encode()])
def test_any_json_is_a_payload(corrected: Aws, payload: bytes) -> None:
    function = corrected.function("return {'event': event}")
    answer = json.loads(corrected.lambda_.invoke(FunctionName=function, Payload=payload)["Payload"].read())
    assert answer == {"event": json.loads(payload or b"{}")}
