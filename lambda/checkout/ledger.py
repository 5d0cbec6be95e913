"""Balances and records of the checkouts in a DynamoDB table.

Items: `balance` / `stock#book` holds an amount (and an item its price), `checkout#<id>` / `pay` the record of a step.
"""

import os
import random
import time
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import boto3
from botocore.config import Config

from saga import Move, Outcome, Record

#: A transaction that meets another on the same item is refused, and succeeds a moment later.
ATTEMPTS = 6
BACKOFF_S = 0.05


class TableLedger:
    """The saga's ledger behind one table; one client, made when the function starts."""

    def __init__(self, table: str) -> None:
        self._table = table
        # Short: two attempts and the pause between them take 9 s at most, and a task of the workflow has 10 s.
        retries = {"mode": "standard", "total_max_attempts": 2}
        self._dynamodb = boto3.client("dynamodb", config=Config(connect_timeout=1, read_timeout=3, retries=retries))

    def record(self, checkout_id: str, step: str) -> Record | None:
        item = self._get(f"checkout#{checkout_id}", step)
        return Record(item["status"]["S"], item["reason"]["S"]) if item else None

    def price(self, item: str) -> Decimal | None:
        """What one piece of an item costs, or None when the shop has no such item."""
        found = self._get("balance", f"stock#{item}")
        return Decimal(found["price"]["N"]) if found else None

    def write(self, checkout_id: str, step: str, record: Record, move: Move | None, *, after: str | None) -> Outcome:
        changes = [self._record(checkout_id, step, record, after)]
        if move:
            changes.append(self._move(move))
        attempt = 1
        while True:
            try:
                self._dynamodb.transact_write_items(TransactItems=changes)
                return Outcome.WRITTEN
            except self._dynamodb.exceptions.TransactionCanceledException as error:
                codes = [reason.get("Code") for reason in error.response["CancellationReasons"]]
                if "ConditionalCheckFailed" in codes:
                    return Outcome.CHANGED if codes[0] == "ConditionalCheckFailed" else Outcome.SHORT
                if attempt == ATTEMPTS or "TransactionConflict" not in codes:
                    raise
            time.sleep(random.uniform(0, BACKOFF_S * 2**attempt))  # full jitter
            attempt += 1

    def _get(self, partition: str, sort: str) -> dict[str, Any] | None:
        key = {"pk": {"S": partition}, "sk": {"S": sort}}
        item: dict[str, Any] | None = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get(
            "Item"
        )
        return item

    def _record(self, checkout_id: str, step: str, record: Record, after: str | None) -> dict[str, Any]:
        now = datetime.now(timezone.utc).isoformat()
        moment = "undone_at" if record.status == "undone" else "done_at"
        condition = "attribute_not_exists(pk)" if after is None else "#status = :after"
        update = {
            "TableName": self._table,
            "Key": {"pk": {"S": f"checkout#{checkout_id}"}, "sk": {"S": step}},
            "UpdateExpression": f"SET #status = :status, reason = :reason, {moment} = :now",
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":status": {"S": record.status},
                ":reason": {"S": record.reason},
                ":now": {"S": now},
                **({":after": {"S": after}} if after is not None else {}),
            },
        }
        return {"Update": update}

    def _move(self, move: Move) -> dict[str, Any]:
        update: dict[str, Any] = {
            "TableName": self._table,
            "Key": {"pk": {"S": "balance"}, "sk": {"S": move.balance}},
            "UpdateExpression": "ADD amount :by",
            "ExpressionAttributeValues": {":by": {"N": str(move.by)}},
        }
        if move.by < 0:
            update["ConditionExpression"] = "amount >= :needed"
            update["ExpressionAttributeValues"][":needed"] = {"N": str(-move.by)}
        return {"Update": update}


def from_environment() -> tuple[TableLedger, Callable[[], None]]:
    """The ledger, and the sleep that is longer than a step may take, as the stack has set them."""
    seconds = float(os.environ["SLOW_S"])
    return TableLedger(os.environ["TABLE"]), lambda: time.sleep(seconds)
