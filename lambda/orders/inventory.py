"""Reserves stock for new orders, gives back that of cancelled ones, and tells the stream what became of it."""

import json
import os
from collections.abc import Sequence
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from labkit.rejected import RejectedRecords
from labkit.stream import Outcome, StreamRecord, consume, one_by_one
from order_demands import fail_on_demand
from order_events import CANCELLED, CREATED, NOT_RESERVED, RESERVED, OrderEvent, follow_up, quantities, read_event
from warehouse import Warehouse

#: Kinesis API reference, PutRecords: at most 500 records in a call, and 5 MiB; an answer has less than 10 KB.
BATCH = 500

logger = Logger()
warehouse = Warehouse(os.environ["STOCK_TABLE"], os.environ["RESERVATIONS_TABLE"])
kinesis = boto3.client("kinesis")
stream = os.environ["STREAM"]
rejected = RejectedRecords("inventory")


def handle_all(records: Sequence[StreamRecord]) -> Outcome:
    """Handle the events, then tell the stream of all reservations in as few calls as it allows."""
    answers: list[tuple[StreamRecord, dict[str, Any]]] = []

    def handle(record: StreamRecord) -> None:
        event = read_event(record.data)
        fail_on_demand(event, "inventory")
        if event.type == CREATED:
            # Told again each time the event comes: the run that made the reservation may have ended before it told.
            answers.append((record, answer(event)))
        elif event.type == CANCELLED:
            warehouse.release(event.order_id)

    outcome = one_by_one(handle)(records)
    outcome.failed += tell(answers)
    return outcome


def answer(event: OrderEvent) -> dict[str, Any]:
    """Reserve what the order wants; the event that tells whether it could be done."""
    reservation = warehouse.reserve(event.order_id, quantities(event))
    # What became of it when it was made, also when the order has been cancelled since.
    type, data = (NOT_RESERVED, {"reason": reason}) if (reason := reservation.get("reason")) else (RESERVED, {})
    told: dict[str, Any] = follow_up(event, type, data, source="lab.orders.inventory")
    return told


def tell(answers: Sequence[tuple[StreamRecord, dict[str, Any]]]) -> list[StreamRecord]:
    """Put the answers on the stream, behind the events that they answer. Returns the records to be handled again."""
    failed: list[StreamRecord] = []
    for start in range(0, len(answers), BATCH):
        batch = answers[start : start + BATCH]
        entries = [{"PartitionKey": record.key, "Data": json.dumps(event).encode()} for record, event in batch]
        results = kinesis.put_records(StreamName=stream, Records=entries)["Records"]
        failed += [record for (record, _), result in zip(batch, results, strict=True) if "ErrorCode" in result]
    if failed:
        logger.error("answers not on the stream, to be tried again", extra={"count": len(failed)})
    return failed


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle every record of a Kinesis event; name the records to be tried again."""
    return consume(event, handle_all, rejected.keep)
