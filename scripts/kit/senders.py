"""Sends to any kind of port: the one place that knows which sender belongs to which."""

import json
import uuid

from kit.cli import Exit, Stop
from kit.events import EventSender
from kit.functions import FunctionSender
from kit.outgoing import Choices, Sender
from kit.ports import Port
from kit.queues import QueueSender
from kit.streams import StreamSender
from kit.target import Target
from kit.topics import TopicSender
from kit.workflows import WorkflowSender


def example_of(port: Port) -> list[str]:
    """The example messages of an input port. Ids that must be new each time are written with {run} there."""
    run_id = uuid.uuid4().hex[:8]
    return [json.dumps(message, ensure_ascii=False).replace("{run}", run_id) for message in port.get("example", [])]


def sender_to(target: Target, port: Port, choices: Choices) -> Sender:
    """The sender for the kind of port. Raises Stop when the options do not go with it."""
    kind = port["kind"]
    if choices.attributes and kind not in ("sqs", "sns"):
        raise Stop("--attribute goes with queues and topics only", Exit.USAGE)
    if (choices.source or choices.type) and kind != "events":
        raise Stop("--source and --type go with events only", Exit.USAGE)
    if kind == "sns":
        return TopicSender(target, port, choices)
    if kind == "events":
        return EventSender(target, port, choices)
    if kind == "lambda":
        return FunctionSender(target, port)
    if kind == "kinesis":
        return StreamSender(target, port)
    if kind == "states":
        return WorkflowSender(target, port)
    return QueueSender(target, port, choices)
