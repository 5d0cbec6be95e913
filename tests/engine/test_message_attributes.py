"""Attributes of messages: what SQS does not take is refused, alone and in a batch."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws import Aws

A = {"DataType": "String", "StringValue": "a"}
REFUSED: list[dict[str, Any]] = [
    {f"a{number}": A for number in range(11)},
    {"AWS.trace": A},
    {"amazon.trace": A},
    {"a b": A},
    {".a": A},
    {"a.": A},
    {"a..b": A},
    {"a" * 257: A},
    {"a": {"DataType": "String", "StringValue": ""}},
]


@pytest.mark.parametrize("attributes", REFUSED, ids=lambda attributes: next(iter(attributes))[:12])
def test_attributes_that_sqs_does_not_take(aws: Aws, attributes: dict[str, Any]) -> None:
    queue = aws.queue()
    with pytest.raises(ClientError) as refused:
        aws.sqs.send_message(QueueUrl=queue.url, MessageBody="x", MessageAttributes=attributes)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
    entries = [
        {"Id": "bad", "MessageBody": "x", "MessageAttributes": attributes},
        {"Id": "good", "MessageBody": "1", "MessageAttributes": {"a": A}},
    ]
    answer = aws.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [("bad", "InvalidParameterValue")]
    assert [message["Body"] for message in queue.messages(1)] == ["1"]
    assert queue.take_for(0.1) == []


def test_attributes_that_sqs_takes(corrected: Aws) -> None:
    queue = corrected.queue()
    attributes: dict[str, Any] = {f"a.{number}-x_{number}": A for number in range(8)}
    attributes["AWSTrace"] = {"DataType": "Number.int", "StringValue": "0"}
    attributes["a" * 256] = {"DataType": "Binary", "BinaryValue": b"\x00"}
    corrected.sqs.send_message(QueueUrl=queue.url, MessageBody="x", MessageAttributes=attributes)
    (message,) = queue.messages()
    assert message["MessageAttributes"] == attributes
