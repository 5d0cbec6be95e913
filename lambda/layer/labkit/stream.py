"""The consuming side of a Kinesis stream: records in order per key, partial failures, and what is bad set aside.

A record that can never be handled goes to the rejected queue at once and blocks nothing. One that fails otherwise is
reported by its sequence number: Lambda delivers it and all that follow in the shard again (Lambda Developer Guide,
"Configuring partial batch response with Kinesis"), so a handler must not mind what it has seen before.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools import Logger

from labkit.aggregation import UserRecord, deaggregate
from labkit.messages import Rejected

logger = Logger(child=True)


@dataclass(frozen=True)
class StreamRecord:
    """A record as its producer made it; in an aggregate, `part` is its place there."""

    key: str
    data: bytes
    sequence_number: str
    part: int = 0
    shard: str = ""

    @property
    def position(self) -> str:
        """Where it is in the stream, so that a later record of the same key has the greater text.

        Sequence numbers have up to 129 digits and are compared as numbers (Kinesis API reference, Record).
        """
        digits = self.sequence_number.lstrip("0")
        return f"{len(digits):03d}-{digits}-{self.part:06d}"


Rejections = list[tuple[StreamRecord, str]]


@dataclass
class Outcome:
    """What became of records: rejected for good, each with the reason; to be tried again; the others are handled."""

    rejected: Rejections = field(default_factory=list)
    failed: list[StreamRecord] = field(default_factory=list)


#: Handles records, in order.
Handle = Callable[[Sequence[StreamRecord]], Outcome]


def read_records(event: Mapping[str, Any]) -> list[StreamRecord]:
    """The records of a Kinesis event, in order, out of their aggregates."""
    records: list[StreamRecord] = []
    for delivered in event["Records"]:
        kinesis = delivered["kinesis"]
        number, shard = kinesis["sequenceNumber"], delivered.get("eventID", "").partition(":")[0]
        data = base64.b64decode(kinesis["data"])
        users = deaggregate(data)
        if users is None:
            users = [UserRecord(kinesis["partitionKey"], data)]
        records += [StreamRecord(user.key, user.data, number, part, shard) for part, user in enumerate(users)]
    return records


def consume(event: Mapping[str, Any], handle: Handle, set_aside: Callable[[Rejections], list[int]]) -> dict[str, Any]:
    """Handle the records of a Kinesis event. Returns the partial batch response.

    `set_aside` keeps what was rejected, and returns the indexes of those that it could not keep.
    """
    records = read_records(event)
    outcome = handle(records)
    failed = {record.sequence_number for record in outcome.failed}
    failed.update(outcome.rejected[index][0].sequence_number for index in set_aside(outcome.rejected))
    order = dict.fromkeys(record.sequence_number for record in records)
    # One line for the batch: `scripts/logs.py --request-id` finds by it who handled the records of a key.
    logger.info("handled", extra={"partition_keys": sorted({record.key for record in records})})
    return {"batchItemFailures": [{"itemIdentifier": number} for number in order if number in failed]}


def one_by_one(handle: Callable[[StreamRecord], None]) -> Handle:
    """A handler of records that handles each by itself; `handle` raises Rejected, or anything to be called again.

    What follows a failed record of the same key waits for it; the other keys go on.
    """

    def handle_all(records: Sequence[StreamRecord]) -> Outcome:
        outcome = Outcome()
        waiting: set[str] = set()
        for record in records:
            if record.key in waiting:
                outcome.failed.append(record)
                continue
            try:
                handle(record)
            except Rejected as reason:
                outcome.rejected.append((record, str(reason)))
            except Exception:
                details = {"partition_key": record.key, "sequence_number": record.sequence_number}
                logger.exception("failed, to be tried again", extra=details)
                outcome.failed.append(record)
                waiting.add(record.key)
        return outcome

    return handle_all
