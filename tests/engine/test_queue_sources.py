"""SQS event sources: batches beyond ten, windows, and what becomes of a batch that fails in part."""

import json
import time
from typing import Any

import pytest

from aws import Aws, Queue
from engine.corrections.lambda_events import Unclear, reported_failures

REPORT = "tell(batch=bodies(event))"


def test_a_batch_may_have_more_than_ten_messages(aws: Aws) -> None:
    queue, reports = aws.queue(), aws.queue()
    queue.send(f"{number:02}" for number in range(25))
    aws.map(aws.function(REPORT, reports), queue.arn, BatchSize=25, MaximumBatchingWindowInSeconds=60)
    (report,) = reports.take()
    assert sorted(report["batch"]) == [f"{number:02}" for number in range(25)]


def test_a_window_gathers_messages_and_then_ends(aws: Aws) -> None:
    queue, reports = aws.queue(), aws.queue()
    body = "tell(batch=sorted(bodies(event)), at=time.time())"
    aws.map(aws.function(body, reports), queue.arn, BatchSize=10, MaximumBatchingWindowInSeconds=2)
    began = time.time()
    for text in "abc":
        queue.send([text])
        time.sleep(0.3)
    (report,) = reports.take()
    assert report["batch"] == ["a", "b", "c"]
    assert 2 <= report["at"] - began < 4


def test_a_batch_stays_below_6_mb(corrected: Aws) -> None:
    queue, reports = corrected.queue(), corrected.queue()
    for number in range(8):
        queue.send([str(number) * 1_000_000])
    body = "tell(size=len(json.dumps(event)), batch=[b[0] for b in bodies(event)])"
    corrected.map(corrected.function(body, reports), queue.arn, BatchSize=100, MaximumBatchingWindowInSeconds=1)
    taken = reports.take(2)
    assert sorted(number for report in taken for number in report["batch"]) == list("01234567")
    assert all(report["size"] <= 6 * 1024 * 1024 for report in taken)


def test_partial_failures_of_a_large_batch_come_back_alone(corrected: Aws) -> None:
    # Longer than a cold start on a busy machine: what is being handled must not be delivered again meanwhile.
    queue, reports = corrected.queue(VisibilityTimeout="4"), corrected.queue()
    queue.send(str(number) for number in range(30))
    body = """
global again
again = globals().get('again', set())
tell(batch=bodies(event))
failed = [r for r in event["Records"] if r["body"] in ("3", "17") and r["body"] not in again]
again |= {r["body"] for r in failed}
return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in failed]}
"""
    settings = {"BatchSize": 30, "MaximumBatchingWindowInSeconds": 1}
    function = corrected.function(body, reports)
    corrected.map(function, queue.arn, FunctionResponseTypes=["ReportBatchItemFailures"], **settings)
    first, second = reports.take(2)
    assert len(first["batch"]) == 30
    assert sorted(second["batch"]) == ["17", "3"]


def mapped(aws: Aws, queue: Queue, answer: str, reports: Queue, **settings: Any) -> None:
    """A function that reports failures, warm already: a cold start may take as long as these messages are invisible."""
    function = aws.function(f"if event['Records']: tell(batch=bodies(event))\n{answer}", reports)
    aws.lambda_.invoke(FunctionName=function, Payload=b'{"Records": []}')
    aws.map(function, queue.arn, FunctionResponseTypes=["ReportBatchItemFailures"], **settings)


def fragile(aws: Aws) -> tuple[Queue, Queue]:
    """A queue, and where its messages rest after one failure."""
    dead = aws.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    return aws.queue(VisibilityTimeout="2", RedrivePolicy=redrive), dead


@pytest.mark.parametrize("item", ['{"id": "x"}', '{"itemIdentifier": ""}', '{"itemIdentifier": "unknown"}'])
def test_failures_that_cannot_be_understood_fail_the_whole_batch(aws: Aws, item: str) -> None:
    queue, dead = fragile(aws)
    queue.send(['"a"', '"b"'])
    mapped(aws, queue, f"return {{'batchItemFailures': [{item}]}}", aws.queue())
    assert sorted(dead.take(2)) == ["a", "b"]


def test_an_answer_without_failures_is_a_success(corrected: Aws) -> None:
    queue, dead = fragile(corrected)
    queue.send(['"a"'])
    reports = corrected.queue()
    mapped(corrected, queue, "return {'batchItemFailures': None}", reports)
    assert reports.take() == [{"batch": ['"a"']}]
    assert dead.take_for(2.5) == []


NOTHING: list[Any] = [None, {}, [], "", "done", {"batchItemFailures": None}, {"batchItemFailures": []}]
UNCLEAR: list[Any] = ["all", [None], ["a"], [{"itemIdentifier": None}], [{"itemIdentifier": "a"}, {}], [{"id": "a"}]]


@pytest.mark.parametrize("body", NOTHING)
def test_answers_that_report_nothing(body: Any) -> None:
    assert reported_failures(body, ["a", "b"]) == []


@pytest.mark.parametrize("failures", UNCLEAR)
def test_answers_that_are_unclear(failures: Any) -> None:
    with pytest.raises(Unclear):
        reported_failures({"batchItemFailures": failures}, ["a", "b"])


def test_a_text_that_holds_an_answer() -> None:
    assert reported_failures('{"batchItemFailures": [{"itemIdentifier": "b"}]}', ["a", "b"]) == ["b"]


def test_what_follows_a_failed_message_of_a_group_waits_for_it(corrected: Aws) -> None:
    """The function names what failed and what it did not try; the queue delivers both again, in order."""
    queue, reports = corrected.queue(fifo=True, VisibilityTimeout="2"), corrected.queue()
    for body in "012":
        corrected.sqs.send_message(
            QueueUrl=queue.url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId=body
        )
    answer = """
global failed
first = bool(event["Records"]) and not globals().get('failed')
failed = first or globals().get('failed')
return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in event["Records"]] if first else []}
"""
    mapped(corrected, queue, answer, reports)
    first, second = reports.take(2)
    assert first["batch"] == second["batch"] == ["0", "1", "2"]
