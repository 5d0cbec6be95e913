"""A stream's shards are split and merged as AWS does it, and nothing of the former ones is lost.

AWS (Kinesis Data Streams Developer Guide, "Resharding a stream"): a shard that is split or merged is closed, not
deleted. It takes no more records, and those that it has are read to its end, for as long as the stream retains them;
only then come its children, which know their parents. UpdateShardCount does it with the whole stream, within limits.
MiniStack deletes the former shards with their records, and knows no limits; an on-demand stream has one shard.

Not done: an open SubscribeToShard of a closed shard goes on without records, and no state UPDATING is seen.
"""

import json
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from ministack.services import kinesis

Shard = dict[str, Any]
Stream = dict[str, Any]

#: API reference, UpdateShardCount: as often in a rolling day and a stream.
MOST_A_DAY = 10
DAY_S = 24 * 3600
#: Developer Guide, "On-demand mode": a new stream takes 4 MB a second.
ON_DEMAND_SHARDS = 4
#: A sequence number begins with the milliseconds since 1970, in so many digits (MiniStack's).
TIME_DIGITS = 20

#: A record is put into an open shard, or the shard is closed: one or the other.
_lock = threading.RLock()


def is_open(shard: Shard) -> bool:
    return "ending_sequence_number" not in shard


def parents(shard: Shard) -> list[str]:
    """The ids of the shards that this one was made of."""
    return [id for id in (shard.get("parent_shard_id"), shard.get("adjacent_parent_shard_id")) if id]


def open_shards(stream: Stream) -> dict[str, Shard]:
    """Those that take records, in the order of their hash keys."""
    shards = [(id, shard) for id, shard in stream["shards"].items() if is_open(shard)]
    return dict(sorted(shards, key=lambda item: int(item[1]["starting_hash_key"])))


def split(stream: Stream, shard_id: str, start: int) -> None:
    """Close the shard; the second of its children begins at the hash key `start`."""
    shard = stream["shards"][shard_id]
    first, last = int(shard["starting_hash_key"]), int(shard["ending_hash_key"])
    _close(shard)
    _open(stream, first, start - 1, shard_id)
    _open(stream, start, last, shard_id)


def merge(stream: Stream, shard_id: str, adjacent_id: str) -> None:
    """Close two neighbours; their child has the hash keys of both."""
    both = [stream["shards"][shard_id], stream["shards"][adjacent_id]]
    for shard in both:
        _close(shard)
    first = min(int(shard["starting_hash_key"]) for shard in both)
    last = max(int(shard["ending_hash_key"]) for shard in both)
    _open(stream, first, last, shard_id, adjacent_id)


def rescale(stream: Stream, count: int) -> None:
    """Split and merge until `count` open shards share the hash keys evenly.

    Like AWS, with shards that are closed as soon as they were opened, where the former ranges do not divide evenly.
    """
    ranges = [(int(first), int(last)) for first, last in kinesis._compute_hash_ranges(count)]
    for start, _ in ranges:
        for id, shard in open_shards(stream).items():
            if int(shard["starting_hash_key"]) < start <= int(shard["ending_hash_key"]):
                split(stream, id, start)
    for first, last in ranges:
        while len(inside := _between(stream, first, last)) > 1:
            merge(stream, *inside[:2])


def _between(stream: Stream, first: int, last: int) -> list[str]:
    return [id for id, shard in open_shards(stream).items() if first <= int(shard["starting_hash_key"]) <= last]


def _close(shard: Shard) -> None:
    shard["ending_sequence_number"] = kinesis._next_sequence_number()


def _open(stream: Stream, first: int, last: int, parent: str, adjacent: str | None = None) -> None:
    stream["shards"][f"shardId-{kinesis._max_shard_index(stream) + 1:012d}"] = {
        "records": [],
        "starting_hash_key": str(first),
        "ending_hash_key": str(last),
        "starting_sequence_number": kinesis._next_sequence_number(),
        "parent_shard_id": parent,
        "adjacent_parent_shard_id": adjacent,
    }


def apply() -> None:
    kinesis._split_shard, kinesis._merge_shards = _split_shard, _merge_shards
    kinesis._update_shard_count = _update_shard_count
    kinesis._route_to_shard = _route_to_shard
    for name in ("_put_record", "_put_records", "put_record_internal"):
        setattr(kinesis, name, _locked(getattr(kinesis, name)))
    _make_on_demand_streams()
    _expire_closed_shards()
    _describe()
    _filter_shards()
    _end_closed_shards()


def _locked(original: Callable[..., Any]) -> Callable[..., Any]:
    def put(*arguments: Any) -> Any:
        with _lock:
            return original(*arguments)

    return put


def _route_to_shard(hash_key: int, stream: Stream) -> str:
    for id, shard in stream["shards"].items():
        if is_open(shard) and int(shard["starting_hash_key"]) <= hash_key <= int(shard["ending_hash_key"]):
            return str(id)
    raise LookupError(f"no open shard of {stream['StreamName']} takes {hash_key}")


def _refused(code: str, text: str) -> Any:
    return kinesis.error_response_json(code, text, 400)


def _named(data: dict[str, Any], *fields: str) -> tuple[Stream | None, Any]:
    """The stream of a request, and the refusal if there is none, or one of the shards in `fields` is not open in it."""
    name, stream = kinesis._resolve_stream(data)
    if not stream:
        return None, _refused("ResourceNotFoundException", f"Stream {name} not found")
    for field in fields:
        shard = stream["shards"].get(data.get(field))
        if shard is None:
            return stream, _refused("ResourceNotFoundException", f"Shard {data.get(field)} not found")
        if not is_open(shard):
            return stream, _refused("InvalidArgumentException", f"Shard {data.get(field)} is closed")
    return stream, None


def _split_shard(data: dict[str, Any]) -> Any:
    with _lock:
        stream, refusal = _named(data, "ShardToSplit")
        if refusal or not stream:
            return refusal
        shard = stream["shards"][data["ShardToSplit"]]
        start = int(data.get("NewStartingHashKey") or 0)
        if not int(shard["starting_hash_key"]) < start <= int(shard["ending_hash_key"]):
            return _refused("InvalidArgumentException", "NewStartingHashKey must be within the shard, after its start")
        split(stream, data["ShardToSplit"], start)
        return kinesis.json_response({})


def _merge_shards(data: dict[str, Any]) -> Any:
    with _lock:
        stream, refusal = _named(data, "ShardToMerge", "AdjacentShardToMerge")
        if refusal or not stream:
            return refusal
        ids = data["ShardToMerge"], data["AdjacentShardToMerge"]
        if not set(ids) <= {id for pair in pairwise(open_shards(stream)) if set(pair) == set(ids) for id in pair}:
            return _refused("InvalidArgumentException", f"Shards {ids[0]} and {ids[1]} are not adjacent")
        merge(stream, *ids)
        return kinesis.json_response({})


def _update_shard_count(data: dict[str, Any]) -> Any:
    with _lock:
        stream, refusal = _named(data)
        if refusal or not stream:
            return refusal
        current, target = len(open_shards(stream)), int(data.get("TargetShardCount") or 0)
        latest = [at for at in stream.get("resharded_at", []) if time.time() - at < DAY_S]
        if refusal := _beyond_limits(stream, current, target, len(latest)):
            return refusal
        if target != current:
            rescale(stream, target)
        stream["resharded_at"] = [*latest, time.time()]
        answer = {"CurrentShardCount": current, "TargetShardCount": target}
        return kinesis.json_response({"StreamName": stream["StreamName"], **answer, "StreamARN": stream["StreamARN"]})


def _beyond_limits(stream: Stream, current: int, target: int, today: int) -> Any:
    """API reference, UpdateShardCount: what it does not do."""
    if (stream.get("StreamModeDetails") or {}).get("StreamMode") == "ON_DEMAND":
        return _refused("ValidationException", "Request is invalid. Stream is in on-demand mode.")
    if target < 1:
        return _refused("ValidationException", "TargetShardCount must be 1 or more")
    counts = f"Current open shard count: {current} Target shard count: {target}"
    if target > 2 * current:
        text = f"UpdateShardCount cannot scale up over double your current open shard count. {counts}"
        return _refused("InvalidArgumentException", text)
    if 2 * target < current:
        text = f"UpdateShardCount cannot scale down below half your current open shard count. {counts}"
        return _refused("InvalidArgumentException", text)
    if today >= MOST_A_DAY:
        text = f"Stream {stream['StreamName']} was scaled {today} times in the last 24 hours, as often as it may be"
        return _refused("LimitExceededException", text)
    return None


def _make_on_demand_streams() -> None:
    create = kinesis._create_stream

    def create_stream(data: dict[str, Any]) -> Any:
        mode = (data.get("StreamModeDetails") or {}).get("StreamMode")
        return create({**data, "ShardCount": ON_DEMAND_SHARDS} if mode == "ON_DEMAND" else data)

    kinesis._create_stream = create_stream


def _expire_closed_shards() -> None:
    expire = kinesis._expire_records

    def expire_records(stream: Stream) -> None:
        expire(stream)
        oldest = time.time() - stream["RetentionPeriodHours"] * 3600
        for id, shard in list(stream["shards"].items()):
            if not is_open(shard) and _seconds(shard["ending_sequence_number"]) < oldest:
                del stream["shards"][id]

    kinesis._expire_records = expire_records


def _seconds(sequence_number: str) -> float:
    return int(sequence_number[:TIME_DIGITS]) / 1000


def _describe() -> None:
    shard_out, summary = kinesis._shard_out, kinesis._describe_stream_summary

    def shard_out_with_end(shard_id: str, shard: Shard) -> dict[str, Any]:
        described: dict[str, Any] = shard_out(shard_id, shard)
        if not is_open(shard):
            described["SequenceNumberRange"]["EndingSequenceNumber"] = shard["ending_sequence_number"]
        return described

    def describe_stream_summary(data: dict[str, Any]) -> Any:
        status, headers, body = summary(data)
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        answer["StreamDescriptionSummary"]["OpenShardCount"] = len(open_shards(kinesis._resolve_stream(data)[1]))
        return kinesis.json_response(answer)

    kinesis._shard_out, kinesis._describe_stream_summary = shard_out_with_end, describe_stream_summary


def _filter_shards() -> None:
    list_shards = kinesis._list_shards

    def list_filtered_shards(data: dict[str, Any]) -> Any:
        status, headers, body = list_shards(data)
        wanted = data.get("ShardFilter")
        if status != 200 or not wanted:
            return status, headers, body
        answer = json.loads(body)
        shards = kinesis._resolve_stream(data)[1]["shards"]
        answer["Shards"] = [
            each for each in answer["Shards"] if _passes(wanted, each["ShardId"], shards[each["ShardId"]], shards)
        ]
        return kinesis.json_response(answer)

    kinesis._list_shards = list_filtered_shards


def _passes(wanted: dict[str, Any], id: str, shard: Shard, shards: dict[str, Shard]) -> bool:
    """API reference, ShardFilter."""
    kind, at = wanted.get("Type"), float(wanted.get("Timestamp") or 0)
    begun = _seconds(shard["starting_sequence_number"]) <= at
    ended = not is_open(shard) and _seconds(shard["ending_sequence_number"]) < at
    passes: dict[str, bool] = {
        "AFTER_SHARD_ID": id > str(wanted.get("ShardId", "")),
        "AT_LATEST": is_open(shard),
        "AT_TRIM_HORIZON": not any(parent in shards for parent in parents(shard)),
        "FROM_TRIM_HORIZON": True,
        "AT_TIMESTAMP": begun and not ended,
        "FROM_TIMESTAMP": not ended,
    }
    return passes.get(str(kind), True)


def _end_closed_shards() -> None:
    """API reference, GetRecords: at the end of a closed shard there is no next iterator, and its children are named."""
    get_records = kinesis._get_records

    def get_records_to_the_end(data: dict[str, Any]) -> Any:
        status, headers, body = get_records(data)
        state = kinesis._shard_iterators.get(data.get("ShardIterator"))
        stream = kinesis._streams.get(state["stream"]) if state else None
        shard = stream["shards"].get(state["shard_id"]) if stream and state else None
        if status != 200 or not stream or not state or not shard or is_open(shard):
            return status, headers, body
        answer = json.loads(body)
        following = kinesis._shard_iterators[answer["NextShardIterator"]]
        if following["position"] >= len(shard["records"]):
            del kinesis._shard_iterators[answer.pop("NextShardIterator")]
            answer["ChildShards"] = [
                {
                    "ShardId": id,
                    "ParentShards": parents(child),
                    "HashKeyRange": kinesis._shard_out(id, child)["HashKeyRange"],
                }
                for id, child in stream["shards"].items()
                if state["shard_id"] in parents(child)
            ]
        return kinesis.json_response(answer)

    kinesis._get_records = get_records_to_the_end
