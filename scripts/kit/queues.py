"""The SQS side of a port: sends in full batches, reads without losing what it was not asked to take."""

import concurrent.futures
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kit.ports import Port
from kit.target import Target

#: SQS API reference, SendMessageBatch and ReceiveMessage: at most 10 messages in a call.
BATCH = 10
#: SQS API reference, SendMessage: at most 262,144 bytes in a message, and in a batch.
MAX_BYTES = 262_144
#: SQS API reference, ReceiveMessage: the longest wait for messages.
LONG_POLL_S = 20
#: Calls at a time; more than that gains nothing measurable on either target.
SENDERS = 8
ATTEMPTS = 4


@dataclass(frozen=True)
class Sent:
    """What became of a message: its id, or the reason why the queue did not take it."""

    index: int
    message_id: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Received:
    """A message that was read; `receipt` lets it be deleted or given back."""

    message_id: str
    body: str
    receipt: str
    sent_ms: int
    receive_count: int


class QueueSender:
    """Sends messages to the queue behind a port."""

    def __init__(self, target: Target, port: Port) -> None:
        self._sqs = target.client("sqs")
        self._url = port["url"]

    def problem(self, body: str) -> str | None:
        """Why the queue would refuse this body, or None."""
        size = len(body.encode())
        if not size:
            return "is empty"
        return f"has {size} bytes, and a queue takes {MAX_BYTES}" if size > MAX_BYTES else None

    def send(self, bodies: Sequence[str]) -> Iterator[list[Sent]]:
        """Send all bodies, several batches at a time; yields the outcomes batch by batch, in any order.

        A batch that could not be sent at all raises what boto3 raises, after the outcomes of the others.
        """
        with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
            calls = [pool.submit(self._send_batch, batch) for batch in batches(bodies)]
            try:
                for call in concurrent.futures.as_completed(calls):
                    yield call.result()
            finally:
                for call in calls:
                    call.cancel()

    def _send_batch(self, batch: list[tuple[int, str]]) -> list[Sent]:
        """Send one batch; entries that the service failed on are tried again, those it refuses are not."""
        done: list[Sent] = []
        waiting = dict(batch)
        for attempt in range(ATTEMPTS):
            entries = [{"Id": str(index), "MessageBody": body} for index, body in waiting.items()]
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            for entry in answer.get("Successful", []):
                index = int(entry["Id"])
                del waiting[index]
                done.append(Sent(index, message_id=entry["MessageId"]))
            for entry in answer.get("Failed", []):
                if entry["SenderFault"] or attempt == ATTEMPTS - 1:
                    index = int(entry["Id"])
                    del waiting[index]
                    done.append(Sent(index, problem=entry.get("Message") or entry["Code"]))
            if not waiting:
                break
            time.sleep(random.uniform(0, 0.1 * 2**attempt))  # exponential backoff with full jitter
        return done


class QueueReader:
    """Reads messages from the queue behind a port. What it read stays hidden from others until deleted or released."""

    def __init__(self, target: Target, port: Port) -> None:
        self._sqs = target.client("sqs")
        self._url = port["url"]

    def receive(self, limit: int, wait_s: float, hidden_s: int) -> list[Received]:
        """Up to `limit` (and 10) messages, waiting up to `wait_s` (and 20) seconds for the first of them."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(limit, BATCH),
            WaitTimeSeconds=max(0, min(round(wait_s), LONG_POLL_S)),
            VisibilityTimeout=hidden_s,
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
        )
        return [_received(message) for message in answer.get("Messages", [])]

    def delete(self, messages: Sequence[Received]) -> None:
        """Take the messages out of the queue for good."""
        for group in _groups(messages):
            entries = [{"Id": str(i), "ReceiptHandle": message.receipt} for i, message in enumerate(group)]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def release(self, messages: Sequence[Received]) -> None:
        """Give the messages back: others can read them at once."""
        for group in _groups(messages):
            entries = [
                {"Id": str(i), "ReceiptHandle": message.receipt, "VisibilityTimeout": 0}
                for i, message in enumerate(group)
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)


def batches(bodies: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
    """Groups of (index, body) within the limits of one call."""
    batch: list[tuple[int, str]] = []
    size = 0
    for index, body in enumerate(bodies):
        length = len(body.encode())
        if batch and (len(batch) == BATCH or size + length > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((index, body))
        size += length
    if batch:
        yield batch


def _groups(messages: Sequence[Received]) -> Iterator[Sequence[Received]]:
    for start in range(0, len(messages), BATCH):
        yield messages[start : start + BATCH]


def _received(message: dict[str, Any]) -> Received:
    attributes = message.get("Attributes", {})
    return Received(
        message_id=message["MessageId"],
        body=message["Body"],
        receipt=message["ReceiptHandle"],
        sent_ms=int(attributes.get("SentTimestamp", 0)),
        receive_count=int(attributes.get("ApproximateReceiveCount", 0)),
    )
