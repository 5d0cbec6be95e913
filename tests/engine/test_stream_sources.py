"""Kinesis event sources: batches, positions, retries, what is given up, and who waits for whom."""

import json
import time
from typing import Any

import pytest

from aws import Aws, Queue

REPORT = "tell(batch=bodies(event))"
POISON = "tell(batch=bodies(event))\nif 'poison' in bodies(event):\n    raise ValueError('poison')"


def consumer(aws: Aws, stream: str, body: str, **settings: Any) -> tuple[Queue, str]:
    """A function that reads the stream; returns the queue of its reports, and the mapping's id."""
    reports = aws.queue()
    function = aws.function(body, reports)
    settings = {"StartingPosition": "TRIM_HORIZON", **settings}
    return reports, aws.map(function, aws.stream_arn(stream), **settings)


def to(queue: Queue) -> dict[str, Any]:
    return {"OnFailure": {"Destination": queue.arn}}


def handled(reports: list[Any]) -> list[str]:
    return [text for report in reports for text in report["batch"]]


def test_a_batching_window_gathers_records(aws: Aws) -> None:
    stream = aws.stream()
    reports, _ = consumer(aws, stream, REPORT, BatchSize=10, MaximumBatchingWindowInSeconds=2)
    for text in "abc":
        aws.put(stream, text)
        time.sleep(0.3)
    assert reports.take() == [{"batch": ["a", "b", "c"]}]


def test_a_full_batch_does_not_wait_for_the_window(corrected: Aws) -> None:
    stream = corrected.stream()
    reports, _ = consumer(corrected, stream, REPORT, BatchSize=2, MaximumBatchingWindowInSeconds=300)
    corrected.put(stream, *"abcd")
    assert reports.take(2) == [{"batch": ["a", "b"]}, {"batch": ["c", "d"]}]


def test_a_batch_stays_below_6_mb(aws: Aws) -> None:
    stream = aws.stream()
    for at in range(8):
        aws.put(stream, str(at) * 900_000)
    reports, _ = consumer(aws, stream, "tell(size=len(json.dumps(event)), batch=[b[0] for b in bodies(event)])")
    taken = reports.take(2)
    assert handled(taken) == list("01234567")
    assert all(report["size"] <= 6 * 1024 * 1024 for report in taken)


def test_starting_at_a_timestamp(aws: Aws) -> None:
    stream = aws.stream()
    aws.put(stream, "before")
    time.sleep(0.2)
    start = time.time()
    time.sleep(0.2)
    aws.put(stream, "after")
    reports, _ = consumer(aws, stream, REPORT, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=start)
    assert reports.take() == [{"batch": ["after"]}]


def test_latest_is_what_comes_after_the_mapping_was_made(corrected: Aws) -> None:
    stream = corrected.stream()
    corrected.put(stream, "before")
    reports, _ = consumer(corrected, stream, REPORT, StartingPosition="LATEST")
    corrected.put(stream, "after")
    assert reports.take() == [{"batch": ["after"]}]


def test_a_raising_handler_is_retried_and_then_its_batch_goes_to_the_destination(aws: Aws) -> None:
    stream, failed = aws.stream(), aws.queue()
    reports, _ = consumer(aws, stream, POISON, BatchSize=1, MaximumRetryAttempts=2, DestinationConfig=to(failed))
    first, _, last = aws.put(stream, "a", "poison", "b")
    assert handled(reports.take(5)) == ["a", "poison", "poison", "poison", "b"]
    (record,) = failed.take()
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["functionArn"].startswith("arn:aws:lambda:us-east-1:000000000000:function:")
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    batch = record["KinesisBatchInfo"]
    assert batch["shardId"] == "shardId-000000000000"
    assert first < batch["startSequenceNumber"] == batch["endSequenceNumber"] < last
    assert batch["batchSize"] == 1
    assert batch["streamArn"] == aws.stream_arn(stream)
    assert record["version"] == "1.0"


def test_the_destination_may_be_a_topic(corrected: Aws) -> None:
    stream, subscriber = corrected.stream(), corrected.queue()
    topic = corrected.sns.create_topic(Name="failures")["TopicArn"]
    corrected.sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=subscriber.arn, Attributes={"RawMessageDelivery": "true"}
    )
    destination = {"OnFailure": {"Destination": topic}}
    consumer(corrected, stream, POISON, MaximumRetryAttempts=0, DestinationConfig=destination)
    corrected.put(stream, "poison")
    assert subscriber.take()[0]["KinesisBatchInfo"]["batchSize"] == 1


def test_bisecting_finds_the_poison(aws: Aws) -> None:
    stream, failed = aws.stream(), aws.queue()
    aws.put(stream, "a", "b", "c", "d", "e", "poison", "f", "g")
    reports, _ = consumer(
        aws,
        stream,
        "tell(batch=[] if 'poison' in bodies(event) else bodies(event))\nassert 'poison' not in bodies(event)",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig=to(failed),
    )
    (record,) = failed.take()
    assert record["KinesisBatchInfo"]["batchSize"] == 1
    assert record["requestContext"]["approximateInvokeCount"] == 2
    # eight, four, (two handled), two, one handled, one twice, two handled
    assert handled(reports.take(8)) == list("abcdefg")


def test_a_partial_failure_is_tried_again_from_the_lowest_failed_record(aws: Aws) -> None:
    stream = aws.stream()
    aws.put(stream, "a", "b", "c", "d")
    body = """
tell(batch=bodies(event))
global seen
first, seen = 'seen' not in globals(), True
failed = [r["kinesis"]["sequenceNumber"] for r, b in zip(event["Records"], bodies(event)) if first and b in "cb"]
return {"batchItemFailures": [{"itemIdentifier": number} for number in reversed(failed)]}
"""
    reports, _ = consumer(aws, stream, body, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert [report["batch"] for report in reports.take(2)] == [["a", "b", "c", "d"], ["b", "c", "d"]]


def test_a_record_that_is_reported_until_the_end_was_tried_so_often(aws: Aws) -> None:
    stream, failed = aws.stream(), aws.queue()
    aws.put(stream, "a", "poison")
    body = """
failed = [r["kinesis"]["sequenceNumber"] for r, b in zip(event["Records"], bodies(event)) if b == "poison"]
return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
"""
    settings = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 3}
    consumer(aws, stream, body, DestinationConfig=to(failed), **settings)
    (record,) = failed.take()
    assert record["requestContext"]["approximateInvokeCount"] == 4
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": None}


@pytest.mark.parametrize(
    ("answer", "attempts"),
    [
        ("{'batchItemFailures': [{'itemIdentifier': ''}]}", 2),
        ("{'batchItemFailures': [{'itemIdentifier': None}]}", 2),
        ("{'batchItemFailures': [{'wrong': event['Records'][0]['kinesis']['sequenceNumber']}]}", 2),
        ("{'batchItemFailures': [{'itemIdentifier': 'unknown'}]}", 2),
        ("{'batchItemFailures': []}", 1),
        ("{'batchItemFailures': None}", 1),
        ("{}", 1),
        ("None", 1),
    ],
)
def test_answers_that_are_a_failure_or_a_success_of_the_whole_batch(corrected: Aws, answer: str, attempts: int) -> None:
    """Lambda Developer Guide, "Configuring partial batch response": success and failure conditions."""
    stream, failed = corrected.stream(), corrected.queue()
    settings = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 1}
    body = f"tell(batch=bodies(event))\nreturn {answer}"
    reports, _ = consumer(corrected, stream, body, BatchSize=2, DestinationConfig=to(failed), **settings)
    corrected.put(stream, "a", "b")
    corrected.put(stream, "end", "end")
    assert [report["batch"][0] for report in reports.take(attempts + 1)] == ["a"] * attempts + ["end"]


def test_records_that_are_too_old_go_to_the_destination(aws: Aws) -> None:
    stream, failed = aws.stream(), aws.queue()
    aws.put(stream, "old", "old too")
    time.sleep(3.1)
    aws.put(stream, "fresh")
    settings = {"MaximumRecordAgeInSeconds": 3, "DestinationConfig": to(failed)}
    reports, _ = consumer(aws, stream, REPORT, **settings)
    assert reports.take() == [{"batch": ["fresh"]}]
    (record,) = failed.take()
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    assert "responseContext" not in record
    assert record["KinesisBatchInfo"]["batchSize"] == 2


def test_parts_of_a_shard_are_handled_side_by_side_in_the_order_of_their_keys(aws: Aws) -> None:
    stream = aws.stream()
    body = "tell(batch=bodies(event))\ntime.sleep(1.5 if 'slow' in bodies(event)[0] else 0)"
    for number in range(3):
        for key in ("slow", "fast"):
            aws.put(stream, f"{key} {number}", key=key)
    reports, _ = consumer(aws, stream, body, BatchSize=1, ParallelizationFactor=10)
    taken = handled(reports.take(6))
    assert sorted(taken) == sorted(f"{key} {number}" for key in ("slow", "fast") for number in range(3))
    assert [text for text in taken if "slow" in text] == [f"slow {number}" for number in range(3)]
    assert [text for text in taken if "fast" in text] == [f"fast {number}" for number in range(3)]
    assert taken.index("fast 2") < taken.index("slow 2")


def test_a_slow_shard_delays_neither_another_shard_nor_a_queue(aws: Aws) -> None:
    stream = aws.stream(shards=2)
    slow, fast = keys_of_two_shards(aws, stream)
    queue = aws.queue()
    body = "time.sleep(8 if 'slow' in bodies(event) else 0)\ntell(batch=bodies(event), at=time.time())"
    reports, _ = consumer(aws, stream, body, StartingPosition="LATEST")
    aws.map(aws.function(body, reports), queue.arn)
    aws.put(stream, "slow", key=slow)
    time.sleep(1)
    began = time.time()
    aws.put(stream, "fast", key=fast)
    queue.send(["queued"])
    taken = reports.take(2)
    assert sorted(handled(taken)) == ["fast", "queued"]
    assert all(report["at"] - began < 4 for report in taken)


def keys_of_two_shards(aws: Aws, stream: str) -> tuple[str, str]:
    found: dict[str, str] = {}
    for key in "abcdefghijklmnop":
        answer = aws.kinesis.put_record(StreamName=stream, Data=b"probe", PartitionKey=key)
        found.setdefault(answer["ShardId"], key)
    first, second = found.values()
    return first, second


def test_a_disabled_mapping_continues_where_it_stopped(corrected: Aws) -> None:
    stream = corrected.stream()
    reports, mapping = consumer(corrected, stream, REPORT, BatchSize=1)
    corrected.put(stream, "a")
    assert handled(reports.take()) == ["a"]
    corrected.lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)
    corrected.put(stream, "b", "c")
    assert reports.take_for(1.5) == []
    corrected.lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)
    assert handled(reports.take(2)) == ["b", "c"]
    assert reports.take_for(0.5) == []


def test_a_mapping_on_an_enhanced_fan_out_consumer(aws: Aws) -> None:
    stream = aws.stream()
    arn = aws.stream_arn(stream)
    registered = aws.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="fan")["Consumer"]["ConsumerARN"]
    aws.put(stream, "a")
    reports = aws.queue()
    function = aws.function("tell(batch=bodies(event), source=event['Records'][0]['eventSourceARN'])", reports)
    mapping = aws.map(function, registered, StartingPosition="TRIM_HORIZON")
    assert reports.take() == [{"batch": ["a"], "source": registered}]
    assert aws.lambda_.get_event_source_mapping(UUID=mapping)["EventSourceArn"] == registered


def test_a_consumer_that_is_not_registered_is_refused(corrected: Aws) -> None:
    stream = corrected.stream()
    function = corrected.function("pass")
    with pytest.raises(corrected.lambda_.exceptions.InvalidParameterValueException, match="not found"):
        arn = f"{corrected.stream_arn(stream)}/consumer/nobody:1"
        corrected.map(function, arn, StartingPosition="LATEST")


def test_filter_criteria_drop_records_before_the_batch_is_made(aws: Aws) -> None:
    stream = aws.stream()
    aws.put(stream, *(json.dumps({"kind": kind, "n": n}) for n, kind in enumerate(["x", "y", "y", "x", "y", "x"])))
    pattern = {"Filters": [{"Pattern": json.dumps({"data": {"kind": ["x"]}})}]}
    body = "tell(batch=[json.loads(b)['n'] for b in bodies(event)])"
    reports, _ = consumer(aws, stream, body, BatchSize=2, FilterCriteria=pattern)
    assert [report["batch"] for report in reports.take(2)] == [[0, 3], [5]]


def test_a_throttled_function_uses_up_no_retries(corrected: Aws) -> None:
    stream, failed = corrected.stream(), corrected.queue()
    reports = corrected.queue()
    function = corrected.function(REPORT, reports)
    corrected.lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    corrected.put(stream, "a")
    corrected.map(
        function,
        corrected.stream_arn(stream),
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=0,
        DestinationConfig=to(failed),
    )
    assert reports.take_for(1) == []
    corrected.lambda_.delete_function_concurrency(FunctionName=function)
    assert handled(reports.take()) == ["a"]
    assert failed.take_for(0.2) == []
