"""Asynchronous invocations report to their destinations: what succeeded, and what was given up.

AWS (Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations"): an OnSuccess or OnFailure
destination gets a record of the invocation; a dead-letter queue gets the event itself. MiniStack delivers no successes,
says neither when nor after how many attempts, sends the record to dead-letter queues as well, and goes on trying a
function that was deleted. Retries and their waiting times are MiniStack's: far shorter than AWS's minutes.
"""

import json
import time
from typing import Any

from ministack.core.concurrency import spawn_background
from ministack.core.responses import new_uuid, request_scope
from ministack.services import lambda_svc

from engine.corrections import delivery
from engine.corrections.lambda_events import iso
from engine.corrections.service_roles import sending_is_denied

#: Lambda Developer Guide, "Error handling for asynchronous invocation": two retries, events up to six hours old.
DEFAULT_RETRIES = 2
DEFAULT_MAX_AGE_S = 6 * 3600


def apply() -> None:
    def invoke_async_with_retry(function: dict[str, Any], event: Any) -> None:
        spawn_background(_invoke, function, event, thread_name="ministack-async-invoke")

    lambda_svc.invoke_async_with_retry = invoke_async_with_retry


def _invoke(function: dict[str, Any], event: Any) -> None:
    config = function.get("config") or function
    with request_scope(*lambda_svc._account_region_from_function_config(config)):
        settings = (
            function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
        )
        result, attempts, condition = _run(function, event, settings)
        destinations = settings.get("DestinationConfig") or {}
        name = "OnFailure" if result.get("error") else "OnSuccess"
        destination = (destinations.get(name) or {}).get("Destination")
        if destination and not sending_is_denied(config["FunctionArn"], destination):
            delivery.deliver(destination, json.dumps(_record(config, event, result, attempts, condition)))
        dead_letters = (config.get("DeadLetterConfig") or {}).get("TargetArn")
        if result.get("error") and dead_letters and not sending_is_denied(config["FunctionArn"], dead_letters):
            # Same guide, "Adding a dead-letter queue": the code is a number, that of the invocation's HTTP status.
            attributes = {"RequestID": new_uuid(), "ErrorCode": 200, "ErrorMessage": _message(result)}
            delivery.deliver(dead_letters, json.dumps(event), attributes)


def _run(function: dict[str, Any], event: Any, settings: dict[str, Any]) -> tuple[dict[str, Any], int, str]:
    """The last attempt's result, the number of attempts, and why they ended."""
    config = function.get("config") or function
    retries = settings.get("MaximumRetryAttempts")
    retries = DEFAULT_RETRIES if retries is None else int(retries)
    give_up_at = time.monotonic() + int(settings.get("MaximumEventAgeInSeconds") or DEFAULT_MAX_AGE_S)
    attempts = 0
    while True:
        result: dict[str, Any] = lambda_svc._execute_function(function, event)
        # A throttled event has not been tried, and waits for its turn as long as it may.
        attempts += not result.get("throttle")
        if not result.get("error"):
            return result, attempts, "Success"
        if attempts > retries or config["FunctionName"] not in lambda_svc._functions:  # deleted meanwhile
            return result, attempts, "RetriesExhausted"
        pause = lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS * 2 ** max(0, attempts - 1)
        pause = min(pause, lambda_svc._LAMBDA_ASYNC_RETRY_MAX_SECONDS)
        if time.monotonic() + pause > give_up_at:
            return result, attempts, "EventAgeExceeded"
        time.sleep(pause)


def _record(config: dict[str, Any], event: Any, result: dict[str, Any], attempts: int, condition: str) -> Any:
    version = config.get("Version", "$LATEST")
    response = {"statusCode": 200, "executedVersion": version}
    if result.get("error"):
        response["functionError"] = result.get("function_error") or "Unhandled"
    return {
        "version": "1.0",
        "timestamp": iso(time.time()),
        "requestContext": {
            "requestId": new_uuid(),
            "functionArn": f"{config['FunctionArn']}:{version}",
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": event,
        "responseContext": response,
        "responsePayload": result.get("body"),
    }


def _message(result: dict[str, Any]) -> str:
    body = result.get("body")
    text = body.get("errorMessage") if isinstance(body, dict) else body
    return str(text or "Unhandled")[:1024]
