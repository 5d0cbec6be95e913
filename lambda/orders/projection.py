"""Keeps the read model: the current state of every order, and its history."""

import contextlib
import os
from collections.abc import Sequence
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from labkit.messages import Rejected
from labkit.rejected import RejectedRecords
from labkit.stream import Outcome, StreamRecord, consume, one_by_one
from order_demands import fail_on_demand
from order_events import read_event
from read_model import Order, apply

#: DynamoDB API reference, BatchGetItem: at most 100 items in a call.
BATCH = 100

logger = Logger()
dynamodb = boto3.resource("dynamodb")
table = dynamodb.Table(os.environ["ORDERS_TABLE"])
rejected = RejectedRecords("projection")


def project(records: Sequence[StreamRecord]) -> Outcome:
    """Apply the events; one read for all orders, one write for each that they change."""
    before = read(order_ids(records))
    after = dict(before)
    touched: dict[str, list[StreamRecord]] = {}

    def apply_one(record: StreamRecord) -> None:
        event = read_event(record.data)
        fail_on_demand(event, "projection")
        touched.setdefault(event.order_id, []).append(record)
        after[event.order_id] = apply(after.get(event.order_id), event, record.position)

    outcome = one_by_one(apply_one)(records)
    for order_id, order in after.items():
        if order is not before.get(order_id):
            try:
                write(order)
            except Exception:
                logger.exception("order not written, to be tried again", extra={"order_id": order_id})
                outcome.failed += touched[order_id]
    return outcome


def order_ids(records: Sequence[StreamRecord]) -> list[str]:
    """The orders that the records are of; what is no event is of none."""
    ids: dict[str, None] = {}
    for record in records:
        with contextlib.suppress(Rejected):
            ids[read_event(record.data).order_id] = None
    return list(ids)


def read(ids: Sequence[str]) -> dict[str, Order]:
    """The orders that the table has."""
    orders: dict[str, Order] = {}
    for start in range(0, len(ids), BATCH):
        keys = [{"orderId": id} for id in ids[start : start + BATCH]]
        wanted: Any = {table.name: {"Keys": keys, "ConsistentRead": True}}
        while wanted:
            answer = dynamodb.batch_get_item(RequestItems=wanted)
            orders |= {order["orderId"]: order for order in answer["Responses"].get(table.name, [])}
            wanted = answer.get("UnprocessedKeys")
    return orders


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
