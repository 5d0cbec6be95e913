"""The table views against a DynamoDB that holds to the key of its table, as AWS's does."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
PORTS = {
    "output": {"kind": "states", "type": "STANDARD", "arn": "a", "logs": "l"},
    "approvals": {"kind": "dynamodb", "table": "ledger", "key": "pk", "partition": "approval"},
}
ITEMS = [("approval", "e-1"), ("approval", "e-2"), ("balance", "e-1")]


def ledger(request: str) -> tuple[int, str, str]:
    """A table with a partition key and a sort key, and the SSM that names it."""
    asked = json.loads(request)
    items = [{"pk": {"S": pk}, "sk": {"S": sk}, "since": {"S": "now"}} for pk, sk in ITEMS]
    found: dict[str, Any]
    if "Path" in asked:
        ports = [{"Name": f"/lab/checkout/{name}", "Value": json.dumps(port)} for name, port in PORTS.items()]
        found = {"Parameters": ports}
    elif "RequestItems" in asked:
        keys = asked["RequestItems"]["ledger"]["Keys"]
        if any(set(key) != {"pk", "sk"} for key in keys):
            problem = {"__type": "ValidationException", "message": "The provided key element does not match the schema"}
            return 400, "application/x-amz-json-1.0", json.dumps(problem)
        found = {"Responses": {"ledger": [item for item in items if {"pk": item["pk"], "sk": item["sk"]} in keys]}}
    elif "KeyConditionExpression" in asked:
        (partition,) = asked["ExpressionAttributeValues"].values()
        found = {"Items": [item for item in items if item["pk"] == partition]}
    elif "ConsistentRead" in asked:
        found = {"Items": items}
    else:
        schema = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
        found = {"Table": {"TableName": "ledger", "KeySchema": schema}}
    return 200, "application/x-amz-json-1.0", json.dumps(found)


@pytest.mark.parametrize(("options", "expected"), [([], ["e-1", "e-2"]), (["--order", "e-2"], ["e-2"])])
def test_a_view_of_one_partition_shows_that_and_finds_an_item_in_it(
    tool: Run, stub: Callable[..., str], options: list[str], expected: list[str]
) -> None:
    arguments = ("checkout", "--view", "approvals", *options, "--local")
    done = tool("read_results.py", *arguments, AWS_ENDPOINT_URL=stub(ledger))
    assert done.returncode == 0, done.stderr
    bodies = [json.loads(line)["body"] for line in done.stdout.splitlines()]
    assert [(body["pk"], body["sk"]) for body in bodies] == [("approval", sk) for sk in expected]


def test_an_item_that_is_not_in_the_view_is_said(tool: Run, stub: Callable[..., str]) -> None:
    arguments = ("checkout", "--view", "approvals", "--order", "e-3", "--wait", "0", "--local")
    done = tool("read_results.py", *arguments, AWS_ENDPOINT_URL=stub(ledger))
    assert (done.returncode, done.stderr) == (3, "no sk e-3 within 0 s\n")
