"""Confirms every new order, once, on an SNS topic."""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from labkit.outbox import to_json
from labkit.rejected import RejectedRecords
from labkit.stream import StreamRecord, consume, one_by_one
from order_demands import fail_on_demand
from order_events import CREATED, OrderEvent, money, read_event

#: As long as a stream can keep a record in this lab: 168 h.
REMEMBERED_S = 7 * 24 * 3600

logger = Logger()
sns = boto3.client("sns")
topic = os.environ["TOPIC_ARN"]
rejected = RejectedRecords("notifications")
store = DynamoDBPersistenceLayer(table_name=os.environ["CONFIRMED_TABLE"])
config = IdempotencyConfig(expires_after_seconds=REMEMBERED_S)


def handle(record: StreamRecord) -> None:
    """Confirm a new order; other events are not for the customer."""
    event = read_event(record.data)
    fail_on_demand(event, "notifications")
    if event.type == CREATED:
        confirm_once(order_id=event.order_id, event=event)


def confirm(*, order_id: str, event: OrderEvent) -> None:
    """Publish the confirmation."""
    sns.publish(
        TopicArn=topic,
        Subject="We have received your order",
        Message=confirmation(event),
        MessageAttributes={"orderId": {"DataType": "String", "StringValue": order_id}},
    )


#: Publishes unless it has been done for this order. It is decorated here because Powertools' decorator has no types.
confirm_once = idempotent_function(confirm, data_keyword_argument="order_id", persistence_store=store, config=config)


def confirmation(event: OrderEvent) -> str:
    """What the customer is told; SNS takes it as it is."""
    items = [{"sku": item["sku"], "quantity": item["quantity"]} for item in event.data["items"]]
    total = str(money(event.data["total"]))
    return to_json({"orderId": event.order_id, "userId": event.data["userId"], "items": items, "total": total})


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle every record of a Kinesis event; name the records to be tried again."""
    config.register_lambda_context(context)
    return consume(event, one_by_one(handle), rejected.keep)
