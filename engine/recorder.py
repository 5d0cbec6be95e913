"""Writes down what each function calls: a line of JSON with function, IAM action and resource for every request.

Switched on by MINISTACK_RECORD_CALLS, the file to write to. For tests that compare what a role allows with what is
used. A function's requests are known by its session token, which on the engine may be anything: it becomes its name.
"""

import json
import os
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import iam_actions, lambda_runtime, responses
from ministack.core.router import detect_service, extract_region
from ministack.services import lambda_svc

VARIABLE = "MINISTACK_RECORD_CALLS"
MARK = "function:"


def apply() -> None:
    if path := os.environ.get(VARIABLE):
        _name_functions()
        _record(Path(path))


def _name_functions() -> None:
    original = lambda_runtime.execution_credentials

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        return {**original(config), "AWS_SESSION_TOKEN": MARK + config["FunctionName"]}

    lambda_runtime.execution_credentials = execution_credentials
    lambda_svc.execution_credentials = execution_credentials


def _record(path: Path) -> None:
    original = app._dispatch_service_request
    seen: set[tuple[str, str, str]] = set()

    async def dispatch(
        method: str, route: str, headers: dict[str, str], body: bytes, query: dict[str, Any], request_id: str
    ) -> Any:
        token = headers.get("x-amz-security-token", "")
        if token.startswith(MARK):
            for operation in _operations(method, route, headers, body, query):
                call = (token.removeprefix(MARK), *operation)
                if call not in seen:
                    seen.add(call)
                    line = json.dumps(dict(zip(("function", "action", "resource"), call, strict=True)))
                    with path.open("a") as file:
                        file.write(line + "\n")
        return await original(method, route, headers, body, query, request_id)

    app._dispatch_service_request = dispatch


def _operations(
    method: str, route: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> list[tuple[str, str]]:
    """The IAM actions that AWS would ask for, each with the ARN of its resource."""
    params = app._routing_params(method, route, headers, body, query)
    service = detect_service(method, route, headers, params)
    region, account = extract_region(headers), responses.get_account_id()
    action = iam_actions.extract_iam_action(service, method, route, headers, body, params)
    if service == "dynamodb":
        # A transaction is no action, its items are; a batch names several tables.
        if items := iam_actions.dynamodb_transaction_checks(action, body, region, account):
            return list(items)
        return [(str(action), table) for table in iam_actions.dynamodb_resource_arns(body, region, account)]
    resource = iam_actions.extract_resource_arn(service, method, route, headers, body, params, region, account)
    return [(_permission(action or f"{service}:?"), resource)]


def _permission(action: str) -> str:
    """The action that allows an operation: batches of queues and topics have none of their own."""
    return action.removesuffix("Batch") if action.startswith(("sqs:", "sns:")) else action
