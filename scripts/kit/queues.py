"""The SQS side of a port: sends in full batches, reads without losing what it was not asked to take."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kit.batches import BATCH, MAX_BYTES, send_in_batches
from kit.outgoing import Attribute, Choices, Sent, json_object
from kit.ports import Port
from kit.target import Target

#: SQS API reference, ReceiveMessage: the longest wait for messages.
LONG_POLL_S = 20
#: Without any wait SQS asks only some of its servers, and may find nothing in a queue that holds something (SQS
#: Developer Guide, "Short and long polling").
SHORTEST_POLL_S = 1
#: API reference, too: the longest visibility timeout, 12 hours.
MAX_HIDDEN_S = 43_200


@dataclass(frozen=True)
class Received:
    """A message that was read; `receipt` lets it be deleted or given back."""

    message_id: str
    body: str
    receipt: str
    sent_ms: int
    #: The ARN of the queue from which SQS moved it here, because its consumer had failed on it too often.
    moved_from: str
    attributes: dict[str, str]


class QueueSender:
    """Sends messages to the queue behind a port."""

    def __init__(self, target: Target, port: Port, choices: Choices) -> None:
        self._sqs = target.client("sqs")
        self._url = port["url"]
        self._attributes = {name: as_entry(attribute) for name, attribute in choices.attributes.items()}

    def problem(self, body: str) -> str | None:
        """Why the queue would refuse this body, or None."""
        return size_problem(body, "a queue")

    def send(self, bodies: Sequence[str]) -> Iterator[list[Sent]]:
        """Send all bodies in batches."""
        yield from send_in_batches(bodies, self._call)

    def _call(self, batch: dict[int, str]) -> dict[int, Sent]:
        more = {"MessageAttributes": self._attributes} if self._attributes else {}
        entries = [{"Id": str(index), "MessageBody": body, **more} for index, body in batch.items()]
        return settled(self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries))


def settled(answer: dict[str, Any]) -> dict[int, Sent]:
    """What SQS and SNS say of a batch: accepted, or refused for good. What they failed on themselves is left out."""
    done = {int(entry["Id"]): Sent(int(entry["Id"]), entry["MessageId"]) for entry in answer.get("Successful", [])}
    for entry in answer.get("Failed", []):
        if entry["SenderFault"]:
            done[int(entry["Id"])] = Sent(int(entry["Id"]), problem=entry.get("Message") or entry["Code"])
    return done


def as_entry(attribute: Attribute) -> dict[str, Any]:
    """A message attribute in the form of SQS and SNS."""
    kind = attribute.type.partition(".")[0]
    field = "BinaryValue" if kind == "Binary" else "StringValue"
    return {"DataType": attribute.type, field: attribute.value.encode() if kind == "Binary" else attribute.value}


def size_problem(body: str, what: str) -> str | None:
    """Why `what` would refuse a body of this size, or None."""
    size = len(body.encode())
    if not size:
        return "is empty"
    return f"has {size} bytes, and {what} takes {MAX_BYTES}" if size > MAX_BYTES else None


class QueueReader:
    """Reads messages from the queue behind a port. What it read stays hidden from others until deleted or released."""

    def __init__(self, target: Target, port: Port) -> None:
        self._sqs = target.client("sqs")
        self._url = port["url"]
        self._allowed: dict[str, int | None] = {}

    def receive(self, limit: int, wait_s: float, hidden_s: int) -> list[Received]:
        """Up to `limit` (and 10) messages, waiting up to `wait_s` (1 to 20) seconds for the first of them."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(limit, BATCH),
            WaitTimeSeconds=max(SHORTEST_POLL_S, min(round(wait_s), LONG_POLL_S)),
            VisibilityTimeout=min(hidden_s, MAX_HIDDEN_S),
            MessageSystemAttributeNames=["SentTimestamp", "DeadLetterQueueSourceArn"],
            MessageAttributeNames=["All"],
        )
        return [_received(message) for message in answer.get("Messages", [])]

    def attempts(self, message: Received) -> int | None:
        """How often the lab failed on a message before it gave up; None where that cannot be known.

        The message's ApproximateReceiveCount does not tell: every look at a dead-letter queue counts, ours too. A
        function's record tells (Lambda Developer Guide, "Asynchronous invocation record"); else SQS moved the message
        when its consumer had received it as often as the queue allows (SQS Developer Guide, "Dead-letter queues").
        """
        context = json_object(message.body).get("requestContext")
        counted = context.get("approximateInvokeCount") if isinstance(context, dict) else None
        if isinstance(counted, int):
            return counted
        if message.moved_from and message.moved_from not in self._allowed:
            self._allowed[message.moved_from] = self._max_receive_count(message.moved_from.rpartition(":")[2])
        return self._allowed.get(message.moved_from)

    def _max_receive_count(self, queue: str) -> int | None:
        try:
            url = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
            answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
        except self._sqs.exceptions.ClientError:  # deleted, or not ours to look at: shown without a number
            return None
        policy = answer.get("Attributes", {}).get("RedrivePolicy")
        return int(json.loads(policy)["maxReceiveCount"]) if policy else None

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
        moved_from=attributes.get("DeadLetterQueueSourceArn", ""),
        attributes={name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()},
    )
