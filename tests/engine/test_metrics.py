"""Metrics of queues, streams, functions and workflows, and the alarms on them."""

import datetime
import json
from typing import Any

from aws import ROLE, Aws, Queue


def alarm(aws: Aws, namespace: str, metric: str, dimensions: dict[str, str], actions: Queue, **settings: Any) -> str:
    """An alarm that tells `actions` of each of its states; returns its name."""
    topic = aws.sns.create_topic(Name=aws.name("alarms"))["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=actions.arn, Attributes=raw)
    name = aws.name("alarm")
    defaults = {
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    aws.cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        AlarmActions=[topic],
        OKActions=[topic],
        **{**defaults, **settings},
    )
    return name


def states(queue: Queue, name: str, count: int) -> list[str]:
    return [told["NewStateValue"] for told in queue.take(count) if told["AlarmName"] == name]


def test_an_alarm_on_waiting_messages_is_about_its_own_queue(aws: Aws) -> None:
    full, empty, actions = aws.queue(), aws.queue(), aws.queue()
    full.send(["x"])
    metric = "ApproximateNumberOfMessagesVisible"
    name = alarm(aws, "AWS/SQS", metric, {"QueueName": full.name}, actions)
    other = alarm(aws, "AWS/SQS", metric, {"QueueName": empty.name}, aws.queue())
    assert "ALARM" in states(actions, name, 2)
    found = aws.cloudwatch.describe_alarms(AlarmNames=[name, other])["MetricAlarms"]
    assert {one["AlarmName"]: one["StateValue"] for one in found} == {name: "ALARM", other: "OK"}


def test_an_alarm_returns_to_ok(corrected: Aws) -> None:
    queue, actions = corrected.queue(), corrected.queue()
    queue.send(["x"])
    metric = "ApproximateNumberOfMessagesVisible"
    name = alarm(corrected, "AWS/SQS", metric, {"QueueName": queue.name}, actions, Period=10)
    assert states(actions, name, 2)[-1] == "ALARM"
    queue.messages()
    assert states(actions, name, 1) == ["OK"]


def test_the_age_of_the_oldest_message(aws: Aws) -> None:
    queue, actions = aws.queue(), aws.queue()
    queue.send(["x"])
    dimensions = {"QueueName": queue.name}
    name = alarm(aws, "AWS/SQS", "ApproximateAgeOfOldestMessage", dimensions, actions, Threshold=3)
    assert "ALARM" in states(actions, name, 2)


def test_a_stream_counts_what_comes_in_and_how_far_its_readers_are_behind(aws: Aws) -> None:
    stream, actions = aws.stream(), aws.queue()
    function = aws.function("raise ValueError('never')")
    aws.map(function, aws.stream_arn(stream), StartingPosition="TRIM_HORIZON")
    aws.put(stream, "abc", "defg")
    dimensions = {"StreamName": stream}
    name = alarm(aws, "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", dimensions, actions, Threshold=3000)
    assert "ALARM" in states(actions, name, 2)
    assert total(aws, "AWS/Kinesis", "IncomingRecords", StreamName=stream) == 2
    assert total(aws, "AWS/Kinesis", "IncomingBytes", StreamName=stream) == 7
    assert total(aws, "AWS/Kinesis", "WriteProvisionedThroughputExceeded", StreamName=stream) == 0


def test_a_function_that_an_event_source_invokes_is_measured_once(aws: Aws) -> None:
    queue, reports = aws.queue(), aws.queue()
    function = aws.function("tell(batch=bodies(event))\nraise ValueError('no')", reports)
    queue.send(["x"])
    aws.map(function, queue.arn)
    assert reports.take() == [{"batch": ["x"]}]
    assert aws.wait_for(lambda: total(aws, "AWS/Lambda", "Errors", FunctionName=function)) == 1
    assert total(aws, "AWS/Lambda", "Invocations", FunctionName=function) == 1


def test_a_function_that_is_invoked_is_measured_once(corrected: Aws) -> None:
    function = corrected.function("return {}")
    corrected.invoke(function)
    assert corrected.wait_for(lambda: total(corrected, "AWS/Lambda", "Invocations", FunctionName=function)) == 1


def test_an_alarm_on_failed_executions(aws: Aws) -> None:
    actions = aws.queue()
    definition = {"StartAt": "fail", "States": {"fail": {"Type": "Fail", "Error": "no"}}}
    machine = aws.stepfunctions.create_state_machine(
        name=aws.name("machine"), definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    dimensions = {"StateMachineArn": machine}
    name = alarm(aws, "AWS/States", "ExecutionsFailed", dimensions, actions, Statistic="Sum")
    aws.stepfunctions.start_execution(stateMachineArn=machine)
    assert "ALARM" in states(actions, name, 2)
    assert total(aws, "AWS/States", "ExecutionsStarted", StateMachineArn=machine) == 1


def total(aws: Aws, namespace: str, metric: str, **dimensions: str) -> float:
    now = datetime.datetime.now(datetime.timezone.utc)
    points = aws.cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - datetime.timedelta(minutes=10),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))
