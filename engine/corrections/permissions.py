"""Permissions are checked, if the engine was started with LAB_IAM: each call against the policies of who makes it.

AWS (IAM User Guide, "Policy evaluation logic"): what no policy allows is denied. MiniStack does so with AUTH, but asks
for actions that are none: a batch of SQS or SNS needs the permission of the single call (Service Authorization
Reference), so no policy could ever allow it. Its connection is never TLS, so that policies which refuse plain HTTP
refuse everything; on the loopback interface, where nobody can listen, it counts as secure. Here a denial is also told
in the log, by action and resource: `denied: kinesis:GetShardIterator on stream/orders for lab-orders-projection`.

The engine's own credentials stay the account's root, which may do everything.
"""

import logging
import time
from collections.abc import Iterable
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_region

from engine.requests import Answer, Request, around

logger = logging.getLogger("permissions")

#: A poller that is denied asks again and again: the same line is told once in so many seconds.
TOLD_EVERY_S = 10.0

_told: dict[str, float] = {}


def apply() -> None:
    _ask_for_actions_that_are()
    if app.AUTH:
        _take_loopback_for_secure()
        _tell_denials()
        _hide_what_may_not_be_listed()


def _ask_for_actions_that_are() -> None:
    extract = iam_actions.extract_iam_action

    def extract_iam_action(*arguments: Any) -> str | None:
        action: str | None = extract(*arguments)
        return action.removesuffix("Batch") if action and action.startswith(("sqs:", "sns:")) else action

    iam_actions.extract_iam_action = extract_iam_action


def _take_loopback_for_secure() -> None:
    resolve = iam_evaluator._resolve_condition_key

    def resolve_condition_key(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_condition_key


def _tell_denials() -> None:
    enforce = iam_evaluator.enforce

    def enforce_and_tell(
        access_key: str, action: str, service: str, region: str, resource_arn: str = "*", **more: Any
    ) -> Any:
        refusal = enforce(access_key, action, service, region, resource_arn=resource_arn, **more)
        if isinstance(refusal, iam_evaluator.EvalResult):
            # arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, arn:aws:iam::ACCOUNT:user/NAME
            _tell(action, resource_arn, refusal.principal_arn.split("/")[1])
        return refusal

    iam_evaluator.enforce = enforce_and_tell


def _hide_what_may_not_be_listed() -> None:
    """S3 API reference, GetObject: an object that is not there is 403 for who may not list the bucket, else 404."""

    async def hide(request: Request, go_on: Answer) -> Any:
        method, path, headers, _, query, request_id = request
        answer = await go_on()
        if answer[0] != 404 or method not in ("GET", "HEAD") or b"NoSuchKey" not in (answer[2] or b"NoSuchKey"):
            return answer
        bucket, _, key = path.lstrip("/").partition("/")
        if not key or app.detect_service(method, path, headers, query) != "s3":
            return answer
        access_key = app.extract_access_key_id(headers, query)
        arn = f"arn:aws:s3:::{bucket}"
        refusal = iam_evaluator.enforce(access_key, "s3:ListBucket", "s3", get_region(), resource_arn=arn)
        if not isinstance(refusal, iam_evaluator.EvalResult):
            return answer
        principal = refusal.principal_arn
        return iam_actions.access_denied_response("s3", "s3:ListBucket", principal, request_id, headers=headers)

    around(hide)


def why_denied(role_arn: str, session: str, actions: Iterable[str], resource_arn: str) -> str | None:
    """Why a service may not do this to a resource under a role, in AWS's words; None if it may.

    `session` is what AWS names it by, for example the function. What is denied is told in the log.
    """
    if not app.AUTH:
        return None
    account, _, role = role_arn.split(":", 4)[4].partition(":role/")
    role = role.rpartition("/")[2]
    policies = iam_evaluator._gather_role_policies(role, account)
    for action in actions:
        context = iam_evaluator.EvalContext(
            principal_arn=f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource_arn,
            region=get_region(),
        )
        result = iam_evaluator.evaluate(context, policies)
        # A policy of the resource may allow it, or deny it, too.
        if found := iam_evaluator._resource_policy(action.partition(":")[0], resource_arn):
            result = iam_evaluator.combine_resource_policy(result, context, *found)
        if result.decision != "Allow":
            _tell(action, resource_arn, role)
            explicit = result.decision == "Deny"
            return str(iam_actions.identity_denial_message(action, context.principal_arn, resource_arn, explicit))
    return None


def _tell(action: str, resource_arn: str, principal: str) -> None:
    line = f"denied: {action} on {resource_arn.split(':', 5)[-1]} for {principal}"
    now = time.monotonic()
    if now - _told.get(line, -TOLD_EVERY_S) >= TOLD_EVERY_S:
        _told[line] = now
        logger.warning(line)
