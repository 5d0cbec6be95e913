"""The stock of each product and what is reserved of it, in DynamoDB; neither ever falls below zero.

available + reserved of a product never changes. An order has one reservation, whose state says what was done, so doing
it again does nothing.
"""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from labkit.messages import Rejected

#: Products that a refusal names.
MAX_NAMED = 5
RESERVED, REFUSED, RELEASED = "RESERVED", "REJECTED", "RELEASED"


class Warehouse:
    """Stock and reservations: a transaction changes both, or neither."""

    def __init__(self, stock: str, reservations: str) -> None:
        resource = boto3.resource("dynamodb")
        self._client = resource.meta.client
        self._stock = stock
        self._table = resource.Table(reservations)
        self._reservations = reservations

    def reserve(self, order_id: str, wanted: Mapping[str, int]) -> dict[str, Any]:
        """Reserve all that is wanted, or nothing. Returns the order's reservation, also one made before.

        A refused one has a `reason`.
        """
        reservation = {"orderId": order_id, "status": RESERVED, "items": dict(wanted)}
        put = self._once(reservation)
        take = [self._move(sku, quantity) for sku, quantity in wanted.items()]
        failed = self._transact([put, *take])
        if not failed:
            return reservation
        if failed[0]:
            return self._known(order_id)
        lacking = [sku for sku, refused in zip(wanted, failed[1:], strict=True) if refused]
        reservation = {
            "orderId": order_id,
            "status": REFUSED,
            "reason": f"not in stock: {', '.join(lacking[:MAX_NAMED])}",
        }
        return self._known(order_id) if self._transact([self._once(reservation)]) else reservation

    def release(self, order_id: str) -> None:
        """Give back what is reserved for the order. Raises Rejected when it never had a reservation."""
        reservation = self._known(order_id)
        if not reservation:
            raise Rejected(f"order {order_id} is unknown: no ORDER_CREATED came before this ORDER_CANCELLED")
        if reservation["status"] != RESERVED:
            return
        change = {
            "TableName": self._reservations,
            "Key": {"orderId": order_id},
            "UpdateExpression": "SET #status = :released",
            "ConditionExpression": "#status = :reserved",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":released": RELEASED, ":reserved": RESERVED},
        }
        give = [self._move(sku, -int(quantity)) for sku, quantity in reservation["items"].items()]
        self._transact([{"Update": change}, *give])  # a condition that fails: another run has done it

    def _known(self, order_id: str) -> dict[str, Any]:
        item: dict[str, Any] = self._table.get_item(Key={"orderId": order_id}, ConsistentRead=True).get("Item", {})
        return item

    def _once(self, reservation: Mapping[str, Any]) -> dict[str, Any]:
        condition = "attribute_not_exists(orderId)"
        return {"Put": {"TableName": self._reservations, "Item": reservation, "ConditionExpression": condition}}

    def _move(self, sku: str, quantity: int) -> dict[str, Any]:
        """From available to reserved, or back when it is negative; neither below zero, and only of a known product."""
        source = "available" if quantity > 0 else "reserved"
        return {
            "Update": {
                "TableName": self._stock,
                "Key": {"sku": sku},
                "UpdateExpression": "SET available = available - :quantity, reserved = reserved + :quantity",
                "ConditionExpression": f"{source} >= :needed",
                "ExpressionAttributeValues": {":quantity": quantity, ":needed": abs(quantity)},
            }
        }

    def _transact(self, actions: list[dict[str, Any]]) -> list[bool]:
        """Do all or nothing. Returns, for a transaction that was refused, which conditions failed.

        Raises what boto3 raises for anything else, such as a conflict with another transaction: to be tried again.
        """
        try:
            self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            failed = [reason.get("Code") == "ConditionalCheckFailed" for reason in _reasons(error)]
            if not any(failed):
                raise
            return failed
        return []


def _reasons(error: ClientError) -> list[dict[str, Any]]:
    """Why a transaction was cancelled, for each of its actions (DynamoDB API reference, TransactWriteItems)."""
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])
    return reasons
