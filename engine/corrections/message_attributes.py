"""Message attributes that SQS does not take are refused.

AWS (SQS Developer Guide, "Amazon SQS message attributes"): at most 10 to a message; a name has up to 256 letters,
digits, `_`, `-` and `.`, no `.` at its ends and no two in a row, and does not begin with `AWS.` or `Amazon.`, in any
case; neither type nor value is empty. MiniStack takes any: what was sent here would fail there.
"""

import re
from collections.abc import Mapping
from typing import Any

from ministack.services import sqs

from engine.corrections import queue_actions

MAX_ATTRIBUTES = 10
NAME = re.compile(r"(?!.{257})[\w-]+(\.[\w-]+)*", re.ASCII)
RESERVED = ("aws.", "amazon.")


def apply() -> None:
    send = sqs._act_send_message

    def send_message(data: dict[str, Any], url: str) -> Any:
        problem = _problem(data.get("MessageAttributes") or {})
        if problem:
            raise sqs._Err("InvalidParameterValue", problem)
        return send(data, url)

    queue_actions.replace(sqs, "_act_send_message", send_message)


def _problem(attributes: Mapping[str, Mapping[str, Any]]) -> str | None:
    if len(attributes) > MAX_ATTRIBUTES:
        return f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MAX_ATTRIBUTES}]."
    for name, value in attributes.items():
        if name.lower().startswith(RESERVED):
            return (
                f"The message attribute name '{name}' is invalid: names that begin with 'AWS.' or 'Amazon.' are "
                "reserved for internal use."
            )
        if not NAME.fullmatch(name):
            return (
                f"The message attribute name '{name}' is invalid: it must be 1 to 256 letters, digits, '_', '-' and "
                "'.', and must not begin or end with '.' or have two in a row."
            )
        if not value.get("DataType"):
            return f"The message attribute '{name}' must contain a non-empty message attribute type."
        if not (value.get("StringValue") or value.get("BinaryValue")):
            return f"The message attribute '{name}' must contain a non-empty message attribute value."
    return None
