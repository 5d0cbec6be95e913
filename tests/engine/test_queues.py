"""Queues: a long one is as fast as a short one, and every message goes where it belongs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aws import Aws, Queue

ROOT = Path(__file__).resolve().parents[2]


def receive(aws: Aws, queue: Queue) -> list[dict[str, str]]:
    found: list[dict[str, str]] = aws.sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10).get(
        "Messages", []
    )
    return found


#: Receives and deletes a hundred messages by tens, from a short and a long queue in turns; prints the best ratio.
RATIO = """
import sys, time
from ministack.core.responses import request_scope
from ministack.services import sqs
if sys.argv[1] == "corrected":
    from engine.corrections import queue_scans
    queue_scans.apply()

def filled(name, count):
    url = sqs._act_create_queue({"QueueName": name}, "")["QueueUrl"]
    for number in range(count):
        sqs._act_send_message({"MessageBody": str(number)}, url)
    return url

def seconds(url):
    began = time.perf_counter()
    for _ in range(10):
        batch = sqs._receive_messages_for_esm(url, 10)
        assert len(batch) == 10
        entries = [{"Id": message["id"], "ReceiptHandle": message["receipt_handle"]} for message in batch]
        assert len(sqs._HANDLERS["DeleteMessageBatch"]({"Entries": entries}, url)["Successful"]) == 10
    return time.perf_counter() - began

with request_scope("000000000000", "us-east-1"):
    short, long = filled("short", 600), filled("long", 20_000)
    print(min(seconds(long) / seconds(short) for _ in range(5)))
"""


@pytest.mark.parametrize(
    "kind", ["corrected", pytest.param("bare", marks=pytest.mark.xfail(strict=True, reason="the bare engine's gap"))]
)
def test_a_long_queue_is_as_fast_as_a_short_one(kind: str) -> None:
    command = [sys.executable, "-c", RATIO, kind]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert float(done.stdout) < 5


def test_after_the_last_receive_a_message_goes_to_the_dead_letter_queue(corrected: Aws) -> None:
    dead = corrected.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 2})
    queue = corrected.queue(VisibilityTimeout="0", RedrivePolicy=redrive)
    queue.send(['"poison"', '"good"'])
    for _ in range(2):
        assert sorted(message["Body"] for message in receive(corrected, queue)) == ['"good"', '"poison"']
    assert receive(corrected, queue) == []
    assert sorted(dead.take(2)) == ["good", "poison"]


def test_a_fifo_queue_keeps_its_order_and_its_dead_letters(corrected: Aws) -> None:
    dead = corrected.sqs.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = corrected.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    attributes = {"FifoQueue": "true", "VisibilityTimeout": "0", "RedrivePolicy": redrive}
    url = corrected.sqs.create_queue(QueueName="queue.fifo", Attributes=attributes)["QueueUrl"]
    for number in range(3):
        corrected.sqs.send_message(
            QueueUrl=url, MessageBody=str(number), MessageGroupId="g", MessageDeduplicationId=str(number)
        )
    first = corrected.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in first] == ["0", "1", "2"]
    assert "Messages" not in corrected.sqs.receive_message(QueueUrl=url)
    buried = corrected.sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in buried] == ["0", "1", "2"]


def test_a_wrong_receipt_handle_is_said(corrected: Aws) -> None:
    queue = corrected.queue()
    queue.send(['"a"'])
    (message,) = receive(corrected, queue)
    with pytest.raises(corrected.sqs.exceptions.ReceiptHandleIsInvalid):
        corrected.sqs.delete_message(QueueUrl=queue.url, ReceiptHandle="wrong")
    entries = [{"Id": "right", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "wrong", "ReceiptHandle": "wrong"}]
    answer = corrected.sqs.delete_message_batch(QueueUrl=queue.url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["right"]
    assert [entry["Code"] for entry in answer["Failed"]] == ["ReceiptHandleIsInvalid"]
