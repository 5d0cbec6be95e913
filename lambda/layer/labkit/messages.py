"""A message as a lab's code sees it, whichever way it came: straight into the queue, or through an SNS topic."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

#: Half of a character, which JSON can write (`\\ud800`) and no text can hold (RFC 8259, section 8.2).
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


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
        return _message(attributes.get("correlation_id", envelope["MessageId"]), envelope["Message"], attributes)
    raw = record.raw_event.get("messageAttributes", {})
    attributes = {name: value["stringValue"] for name, value in raw.items() if value.get("stringValue") is not None}
    return _message(attributes.get("correlation_id", record.message_id), record.body, attributes)


def _message(id: str, body: str, attributes: Mapping[str, str]) -> Message:
    """The message as text that can be sent on: SQS takes no halves of characters, an emulator does."""
    return Message(_whole(id), _whole(body), {name: _whole(value) for name, value in attributes.items()})


def _whole(text: str) -> str:
    return text.encode(errors="replace").decode()


def _envelope(body: str) -> dict[str, Any] | None:
    """SNS's envelope (SNS Developer Guide, "HTTP/HTTPS notification JSON format"), or None."""
    if '"TopicArn"' not in body:
        return None
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or content.get("Type") != "Notification":
        return None
    texts = isinstance(content.get("Message"), str) and isinstance(content.get("MessageId"), str)
    attributes = content.get("MessageAttributes", {})
    whole = texts and isinstance(attributes, dict) and all(isinstance(value, dict) for value in attributes.values())
    return content if whole else None


def read_object(
    body: str | bytes, parse_float: Callable[[str], Any] = float, parse_int: Callable[[str], Any] = int
) -> dict[str, Any]:
    """The JSON object in a body; money wants Decimal as `parse_float`. Raises Rejected when there is none."""
    try:
        text = body if isinstance(body, str) else body.decode(json.detect_encoding(body))
        content = json.loads(text, parse_constant=_refuse_constant, parse_float=parse_float, parse_int=parse_int)
    except ArithmeticError:  # an exponent that Decimal cannot hold
        raise Rejected("a number in the message is out of range") from None
    except (ValueError, RecursionError):
        raise Rejected("the message is not JSON") from None
    if not isinstance(content, dict):
        raise Rejected("the message is not a JSON object")
    if _SURROGATE.search(text) and not _is_unicode(content):
        raise Rejected("the message is not text: it has half of a character (a surrogate without its pair)")
    return content


def is_text(value: Any, limit: int) -> bool:
    """Printable text of 1 to `limit` characters: what has no control characters can be stored, and read in a line."""
    return isinstance(value, str) and 0 < len(value.strip()) <= len(value) <= limit and value.isprintable()


def _is_unicode(content: Any) -> bool:
    try:
        json.dumps(content, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
