"""Adapter between the queues and the arithmetic: one reply for each message of a batch."""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from arithmetic import calculate, read_request
from labkit.messages import Message
from labkit.outbox import Outbox
from labkit.replies import Reply, reply_to_each

logger = Logger()
outbox = Outbox(os.environ["OUTPUT_QUEUE_URL"])


def answer(message: Message) -> Reply:
    """The reply to one message."""
    request = read_request(message.body)
    return {"result": calculate(request), "request": request}


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer every record of an SQS event; name the records to be tried again."""
    return reply_to_each(event, answer, outbox)
