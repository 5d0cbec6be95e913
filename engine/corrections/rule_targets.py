"""A rule's target has its dead-letter queue, and may be a Kinesis stream.

AWS (EventBridge User Guide, "Using dead-letter queues to process undelivered events"; API reference,
KinesisParameters): an event whose target is gone or refuses it is not tried again; it goes to the target's dead-letter
queue, with attributes that say why. A stream gets the event with the partition key found at PartitionKeyPath, or the
event's id. MiniStack logs the failure and forgets the event, and knows no streams.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.services import eventbridge, kinesis, lambda_svc, sns, sqs, stepfunctions

from engine.corrections import delivery
from engine.corrections.permissions import why_denied

Target = dict[str, Any]

#: What EventBridge does as the role of a rule's target (EventBridge User Guide, "Accessing targets").
AS_ROLE = {"states": "states:StartExecution", "kinesis": "kinesis:PutRecord"}


def apply() -> None:
    original = eventbridge._invoke_target

    def invoke_target(target: Target, event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        view = view or eventbridge._pattern_event_view(event)
        problem = _problem(target.get("Arn", ""), rule, target.get("RoleArn", ""))
        if problem:
            _keep(target, rule, view, *problem)
        elif ":kinesis:" in target["Arn"]:
            _to_stream(target, rule, view)
        else:
            original(target, event, rule, view)

    eventbridge._invoke_target = invoke_target


def _problem(arn: str, rule: dict[str, Any], role: str) -> tuple[str, str] | None:
    """Why the target cannot take an event: a code as EventBridge gives it, and a text."""
    try:
        spec = parse_arn(arn)
    except ArnParseError:
        return "INVALID_PARAMETER", f"{arn} is no ARN"
    if not eventbridge._target_matches_request_scope(spec):
        return None  # of another region or account: MiniStack drops it as AWS does
    lookups: dict[str, Callable[[], object]] = {
        "lambda": lambda: lambda_svc._get_func_record_for_ref(arn)[0],
        "sqs": lambda: sqs._queue_by_arn(arn),
        "sns": lambda: sns._topic_by_arn_any_scope(arn),
        "kinesis": lambda: kinesis._resolve_stream_by_arn(arn),
        "states": lambda: arn in stepfunctions._state_machines,
    }
    if spec.service in lookups and not lookups[spec.service]():
        return "RESOURCE_NOT_FOUND", f"{arn} does not exist"
    if spec.service == "sqs" and not sqs.queue_policy_allows(
        arn, "events.amazonaws.com", rule.get("Arn", ""), spec.account_id
    ):
        return "NO_PERMISSIONS", f"the policy of {arn} does not let EventBridge send to it"
    needed = AS_ROLE.get(spec.service)
    if role and needed and (why := why_denied(role, "events", (needed,), arn)):
        return "NO_PERMISSIONS", why
    return None


def _keep(target: Target, rule: dict[str, Any], view: Any, code: str, message: str) -> None:
    dead_letters = (target.get("DeadLetterConfig") or {}).get("Arn")
    if dead_letters:
        attributes = {
            "RULE_ARN": rule.get("Arn", ""),
            "TARGET_ARN": target.get("Arn", ""),
            "ERROR_CODE": code,
            "ERROR_MESSAGE": message,
            "RETRY_ATTEMPTS": "0",
        }
        delivery.deliver(dead_letters, _payload(target, rule, view), attributes)


def _to_stream(target: Target, rule: dict[str, Any], view: Any) -> None:
    event = view.event_with_detail()
    path = (target.get("KinesisParameters") or {}).get("PartitionKeyPath")
    key = _at(event, path) if path else None
    record = {
        "StreamARN": target["Arn"],
        "PartitionKey": key if isinstance(key, str) and key else event["id"],
        "Data": base64.b64encode(_payload(target, rule, view).encode()).decode(),
    }
    status, _, answer = kinesis._put_record(record)
    if status != 200:
        _keep(target, rule, view, "SDK_CLIENT_ERROR", json.loads(answer).get("message", ""))


def _payload(target: Target, rule: dict[str, Any], view: Any) -> str:
    """What the target gets of the event: a text of the rule's, a part of it, or all."""
    if target.get("InputTransformer"):
        return str(eventbridge._apply_input_transformer(target["InputTransformer"], rule, view))
    if target.get("Input"):
        return str(target["Input"])
    event = view.event_with_detail()
    part = _at(event, target["InputPath"]) if target.get("InputPath") else None
    return json.dumps(event if part is None else part)


def _at(event: Any, path: str) -> Any:
    """What a path such as `$.detail.orderId` leads to; None if there is nothing."""
    for name in path.removeprefix("$").strip(".").split("."):
        if name:
            event = event.get(name) if isinstance(event, dict) else None
    return event
