"""Sends a text to a destination by its ARN, as one AWS service does to another: SQS, SNS, Lambda or EventBridge."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import request_scope
from ministack.services import eventbridge, lambda_svc, sns, sqs

logger = logging.getLogger("delivery")


def deliver(arn: str, body: str, attributes: Mapping[str, str | int] | None = None) -> bool:
    """Send `body` there, with message attributes where the service has them. Returns whether it arrived."""
    try:
        spec = parse_arn(arn)
    except ArnParseError:
        logger.warning("%s is no ARN: %s is lost", arn, body)
        return False
    with request_scope(spec.account_id, spec.region):
        try:
            arrived = _SENDERS[spec.service](arn, body, attributes or {})
        except (KeyError, sqs._Err, sns.SnsPublishError) as problem:
            logger.warning("%s does not take it: %r", arn, problem)
            arrived = False
    if not arrived:
        logger.warning("%s could not be reached: %s is lost", arn, body)
    return arrived


def invoke(arn: str, event: Any) -> bool:
    """Invoke a function asynchronously. Returns whether there is one."""
    function, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        return False
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)
    return True


def _to_queue(arn: str, body: str, attributes: Mapping[str, str | int]) -> bool:
    if not sqs._queue_by_arn(arn):
        return False
    spec = parse_arn(arn)
    url = sqs._queue_url_for_account(spec.account_id, spec.resource)
    sqs._act_send_message({"MessageBody": body, "MessageAttributes": _typed(attributes)}, url)
    return True


def _to_topic(arn: str, body: str, attributes: Mapping[str, str | int]) -> bool:
    return sns.publish_internal(arn, body, message_attributes=_typed(attributes)) is not None


def _to_function(arn: str, body: str, attributes: Mapping[str, str | int]) -> bool:
    return invoke(arn, json.loads(body))


def _to_bus(arn: str, body: str, attributes: Mapping[str, str | int]) -> bool:
    # Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations": the result is the event's detail.
    success = json.loads(body).get("requestContext", {}).get("condition") == "Success"
    result = "Success" if success else "Failure"
    entry = {
        "EventBusName": arn.split("event-bus/")[-1],
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {result}",
        "Detail": body,
    }
    status, _, answer = eventbridge._put_events({"Entries": [entry]})
    return bool(status == 200 and json.loads(answer).get("FailedEntryCount") == 0)


_SENDERS = {"sqs": _to_queue, "sns": _to_topic, "lambda": _to_function, "events": _to_bus}


def _typed(attributes: Mapping[str, str | int]) -> dict[str, dict[str, Any]]:
    return {
        name: {"DataType": "Number" if isinstance(value, int) else "String", "StringValue": str(value)}
        for name, value in attributes.items()
        if value != ""  # which no service takes
    }
