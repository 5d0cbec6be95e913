"""What a stream's consumer can never handle: kept in the lab's rejected queue, with the reason."""

import base64
import os
from typing import Any

from aws_lambda_powertools import Logger

from labkit.claim_check import store
from labkit.outbox import MAX_BYTES, Outbox, to_json
from labkit.stream import Rejections, StreamRecord

logger = Logger(child=True)


class RejectedRecords:
    """The way of one consumer's rejected records to the queue REJECTED_QUEUE_URL.

    A record may be four times as long as a message: what is too long lies in the bucket REJECTED_BUCKET.
    """

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self._outbox = Outbox(os.environ["REJECTED_QUEUE_URL"])
        self._bucket = os.environ["REJECTED_BUCKET"]

    def keep(self, rejections: Rejections) -> list[int]:
        """Send all to the queue. Returns the indexes of those that it did not take, which are to be tried again."""
        for record, reason in rejections:
            details = {"sequence_number": record.sequence_number, "partition_key": record.key, "reason": reason}
            logger.warning("rejected", extra=details)
        unsent = self._outbox.send_all([self._message(record, reason) for record, reason in rejections])
        for index, problem in unsent.items():
            details = {"sequence_number": rejections[index][0].sequence_number, "reason": problem}
            logger.error("rejected record not kept, to be tried again", extra=details)
        return list(unsent)

    def _message(self, record: StreamRecord, reason: str) -> dict[str, Any]:
        message = {
            "handled_by": self._consumer,
            "error": reason,
            "request": text(record.data),
            "record": {
                "partition_key": record.key,
                "sequence_number": record.sequence_number,
                "part": record.part,
                "shard": record.shard,
            },
        }
        if len(to_json(message)) <= MAX_BYTES:
            return message
        claim = store(self._bucket, f"rejected/{self._consumer}/{record.position}", record.data)
        return {**message, "request": f"{len(record.data)} bytes, in the bucket", **claim}


def text(data: bytes) -> str:
    """The data as the text that it is, or else in base64."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()
