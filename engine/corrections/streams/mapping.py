"""What a Kinesis event source mapping says, and where it begins to read.

AWS (Lambda API reference, CreateEventSourceMapping): a mapping may read through an enhanced fan-out consumer, and
begins at the oldest record, after the newest one, or at a time. MiniStack refuses the ARN of a consumer, takes
AT_TIMESTAMP for LATEST, and decides what is the newest record when it first looks, not when the mapping is made.
"""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.responses import get_account_id, get_region
from ministack.services import kinesis, lambda_svc

from engine.corrections.resharding import is_open, parents
from engine.corrections.streams.policy import Policy

#: Position of a part of a shard of which nothing has been read. Sequence numbers are compared as text.
TRIM_HORIZON = ""

StreamRecord = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """A mapping's settings, with AWS's defaults (Lambda Developer Guide, "Kinesis parameters")."""

    stream_arn: str
    batch_size: int
    window_s: float
    parallelization: int
    max_age_s: float
    policy: Policy
    reports_failures: bool
    on_failure: str | None

    @classmethod
    def of(cls, esm: dict[str, Any]) -> "Settings":
        return cls(
            stream_arn=stream_arn(esm["EventSourceArn"]),
            batch_size=int(esm.get("BatchSize") or 100),
            window_s=float(esm.get("MaximumBatchingWindowInSeconds") or 0),
            parallelization=int(esm.get("ParallelizationFactor") or 1),
            max_age_s=float(esm.get("MaximumRecordAgeInSeconds") or -1),
            policy=Policy(
                retries=int(esm.get("MaximumRetryAttempts", -1)), bisect=bool(esm.get("BisectBatchOnFunctionError"))
            ),
            reports_failures="ReportBatchItemFailures" in (esm.get("FunctionResponseTypes") or []),
            on_failure=((esm.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination"),
        )


def stream_arn(arn: str) -> str:
    """The stream's ARN, of its own or of a consumer's: `<stream>/consumer/<name>:<time>`."""
    return arn.split("/consumer/")[0]


def shards_of(settings: Settings) -> dict[str, Any]:
    """The stream's shards by id; empty while there is no such stream, or it is not active."""
    spec = parse_arn(settings.stream_arn)
    name = spec.resource.removeprefix("stream/")
    stream = kinesis._streams.get_scoped(spec.account_id, spec.region, name)
    return dict(stream["shards"]) if stream and stream["StreamStatus"] == "ACTIVE" else {}


def due_shards(settings: Settings, positions: dict[str, Any]) -> list[str]:
    """The shards to be read now: not those whose parents are not done with, nor closed ones that are.

    `positions` are the mapping's: of each part of a shard, by the shard's id.
    """
    shards = shards_of(settings)
    due: list[str] = []
    done: set[str] = set()
    for id, shard in sorted(shards.items()):  # parents before their children
        if all(parent in done or parent not in shards for parent in parents(shard)):
            if not is_open(shard) and _is_read(shard, positions.get(id)):
                done.add(id)
            else:
                due.append(id)
    return due


def _is_read(shard: Any, parts: Any) -> bool:
    records = shard["records"]
    return not records or (isinstance(parts, list) and str(min(parts)) >= str(records[-1]["SequenceNumber"]))


def start(records: Sequence[StreamRecord], starting_position: str, timestamp: float | None) -> str:
    """The sequence number after which a new mapping reads a shard that holds `records`."""
    before = {
        "TRIM_HORIZON": 0,
        "LATEST": len(records),
        "AT_TIMESTAMP": bisect_left(records, timestamp or 0, key=lambda record: record["ApproximateArrivalTimestamp"]),
    }[starting_position]
    return str(records[before - 1]["SequenceNumber"]) if before else TRIM_HORIZON


def apply() -> None:
    create = lambda_svc._create_esm

    def create_esm(data: dict[str, Any]) -> Any:
        arn = data.get("EventSourceArn") or ""
        if ":kinesis:" not in arn:
            return create(data)
        if "/consumer/" in arn and kinesis._consumer_from_arn(arn) is None:
            return lambda_svc._invalid_parameter_value(f"Stream consumer {arn} not found.")
        if data.get("StartingPosition") not in ("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"):
            return lambda_svc._invalid_parameter_value(
                "StartingPosition must be TRIM_HORIZON, LATEST or AT_TIMESTAMP for a stream."
            )
        status, headers, body = create({"BatchSize": 100, **data, "EventSourceArn": stream_arn(arn)})
        if status != 202:
            return status, headers, body
        esm = lambda_svc._esms[json.loads(body)["UUID"]]
        esm["EventSourceArn"] = arn
        timestamp = data.get("StartingPositionTimestamp")
        if timestamp is not None:
            esm["StartingPositionTimestamp"] = timestamp
        settings = Settings.of(esm)
        positions = {
            shard_id: [start(shard["records"], data["StartingPosition"], timestamp)] * settings.parallelization
            for shard_id, shard in shards_of(settings).items()
        }
        lambda_svc._kinesis_positions.set_scoped(get_account_id(), get_region(), esm["UUID"], positions)
        lambda_svc._esm_wake.set()
        return lambda_svc.json_response(lambda_svc._esm_response(esm), status)

    lambda_svc._create_esm = create_esm
