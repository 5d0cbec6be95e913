"""What a workflow asks of a person: the requests that wait in a table, and the answer to one of them."""

import json
from typing import Any

from kit.cli import Exit, Stop
from kit.ports import Port

#: The task has ended meanwhile: its time was up, its execution was stopped, or another has answered.
OVER = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")

#: `sk` (the execution), `since`, `order` (JSON) and `token`, as the workflow has written them.
Request = dict[str, str]


def waiting(dynamodb: Any, port: Port) -> dict[str, Request]:
    """The requests in the table behind the port, by the executions that wait; the longest waiting first."""
    found = [
        {name: value["S"] for name, value in item.items()}
        for page in dynamodb.get_paginator("query").paginate(
            TableName=port["table"],
            KeyConditionExpression="pk = :partition",
            ExpressionAttributeValues={":partition": {"S": port["partition"]}},
            ConsistentRead=True,
        )
        for item in page["Items"]
    ]
    return {item["sk"]: item for item in sorted(found, key=lambda item: item["since"])}


def answer(states: Any, requests: dict[str, Request], execution: str, approved: bool) -> str:
    """Tell the workflow, which takes the request out of the table itself; what was said, in a word.

    Raises Stop when the execution waits for no approval, or not any more.
    """
    if execution not in requests:
        raise Stop(f"no execution {execution} waits for an approval", Exit.USAGE)
    try:
        states.send_task_success(taskToken=requests[execution]["token"], output=json.dumps({"approved": approved}))
    except states.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in OVER:
            raise
        raise Stop(f"execution {execution} does not wait any more: nothing was answered", Exit.ERROR_REPLY) from None
    return "approved" if approved else "refused"
