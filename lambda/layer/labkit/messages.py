"""A message as a lab's code sees it, whichever way it came: straight into the queue, or through an SNS topic."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord


class Rejected(Exception):
    """The message can never be handled. Its text is the reason, in words for the sender."""


@dataclass(frozen=True)
class Message:
    """`id` is what the sender knows the message by; attributes are text."""

    id: str
    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def read_message(record: SQSRecord) -> Message:
    """The message in an SQS record, out of SNS's envelope if it is in one.

    Its id: the attribute `correlation_id` if the sender set it (it survives every way), else the id that SNS gave it,
    else the one of SQS.
    """
    envelope = _envelope(record.body)
    if envelope:
        attributes = {name: str(value.get("Value")) for name, value in envelope.get("MessageAttributes", {}).items()}
        return Message(attributes.get("correlation_id", envelope["MessageId"]), envelope["Message"], attributes)
    raw = record.raw_event.get("messageAttributes", {})
    attributes = {name: value["stringValue"] for name, value in raw.items() if value.get("stringValue") is not None}
    return Message(attributes.get("correlation_id", record.message_id), record.body, attributes)


def _envelope(body: str) -> dict[str, Any] | None:
    """SNS's envelope (SNS Developer Guide, "HTTP/HTTPS notification JSON format"), or None."""
    if '"TopicArn"' not in body:
        return None
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    is_envelope = isinstance(content, dict) and content.get("Type") == "Notification" and "Message" in content
    return content if is_envelope else None


def read_object(body: str | bytes, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The JSON object in a body; money wants Decimal as `parse_float`. Raises Rejected when there is none."""
    try:
        content = json.loads(body, parse_constant=_refuse_constant, parse_float=parse_float)
    except (ValueError, RecursionError):
        raise Rejected("the message is not JSON") from None
    if not isinstance(content, dict):
        raise Rejected("the message is not a JSON object")
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
