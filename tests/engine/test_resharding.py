"""Shards that are split and merged: within AWS's limits, and every record is read, in the order of its key."""

import os
import signal
import threading
from collections import defaultdict
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from ministack.core.responses import request_scope
from ministack.services import kinesis

from aws import Aws, saved
from engine.corrections import resharding

MAX_HASH_KEY = 2**128 - 1


def rescale(aws: Aws, stream: str, count: int) -> dict[str, Any]:
    answer = aws.kinesis.update_shard_count(StreamName=stream, TargetShardCount=count, ScalingType="UNIFORM_SCALING")
    return {key: answer[key] for key in ("CurrentShardCount", "TargetShardCount")}


def shards_of(aws: Aws, stream: str, **options: Any) -> dict[str, dict[str, Any]]:
    return {each["ShardId"]: each for each in aws.kinesis.list_shards(StreamName=stream, **options)["Shards"]}


def is_open(shard: dict[str, Any]) -> bool:
    return "EndingSequenceNumber" not in shard["SequenceNumberRange"]


def open_ranges(aws: Aws, stream: str) -> list[tuple[int, int]]:
    ranges = [shard["HashKeyRange"] for shard in shards_of(aws, stream).values() if is_open(shard)]
    return sorted((int(each["StartingHashKey"]), int(each["EndingHashKey"])) for each in ranges)


def read(aws: Aws, stream: str, shard_id: str) -> tuple[list[str], dict[str, Any]]:
    """What a shard holds, and the last answer."""
    iterator = aws.kinesis.get_shard_iterator(StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON")
    texts: list[str] = []
    answer: dict[str, Any] = {"NextShardIterator": iterator["ShardIterator"]}
    while answer.get("NextShardIterator"):
        answer = aws.kinesis.get_records(ShardIterator=answer["NextShardIterator"], Limit=2)
        texts += [record["Data"].decode() for record in answer["Records"]]
        if not answer["Records"]:
            break
    return texts, answer


def refusal(error: pytest.ExceptionInfo[ClientError]) -> str:
    return f"{error.value.response['Error']['Code']}: {error.value.response['Error']['Message']}"


@pytest.mark.parametrize(("before", "after", "way"), [(1, 3, "up over double"), (4, 1, "down below half")])
def test_a_step_that_is_too_large_is_refused(aws: Aws, before: int, after: int, way: str) -> None:
    stream = aws.stream(before)
    with pytest.raises(ClientError) as error:
        rescale(aws, stream, after)
    assert refusal(error) == (
        f"InvalidArgumentException: UpdateShardCount cannot scale {way} your current open shard count. "
        f"Current open shard count: {before} Target shard count: {after}"
    )
    assert len(open_ranges(aws, stream)) == before


def test_ten_times_a_day_and_not_once_more(aws: Aws) -> None:
    stream = aws.stream(1)
    for time in range(10):
        rescale(aws, stream, 2 - time % 2)
    with pytest.raises(ClientError) as error:
        rescale(aws, stream, 2)
    assert refusal(error).startswith("LimitExceededException")


def test_an_on_demand_stream_has_four_shards_and_scales_itself(aws: Aws) -> None:
    name = aws.name("on-demand")
    aws.kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert len(open_ranges(aws, name)) == 4
    with pytest.raises(ClientError) as error:
        rescale(aws, name, 2)
    assert refusal(error).startswith("ValidationException") and "on-demand mode" in refusal(error)


def test_the_former_shard_is_closed_and_read_to_its_end(aws: Aws) -> None:
    stream = aws.stream(1)
    aws.put(stream, "a", "b", "c")
    assert rescale(aws, stream, 2) == {"CurrentShardCount": 1, "TargetShardCount": 2}
    (parent, *children) = sorted(shards_of(aws, stream).values(), key=lambda shard: str(shard["ShardId"]))
    assert not is_open(parent) and all(is_open(child) for child in children)
    assert open_ranges(aws, stream) == [(0, MAX_HASH_KEY // 2), (MAX_HASH_KEY // 2 + 1, MAX_HASH_KEY)]
    for child in children:
        assert child["ParentShardId"] == parent["ShardId"]
        starts = child["SequenceNumberRange"]["StartingSequenceNumber"]
        assert int(starts) > int(parent["SequenceNumberRange"]["EndingSequenceNumber"])
    texts, end = read(aws, stream, parent["ShardId"])
    assert texts == ["a", "b", "c"]
    assert "NextShardIterator" not in end
    assert [each["ShardId"] for each in end["ChildShards"]] == [each["ShardId"] for each in children]
    (sequence_number,) = aws.put(stream, "d")
    assert int(sequence_number) > int(parent["SequenceNumberRange"]["EndingSequenceNumber"])
    assert sorted(text for child in children for text in read(aws, stream, child["ShardId"])[0]) == ["d"]
    summary = aws.kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 2


def test_shards_are_listed_by_when_they_were_open(aws: Aws) -> None:
    stream = aws.stream(1)
    rescale(aws, stream, 2)
    ids = sorted(shards_of(aws, stream))

    def listed(**wanted: Any) -> list[str]:
        return sorted(shards_of(aws, stream, ShardFilter=wanted))

    assert listed(Type="AT_LATEST") == ids[1:]
    assert listed(Type="AT_TRIM_HORIZON") == ids[:1]
    assert listed(Type="FROM_TRIM_HORIZON") == ids
    assert listed(Type="AFTER_SHARD_ID", ShardId=ids[1]) == ids[2:]
    assert listed(Type="FROM_TIMESTAMP", Timestamp=2**32) == ids[1:]


def test_two_neighbours_are_merged_and_one_shard_split(aws: Aws) -> None:
    stream = aws.stream(3)
    first, second, third = sorted(shards_of(aws, stream))
    with pytest.raises(ClientError) as error:
        aws.kinesis.merge_shards(StreamName=stream, ShardToMerge=first, AdjacentShardToMerge=third)
    assert refusal(error) == f"InvalidArgumentException: Shards {first} and {third} are not adjacent"
    aws.kinesis.merge_shards(StreamName=stream, ShardToMerge=first, AdjacentShardToMerge=second)
    merged = shards_of(aws, stream)[max(shards_of(aws, stream))]
    assert (merged["ParentShardId"], merged["AdjacentParentShardId"]) == (first, second)
    aws.kinesis.split_shard(StreamName=stream, ShardToSplit=merged["ShardId"], NewStartingHashKey="5")
    starts = [start for start, _ in open_ranges(aws, stream)]
    assert starts[:2] == [0, 5] and len(starts) == 3
    with pytest.raises(ClientError) as error:
        aws.kinesis.split_shard(StreamName=stream, ShardToSplit=first, NewStartingHashKey="5")
    assert refusal(error) == f"InvalidArgumentException: Shard {first} is closed"


@pytest.mark.parametrize("parts", [1, 2])
def test_children_are_read_after_their_parents_each_key_in_order(aws: Aws, parts: int) -> None:
    """A reshard under load, there and back: what went in comes out, once, in the order of its key."""
    stream, reports = aws.stream(1), aws.queue()
    function = aws.function("time.sleep(0.02)\ntell(bodies=bodies(event))", reports)
    settings = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 10, "ParallelizationFactor": parts}
    aws.map(function, aws.stream_arn(stream), **settings)
    keys, rounds = "abcdefgh", 60

    def put_all() -> None:
        for number in range(rounds):
            records = [{"Data": f"{key}{number}".encode(), "PartitionKey": key} for key in keys]
            aws.kinesis.put_records(StreamName=stream, Records=records)

    load = threading.Thread(target=put_all)
    load.start()
    for count in (2, 4, 3, 2):
        rescale(aws, stream, count)
    load.join()
    seen: dict[str, list[int]] = defaultdict(list)
    while sum(map(len, seen.values())) < rounds * len(keys):
        batches = reports.take()
        assert batches, {key: numbers[-1:] for key, numbers in seen.items()}
        for body in batches[0]["bodies"]:
            seen[body[0]].append(int(body[1:]))
    assert seen == {key: list(range(rounds)) for key in keys}


def test_new_shards_and_their_records_survive_a_kill(aws: Aws) -> None:
    stream = aws.stream(1)
    aws.put(stream, "a")
    saved(aws)
    rescale(aws, stream, 2)
    aws.put(stream, "b")
    assert aws.engine.pid
    os.kill(aws.engine.pid, signal.SIGKILL)
    aws.engine.start()
    assert len(open_ranges(aws, stream)) == 2
    assert sorted(text for id in shards_of(aws, stream) for text in read(aws, stream, id)[0]) == ["a", "b"]


@given(counts=st.lists(st.integers(1, 12), min_size=1, max_size=6))
def test_whatever_the_steps_the_open_shards_share_the_keys_evenly(counts: list[int]) -> None:
    with request_scope("000000000000", "us-east-1"):
        kinesis.reset()
        kinesis._create_stream({"StreamName": "s", "ShardCount": counts[0]})
        stream = kinesis._streams["s"]
        for count in counts[1:]:
            resharding.rescale(stream, count)
        ranges = [
            (shard["starting_hash_key"], shard["ending_hash_key"]) for shard in resharding.open_shards(stream).values()
        ]
        assert ranges == kinesis._compute_hash_ranges(counts[-1])
        for shard in stream["shards"].values():
            for parent in resharding.parents(shard):
                assert not resharding.is_open(stream["shards"][parent])
                assert stream["shards"][parent]["ending_sequence_number"] < shard["starting_sequence_number"]
        kinesis.reset()
