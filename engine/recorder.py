"""Writes down what each function calls: a line of JSON with function, IAM action and resource for every request.

Switched on by MINISTACK_RECORD_CALLS, the file to write to. For tests that compare what a role allows with what is
used. A function's requests are known by its session token. Where permissions are not checked, all have the same, so
each is given one of its own.
"""

import json
import os
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import iam_actions, lambda_runtime, responses
from ministack.core.router import detect_service, extract_region
from ministack.services import lambda_svc

from engine.requests import Answer, Request, around

VARIABLE = "MINISTACK_RECORD_CALLS"


def apply() -> None:
    if path := os.environ.get(VARIABLE):
        _record(Path(path), _functions())


def _functions() -> dict[str, str]:
    """The names of the functions by their session tokens, as they are started."""
    names: dict[str, str] = {}
    original = lambda_runtime.execution_credentials

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        name = config["FunctionName"]
        credentials: dict[str, str] = original(config)
        token = credentials["AWS_SESSION_TOKEN"] if app.AUTH else f"function:{name}"
        names[token] = name
        return {**credentials, "AWS_SESSION_TOKEN": token}

    lambda_runtime.execution_credentials = execution_credentials
    lambda_svc.execution_credentials = execution_credentials
    return names


def _record(path: Path, functions: dict[str, str]) -> None:
    seen: set[tuple[str, str, str]] = set()

    async def note(request: Request, go_on: Answer) -> Any:
        if function := functions.get(request.headers.get("x-amz-security-token", "")):
            for operation in _operations(*request[:-1]):
                call = (function, *operation)
                if call not in seen:
                    seen.add(call)
                    line = json.dumps(dict(zip(("function", "action", "resource"), call, strict=True)))
                    with path.open("a") as file:
                        file.write(line + "\n")
        return await go_on()

    around(note)


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
    return [(action or f"{service}:?", resource)]
