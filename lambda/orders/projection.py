"""Keeps the read model: the current state of every order, and its history."""

import os
from collections.abc import Sequence
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from demands import fail_on_demand
from labkit.messages import Rejected
from labkit.rejected import RejectedRecords
from labkit.stream import Rejections, StreamRecord, consume
from order_events import read_event
from read_model import Order, apply

logger = Logger()
table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
rejected = RejectedRecords("projection")


def project(records: Sequence[StreamRecord]) -> Rejections:
    """Apply the events of one partition key; one write for each order that they change."""
    before: dict[str, Order | None] = {}
    after: dict[str, Order | None] = {}
    rejections: Rejections = []
    for record in records:
        try:
            event = read_event(record.data)
            fail_on_demand(event, "projection")
            if event.order_id not in before:
                before[event.order_id] = after[event.order_id] = read(event.order_id)
            after[event.order_id] = apply(after[event.order_id], event, record.position)
        except Rejected as reason:
            rejections.append((record, str(reason)))
    for order_id, order in after.items():
        if order is not None and order is not before[order_id]:
            write(order)
    return rejections


def read(order_id: str) -> Order | None:
    item: Order | None = table.get_item(Key={"orderId": order_id}, ConsistentRead=True).get("Item")
    return item


def write(order: Order) -> None:
    """Write the order unless the table has a newer one, which another run of this function has written meanwhile."""
    try:
        table.put_item(
            Item=order,
            ConditionExpression="attribute_not_exists(orderId) OR #position < :position",
            ExpressionAttributeNames={"#position": "position"},
            ExpressionAttributeValues={":position": order["position"]},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        logger.info("the table has a newer order", extra={"order_id": order["orderId"]})


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Apply every record of a Kinesis event; name the records to be tried again."""
    return consume(event, project, rejected.keep)
