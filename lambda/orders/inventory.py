"""Reserves stock for new orders, gives back that of cancelled ones, and tells the stream what became of it."""

import json
import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from demands import fail_on_demand
from labkit.rejected import RejectedRecords
from labkit.stream import StreamRecord, consume, one_by_one
from order_events import CANCELLED, CREATED, NOT_RESERVED, RESERVED, OrderEvent, follow_up, quantities, read_event
from warehouse import Warehouse

logger = Logger()
warehouse = Warehouse(os.environ["STOCK_TABLE"], os.environ["RESERVATIONS_TABLE"])
kinesis = boto3.client("kinesis")
stream = os.environ["STREAM"]
rejected = RejectedRecords("inventory")


def handle(record: StreamRecord) -> None:
    """Handle one event; those that are none of the inventory's business change nothing."""
    event = read_event(record.data)
    fail_on_demand(event, "inventory")
    if event.type == CREATED:
        # Told again each time the event comes: the run that made the reservation may have ended before it told.
        tell(record.key, outcome(event))
    elif event.type == CANCELLED:
        warehouse.release(event.order_id)


def outcome(event: OrderEvent) -> dict[str, Any]:
    """Reserve what the order wants; the event that tells whether it could be done."""
    wanted = quantities(event)
    reservation = warehouse.reserve(event.order_id, wanted)
    # Also of an order that was cancelled since: what became of its reservation first.
    refused = reservation.get("reason")
    if refused:
        told: dict[str, Any] = follow_up(event, NOT_RESERVED, {"reason": refused}, source="lab.orders.inventory")
    else:
        told = follow_up(event, RESERVED, {"reserved": wanted}, source="lab.orders.inventory")
    return told


def tell(key: str, event: dict[str, Any]) -> None:
    """Put an event on the stream, behind the other events of the same partition key."""
    kinesis.put_record(StreamName=stream, PartitionKey=key, Data=json.dumps(event).encode())


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle every record of a Kinesis event; name the records to be tried again."""
    return consume(event, one_by_one(handle), rejected.keep)
