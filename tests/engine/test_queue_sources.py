"""SQS event sources: batches beyond ten, and windows."""

import time

from aws import Aws

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
