"""A shard takes and gives no more than AWS documents, if LAB_KINESIS_LIMITS says so.

AWS (Kinesis Data Streams Developer Guide, "Quotas and limits"): 1,000 records and 1 MB a second in; 2 MB and 5
GetRecords calls a second out. Beyond that, PutRecord and GetRecords raise ProvisionedThroughputExceededException, and
PutRecords fails in part. MiniStack has no limits. Off by default, as a lab should not fail on a busy laptop; on, a
producer's backoff can be watched. On-demand streams are limited like provisioned ones with the same shards.
"""

import json
import os
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from ministack.services import kinesis

SWITCH = "LAB_KINESIS_LIMITS"
RECORDS_IN_PER_S = 1_000
BYTES_IN_PER_S = 1024 * 1024
CALLS_OUT_PER_S = 5
BYTES_OUT_PER_S = 2 * 1024 * 1024
EXCEEDED = "ProvisionedThroughputExceededException"


@dataclass
class Budget:
    """What a shard may still take or give: refilled evenly, a second's worth at most (a token bucket)."""

    per_s: float
    left: float = field(init=False)
    since: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.left = self.per_s

    def refill(self) -> float:
        now = time.monotonic()
        self.left = min(self.per_s, self.left + (now - self.since) * self.per_s)
        self.since = now
        return self.left


class Throttle:
    """Two budgets of one shard, of which one counts pieces and the other bytes."""

    def __init__(self, pieces_per_s: float, bytes_per_s: float) -> None:
        self.pieces = Budget(pieces_per_s)
        self.bytes = Budget(bytes_per_s)

    def admits(self, size: int) -> bool:
        """Whether one more piece of `size` bytes is within both; if so, it is taken off."""
        # A full bucket admits a piece of any allowed size: a record of 1 MiB and its key exceed a second's budget.
        if self.pieces.refill() < 1 or self.bytes.refill() < min(size, self.bytes.per_s):
            return False
        self.pieces.left -= 1
        self.bytes.left -= size
        return True


def data_size(record: dict[str, Any]) -> int:
    """The bytes of a record's data, which MiniStack keeps as base64."""
    return len(record.get("Data", "").rstrip("=")) * 3 // 4


def apply() -> None:
    if os.environ.get(SWITCH, "") not in ("", "0", "false"):
        _limit_writes()
        _limit_reads()


def _limit_writes() -> None:
    put_record, put_records = kinesis._put_record, kinesis._put_records
    shards: dict[tuple[str, str], Throttle] = defaultdict(lambda: Throttle(RECORDS_IN_PER_S, BYTES_IN_PER_S))

    def admit(stream: dict[str, Any], record: dict[str, Any]) -> str | None:
        """None if the record's shard takes it, else the error's text."""
        key = record.get("PartitionKey", "")
        explicit = record.get("ExplicitHashKey")
        shard_id = kinesis._route_to_shard(int(explicit) if explicit else kinesis._partition_key_to_hash(key), stream)
        if shards[stream["StreamARN"], shard_id].admits(data_size(record) + len(key.encode())):
            return None
        account = stream["StreamARN"].split(":")[4]
        return f"Rate exceeded for shard {shard_id} in stream {stream['StreamName']} under account {account}."

    def limited_put_record(data: dict[str, Any]) -> Any:
        _, stream = kinesis._resolve_stream(data)
        problem = admit(stream, data) if stream else None
        return kinesis.error_response_json(EXCEEDED, problem, 400) if problem else put_record(data)

    def limited_put_records(data: dict[str, Any]) -> Any:
        _, stream = kinesis._resolve_stream(data)
        records = data.get("Records", [])
        problems = [admit(stream, record) for record in records] if stream else []
        if not any(problems):
            return put_records(data)
        accepted = [record for record, problem in zip(records, problems, strict=True) if not problem]
        status, headers, body = put_records({**data, "Records": accepted})
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        entries = iter(answer["Records"])
        answer["Records"] = [
            {"ErrorCode": EXCEEDED, "ErrorMessage": problem} if problem else next(entries) for problem in problems
        ]
        answer["FailedRecordCount"] = len(records) - len(accepted)
        return kinesis.json_response(answer)

    kinesis._put_record, kinesis._put_records = limited_put_record, limited_put_records


def _limit_reads() -> None:
    get_records = kinesis._get_records
    shards: dict[tuple[str, str], Throttle] = defaultdict(lambda: Throttle(CALLS_OUT_PER_S, BYTES_OUT_PER_S))

    def limited_get_records(data: dict[str, Any]) -> Any:
        iterator = kinesis._shard_iterators.get(data.get("ShardIterator"))
        if not iterator:
            return get_records(data)
        shard = shards[iterator["stream_arn"], iterator["shard_id"]]
        if not shard.admits(0) or shard.bytes.refill() <= 0:
            return kinesis.error_response_json(EXCEEDED, f"Rate exceeded for shard {iterator['shard_id']}.", 400)
        status, headers, body = get_records(data)
        # Like AWS, a call may return more than is left; the calls after it wait for as long as that takes.
        shard.bytes.left -= len(body)
        return status, headers, body

    kinesis._get_records = limited_get_records
