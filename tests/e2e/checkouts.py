"""What the checkouts have done, as it is in the lab's table; and its workflow, hurried where it would wait long."""

import contextlib
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from shell import Shell

TABLE = "checkout-ledger"
WORKFLOW = "checkout-saga"


def order(**more: Any) -> str:
    """A good order, or one that fails as `more` says."""
    return json.dumps({"customer": "ana", "item": "book", "quantity": 2, "total": 30, **more})


def balances(shell: Shell) -> dict[str, Decimal]:
    """Stock, money and shipments: every balance that is not zero."""
    amounts = {item["sk"]["S"]: Decimal(item["amount"]["N"]) for item in _items(shell, "balance")}
    return {name: amount for name, amount in amounts.items() if amount}


def records(shell: Shell, checkout_id: str) -> dict[str, dict[str, str]]:
    """What became of each step of a checkout."""
    items = _items(shell, f"checkout#{checkout_id}")
    return {
        item["sk"]["S"]: {name: value["S"] for name, value in item.items()}
        for item in items
        if item["sk"]["S"] != "order"
    }


def _items(shell: Shell, partition: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shell.client("dynamodb").query(
        TableName=shell.name(TABLE),
        KeyConditionExpression="pk = :partition",
        ExpressionAttributeValues={":partition": {"S": partition}},
        ConsistentRead=True,
    )["Items"]
    return found


@contextlib.contextmanager
def changed(shell: Shell, change: Callable[[Any], None]) -> Iterator[None]:
    """The workflow, deployed with its states changed, for a while."""
    client = shell.client("stepfunctions")
    arn = workflow_arn(shell)
    definition = client.describe_state_machine(stateMachineArn=arn)["definition"]
    other = json.loads(definition)
    change(other["States"])
    client.update_state_machine(stateMachineArn=arn, definition=json.dumps(other))
    try:
        yield
    finally:
        client.update_state_machine(stateMachineArn=arn, definition=definition)


def workflow_arn(shell: Shell) -> str:
    pages = shell.client("stepfunctions").get_paginator("list_state_machines").paginate()
    name = shell.name(WORKFLOW)
    (arn,) = [item["stateMachineArn"] for page in pages for item in page["stateMachines"] if item["name"] == name]
    return str(arn)
