"""What a topic's or a rule's target does not take, and what a rule sends to a stream."""

import json
import time
from typing import Any

from aws import ROLE, Aws


def topic_with(aws: Aws, protocol: str, endpoint: str, **attributes: str) -> str:
    topic = aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"]
    aws.sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)
    return str(topic)


def test_a_subscription_whose_queue_is_gone_redrives(aws: Aws) -> None:
    subscriber, dead = aws.queue(), aws.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead.arn})
    topic = topic_with(aws, "sqs", subscriber.arn, RedrivePolicy=redrive)
    aws.sqs.delete_queue(QueueUrl=subscriber.url)
    aws.sns.publish(TopicArn=topic, Message="lost?")
    assert [body["Message"] for body in dead.take()] == ["lost?"]


def test_a_raw_subscription_redrives_the_message_as_it_is(aws: Aws) -> None:
    subscriber, dead = aws.queue(), aws.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead.arn})
    topic = topic_with(aws, "sqs", subscriber.arn, RedrivePolicy=redrive, RawMessageDelivery="true")
    aws.sqs.delete_queue(QueueUrl=subscriber.url)
    attributes = {
        "type": {"DataType": "String", "StringValue": "order"},
        "total": {"DataType": "Number", "StringValue": "3"},
        "picture": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    aws.sns.publish(TopicArn=topic, Message='{"id": 1}', MessageAttributes=attributes)
    (message,) = dead.messages()
    assert message["Body"] == '{"id": 1}'
    assert message["MessageAttributes"] == attributes


def test_a_fifo_subscription_redrives_in_order_to_a_fifo_queue(aws: Aws) -> None:
    subscriber, dead = aws.queue(fifo=True), aws.queue(fifo=True)
    topic = aws.sns.create_topic(Name=f"{aws.name('topic')}.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead.arn}), "RawMessageDelivery": "true"}
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=subscriber.arn, Attributes=redrive)
    aws.sqs.delete_queue(QueueUrl=subscriber.url)
    for text in "012":
        aws.sns.publish(TopicArn=topic, Message=text, MessageGroupId="g", MessageDeduplicationId=text)
    assert dead.take(3) == [0, 1, 2]


def test_a_subscription_whose_function_is_gone_redrives(aws: Aws) -> None:
    dead = aws.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead.arn})
    gone = "arn:aws:lambda:us-east-1:000000000000:function:gone"
    aws.sns.publish(TopicArn=topic_with(aws, "lambda", gone, RedrivePolicy=redrive), Message="lost?")
    assert [body["Message"] for body in dead.take()] == ["lost?"]


def test_a_topic_invokes_its_function_asynchronously(aws: Aws) -> None:
    failed = aws.queue()
    function = aws.function("raise ValueError('no')")
    destinations = {"OnFailure": {"Destination": failed.arn}}
    aws.lambda_.put_function_event_invoke_config(
        FunctionName=function, MaximumRetryAttempts=0, DestinationConfig=destinations
    )
    arn = aws.lambda_.get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    aws.sns.publish(TopicArn=topic_with(aws, "lambda", arn), Message="kept")
    (record,) = failed.take()
    assert record["requestPayload"]["Records"][0]["Sns"]["Message"] == "kept"


def rule(aws: Aws, **target: object) -> str:
    """A rule for the events of a source of its own; returns the source."""
    name = aws.name("rule")
    aws.events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    aws.events.put_targets(Rule=name, Targets=[{"Id": "1", **target}])
    return name


def put_event(aws: Aws, source: str, detail: dict[str, object]) -> None:
    entry = {"Source": source, "DetailType": "t", "Detail": json.dumps(detail)}
    assert aws.events.put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_an_event_whose_target_is_gone_rests_in_the_targets_dead_letter_queue(aws: Aws) -> None:
    queue, dead = aws.queue(), aws.queue()
    source = rule(aws, Arn=queue.arn, DeadLetterConfig={"Arn": dead.arn})
    aws.sqs.delete_queue(QueueUrl=queue.url)
    put_event(aws, source, {"id": 1})
    (message,) = dead.messages()
    assert json.loads(message["Body"])["detail"] == {"id": 1}
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes["TARGET_ARN"] == queue.arn
    assert attributes["RULE_ARN"].endswith(f"rule/{source}")
    assert attributes["ERROR_CODE"] == "RESOURCE_NOT_FOUND"


def test_a_rule_sends_to_a_stream_with_the_partition_key_of_its_path(aws: Aws) -> None:
    stream = aws.stream(shards=1)
    source = rule(
        aws,
        Arn=aws.stream_arn(stream),
        RoleArn=ROLE,
        KinesisParameters={"PartitionKeyPath": "$.detail.orderId"},
        InputPath="$.detail",
    )
    put_event(aws, source, {"orderId": "o-1", "total": 3})
    records = aws.wait_for(lambda: read(aws, stream))
    assert [(record["PartitionKey"], json.loads(record["Data"])) for record in records] == [
        ("o-1", {"orderId": "o-1", "total": 3})
    ]


def test_without_a_path_the_partition_key_is_the_events_id(aws: Aws) -> None:
    stream = aws.stream()
    source = rule(aws, Arn=aws.stream_arn(stream), RoleArn=ROLE)
    put_event(aws, source, {"n": 1})
    records = aws.wait_for(lambda: read(aws, stream))
    assert [json.loads(record["Data"])["id"] for record in records] == [record["PartitionKey"] for record in records]
    assert len(records) == 1


def read(aws: Aws, stream: str) -> list[dict[str, Any]]:
    shard = aws.kinesis.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
    iterator = aws.kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    time.sleep(0.2)
    found: list[dict[str, Any]] = aws.kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return found
