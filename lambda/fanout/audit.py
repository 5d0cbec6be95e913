"""Records every message, also what the other consumers ignore and what is no order at all."""

import json
import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from labkit.messages import Message
from labkit.outbox import Outbox
from labkit.replies import Reply, reply_to_each, shorten
from orders import fail_on_demand

logger = Logger()
outbox = Outbox(os.environ["OUTPUT_QUEUE_URL"])

MAX_RECORDED = 500


def answer(message: Message) -> Reply:
    """Record the message as it came; whatever it says, it is never wrong for the audit."""
    try:
        content = json.loads(message.body)
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        fail_on_demand(content, "audit")
    return {
        "type": message.attributes.get("type"),
        "bytes": len(message.body.encode()),
        "recorded": shorten(message.body, MAX_RECORDED),
    }


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Record every record of an SQS event; name the records to be tried again."""
    return reply_to_each(event, answer, outbox, handled_by="audit")
