"""Sends messages to a queue in as few calls as SQS allows."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

#: SQS API reference, SendMessageBatch: up to 10 messages in a call, and 262,144 bytes in all.
MAX_ENTRIES = 10
MAX_BYTES = 262_144


class Outbox:
    """The sending side of one queue; one client, made when the function starts."""

    def __init__(self, queue_url: str) -> None:
        self._queue_url = queue_url
        # Short, so that a queue that does not answer ends in a retry of the message, not in the function's timeout: two
        # attempts and the pause between them take 9 s at most, and functions have 10 s.
        retries = {"mode": "standard", "total_max_attempts": 2}
        self._sqs = boto3.client("sqs", config=Config(connect_timeout=1, read_timeout=3, retries=retries))

    def send_one(self, message: Any) -> None:
        """Send one message. Raises what boto3 raises."""
        self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=to_json(message))

    def send_all(self, messages: Sequence[Any]) -> dict[int, str]:
        """Send the messages in batches. Returns those not accepted: index in `messages` -> reason."""
        unsent: dict[int, str] = {}
        for batch in _batches([to_json(message) for message in messages]):
            entries = [{"Id": str(index), "MessageBody": body} for index, body in batch]
            try:
                response = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            except (BotoCoreError, ClientError) as error:
                unsent |= {index: str(error) for index, _ in batch}
            else:
                unsent |= {
                    int(entry["Id"]): entry.get("Message", entry["Code"]) for entry in response.get("Failed", [])
                }
        return unsent


def to_json(message: Any) -> str:
    """Compact JSON in ASCII. Decimals become numbers: whole ones as integers, others as the nearest double."""
    return json.dumps(message, default=_number, separators=(",", ":"))


def _number(value: object) -> int | float | str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    if value == value.to_integral_value() and value.adjusted() < 100:
        return int(value)
    number = float(value)
    return number if number and abs(number) != float("inf") else str(value)


def _batches(bodies: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
    """Groups of (index, body) within the limits of one call."""
    batch: list[tuple[int, str]] = []
    size = 0
    for index, body in enumerate(bodies):
        if batch and (len(batch) == MAX_ENTRIES or size + len(body) > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((index, body))
        size += len(body)
    if batch:
        yield batch
