"""One part of one shard, read for one mapping: gathers batches, runs the function, keeps the position.

A shard has as many parts as the mapping's parallelization factor; a partition key always falls into the same part, so
its records keep their order (Lambda Developer Guide, "Polling and batching streams").
"""

import hashlib
import json
import time
from bisect import bisect_right
from collections.abc import Sequence
from threading import Event
from typing import Any, NamedTuple

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import lambda_svc

from engine.corrections import delivery
from engine.corrections.lambda_events import MAX_PAYLOAD_BYTES, RECORD_OVERHEAD_BYTES, Unclear, iso, reported_failures
from engine.corrections.resharding import is_open
from engine.corrections.service_roles import reading_is_denied, sending_is_denied
from engine.corrections.streams.mapping import TRIM_HORIZON, Settings, StreamRecord, shards_of
from engine.corrections.streams.policy import Attempt, Condition, Step, deliver

#: AWS retries with exponential backoff, and does not document its length. Short here, for people who wait.
FIRST_PAUSE_S = 0.1
MAX_PAUSE_S = 5.0
#: How soon a mapping whose role may not read tries again.
DENIED_PAUSE_S = 1.0


class Part(NamedTuple):
    """The `number`th of the `of` parts of a shard."""

    shard_id: str
    number: int
    of: int

    def holds(self, partition_key: str) -> bool:
        return self.of == 1 or int(hashlib.md5(partition_key.encode()).hexdigest(), 16) % self.of == self.number


class Source:
    """Reads `part` for the mapping `esm` (MiniStack's record of it, which changes with the mapping).

    Everything is done in the account and region of the mapping, which the calling thread has pinned.
    """

    def __init__(self, esm: dict[str, Any], part: Part, stopping: Event) -> None:
        self.esm = esm
        self.part = part
        self.stopping = stopping
        self.settings = Settings.of(esm)
        self._gathering_since: float | None = None

    def is_open(self) -> bool:
        """Whether the mapping is there, enabled, and still divides the shard this way."""
        esm = lambda_svc._esms.get(self.esm["UUID"])
        if esm is not self.esm or not esm.get("Enabled", True) or self.stopping.is_set():
            return False
        self.settings = Settings.of(esm)
        return self.settings.parallelization == self.part.of

    def run_next(self) -> float | None:
        """Bring the next batch to the function, if one is due. Returns the seconds until there may be one, or None."""
        shard = shards_of(self.settings).get(self.part.shard_id)
        function, _ = lambda_svc._get_func_record_for_qualifier(self.esm["FunctionName"], self.esm.get("Qualifier"))
        if shard is None or function is None:
            return None
        if why := reading_is_denied(self.esm["FunctionArn"], self.esm["EventSourceArn"]):
            self.esm["LastProcessingResult"] = f"PROBLEM: {why}"
            return DENIED_PAUSE_S
        events, complete, read_to = self._gather(shard["records"])
        if not events:
            self._gathering_since = None
            self.position = read_to
            if not is_open(shard):
                lambda_svc._esm_wake.set()  # its children are due
            return None
        if not complete:
            now = time.monotonic()
            self._gathering_since = self._gathering_since or now
            remaining = self._gathering_since + self.settings.window_s - now
            if remaining > 0:
                return remaining
        self._gathering_since = None
        self._deliver(function, events)
        return 0

    @property
    def position(self) -> str:
        """The sequence number of the last record of this part that is done with."""
        parts = self._positions().get(self.part.shard_id)
        if not isinstance(parts, list):
            return TRIM_HORIZON  # a shard that appeared after the mapping is read from its beginning
        # Divided otherwise since: what one of the former parts had not read yet is read again.
        return str(parts[self.part.number] if len(parts) == self.part.of else min(parts))

    @position.setter
    def position(self, sequence_number: str) -> None:
        positions = self._positions()
        parts = positions.get(self.part.shard_id)
        if not isinstance(parts, list) or len(parts) != self.part.of:
            positions[self.part.shard_id] = parts = [self.position] * self.part.of
        parts[self.part.number] = sequence_number

    def _positions(self) -> dict[str, Any]:
        positions: dict[str, Any] = lambda_svc._kinesis_positions.setdefault(self.esm["UUID"], {})
        return positions

    def _gather(self, records: Sequence[StreamRecord]) -> tuple[list[dict[str, Any]], bool, str]:
        """The next records as events, whether their batch is complete, and how far was read to find them."""
        size, read_to = 0, self.position
        events: list[dict[str, Any]] = []
        for at in range(bisect_right(records, read_to, key=lambda record: record["SequenceNumber"]), len(records)):
            record = records[at]
            if self.part.holds(record["PartitionKey"]):
                event = self._event(record)
                if lambda_svc._apply_filter_criteria([event], self.esm):
                    size += len(record["Data"]) + RECORD_OVERHEAD_BYTES
                    if events and size > MAX_PAYLOAD_BYTES:
                        return events, True, read_to
                    events.append(event)
            read_to = record["SequenceNumber"]
            if len(events) == self.settings.batch_size:
                return events, True, read_to
        return events, False, read_to

    def _event(self, record: StreamRecord) -> dict[str, Any]:
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": record["Data"],
                "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{self.part.shard_id}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": f"arn:aws:iam::{get_account_id()}:role/lambda-role",
            "awsRegion": get_region(),
            "eventSourceARN": self.esm["EventSourceArn"],
        }

    def _deliver(self, function: dict[str, Any], events: list[dict[str, Any]]) -> None:
        def invoke(batch: Sequence[dict[str, Any]]) -> Attempt:
            result = lambda_svc._execute_function(function, {"Records": list(batch)})
            if result.get("throttle"):
                return Attempt(failed_at=0, invoked=False)
            if result.get("error"):
                return Attempt(failed_at=0, error=result.get("function_error") or "Unhandled")
            if not self.settings.reports_failures:
                return Attempt()
            return Attempt(failed_at=first_failure(result.get("body"), [_sequence_number(event) for event in batch]))

        def expired(event: dict[str, Any]) -> bool:
            arrived: float = event["kinesis"]["approximateArrivalTimestamp"]
            return 0 <= self.settings.max_age_s < time.time() - arrived

        def pause(in_vain: int) -> bool:
            self.esm["LastProcessingResult"] = "PROBLEM: Function call failed"
            self.stopping.wait(min(FIRST_PAUSE_S * 2 ** max(0, in_vain - 1), MAX_PAUSE_S) if in_vain else 0)
            return self.is_open()

        for step in deliver(events, invoke, self.settings.policy, expired=expired, pause=pause):
            if step.condition and self.settings.on_failure and self._may_send(self.settings.on_failure):
                delivery.deliver(self.settings.on_failure, json.dumps(self._failure(function, step)))
            if not step.condition:
                self.esm["LastProcessingResult"] = "OK"
            self.position = _sequence_number(step.records[-1])

    def _may_send(self, destination: str) -> bool:
        return sending_is_denied(self.esm["FunctionArn"], destination) is None

    def _failure(self, function: dict[str, Any], step: Step[dict[str, Any]]) -> dict[str, Any]:
        """What the on-failure destination gets: where the records are, not the records themselves.

        Of records that were too old to be sent there is no response; of a failure that the function only reported, no
        error.
        """
        first, last = step.records[0]["kinesis"], step.records[-1]["kinesis"]
        version = function["config"].get("Version", "$LATEST")
        response = {"statusCode": 200, "executedVersion": version, "functionError": step.error}
        return {
            "requestContext": {
                "requestId": new_uuid(),
                "functionArn": self.esm["FunctionArn"],
                "condition": step.condition,
                "approximateInvokeCount": step.attempts,
            },
            **({} if step.condition is Condition.AGE else {"responseContext": response}),
            "version": "1.0",
            "timestamp": iso(time.time()),
            "KinesisBatchInfo": {
                "shardId": self.part.shard_id,
                "startSequenceNumber": first["sequenceNumber"],
                "endSequenceNumber": last["sequenceNumber"],
                "approximateArrivalOfFirstRecord": iso(first["approximateArrivalTimestamp"]),
                "approximateArrivalOfLastRecord": iso(last["approximateArrivalTimestamp"]),
                "batchSize": len(step.records),
                "streamArn": self.settings.stream_arn,
            },
        }


def first_failure(body: Any, sequence_numbers: Sequence[str]) -> int | None:
    """Which record a function's answer reports as the first failed one; None for a success.

    Lambda Developer Guide, "Configuring partial batch response", "Success and failure conditions": nothing or an empty
    list is a success; an item that names no record of the batch makes the whole batch a failure.
    """
    try:
        failed = reported_failures(body, sequence_numbers)
    except Unclear:
        return 0
    return min(map(sequence_numbers.index, failed), default=None)


def _sequence_number(event: dict[str, Any]) -> str:
    return str(event["kinesis"]["sequenceNumber"])
