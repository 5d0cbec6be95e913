"""Ships every order of physical goods; the subscription's filter keeps the others away."""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from labkit.claim_check import read_claimed
from labkit.messages import Message
from labkit.outbox import Outbox
from labkit.replies import Reply, reply_to_each
from orders import fail_on_demand, read_order

logger = Logger()
outbox = Outbox(os.environ["OUTPUT_QUEUE_URL"])


def answer(message: Message) -> Reply:
    """Ship the order."""
    content = read_claimed(message.body)
    fail_on_demand(content, "shipping")
    order = read_order(content)
    return {"order_id": order.order_id, "customer": order.customer, "shipped": True}


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle every record of an SQS event; name the records to be tried again."""
    return reply_to_each(event, answer, outbox, handled_by="shipping")
