"""The switch LAB_KINESIS_LIMITS: a shard takes and gives what AWS documents, and no more."""

import time
from collections.abc import Iterator

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from aws import Aws, running

EXCEEDED = "ProvisionedThroughputExceededException"


@pytest.fixture(scope="module")
def limited() -> Iterator[Aws]:
    engine = running("corrected")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LAB_KINESIS_LIMITS", "1")
        aws = next(engine)
    yield aws
    next(engine, None)


def entries(texts: list[str], key: str = "key") -> list[dict[str, object]]:
    return [{"Data": text.encode(), "PartitionKey": key} for text in texts]


def put(aws: Aws, stream: str, texts: list[str]) -> list[str]:
    """The texts that were refused."""
    answer = aws.kinesis.put_records(StreamName=stream, Records=entries(texts))
    refused = [text for text, entry in zip(texts, answer["Records"], strict=True) if "ErrorCode" in entry]
    assert answer["FailedRecordCount"] == len(refused)
    for entry in answer["Records"]:
        assert entry.get("ErrorCode", EXCEEDED) == EXCEEDED
        assert ("SequenceNumber" in entry) != ("ErrorCode" in entry)
    return refused


def test_more_than_1000_records_a_second_fail_in_part_and_can_be_sent_again(limited: Aws) -> None:
    stream = limited.stream()
    texts = [str(number) for number in range(4000)]
    began, waiting, refusals = time.monotonic(), texts, 0
    while waiting:
        refused = [text for at in range(0, len(waiting), 500) for text in put(limited, stream, waiting[at : at + 500])]
        refusals += len(refused)
        waiting = refused
        time.sleep(0.1 if refused else 0)
    assert refusals > 0
    # A second's worth is admitted at once, the rest as it becomes due.
    assert time.monotonic() - began >= 2.9
    assert sorted(read_all(limited, stream), key=int) == texts


def test_more_than_1_mb_a_second_is_refused(limited: Aws) -> None:
    stream = limited.stream()
    assert len(put(limited, stream, ["x" * 300_000] * 10)) == 7


def test_another_shard_has_limits_of_its_own(limited: Aws) -> None:
    stream = limited.stream(shards=2)
    records = [record for key in "abcdefgh" for record in entries(["x" * 300_000] * 2, key)]
    answer = limited.kinesis.put_records(StreamName=stream, Records=records)["Records"]
    accepted = [entry["ShardId"] for entry in answer if "ShardId" in entry]
    assert sorted(accepted.count(shard) for shard in set(accepted)) == [3, 3]


def test_a_single_record_raises(limited: Aws) -> None:
    stream = limited.stream()
    limited.kinesis.put_record(StreamName=stream, Data=b"x" * 1_000_000, PartitionKey="key")
    # boto3 retries this error; a client that does not sees it.
    answer = limited.kinesis.put_records(StreamName=stream, Records=entries(["x" * 1_000_000]))
    assert "Rate exceeded for shard shardId-000000000000 in stream" in answer["Records"][0]["ErrorMessage"]


def test_more_than_five_reads_a_second_raise(limited: Aws) -> None:
    stream = limited.stream()
    iterator = limited.kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="LATEST"
    )["ShardIterator"]
    once = limited.session.client(
        "kinesis", endpoint_url=limited.engine.url, config=Config(retries={"total_max_attempts": 1})
    )
    with pytest.raises(ClientError, match=EXCEEDED):
        for _ in range(10):
            once.get_records(ShardIterator=iterator)
    time.sleep(0.3)
    once.get_records(ShardIterator=iterator)


def test_without_the_switch_there_are_no_limits(corrected: Aws) -> None:
    stream = corrected.stream()
    assert put(corrected, stream, ["x" * 300_000] * 10) == []


def read_all(aws: Aws, stream: str) -> list[str]:
    iterator = aws.kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return [record["Data"].decode() for record in aws.kinesis.get_records(ShardIterator=iterator)["Records"]]
