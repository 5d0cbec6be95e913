"""EventBridge runs functions asynchronously: a failed event is tried again, then kept.

AWS (EventBridge User Guide, "Targets"; Lambda Developer Guide, "Error handling for asynchronous invocation"): rules
invoke functions asynchronously, so the function's retries and on-failure destination hold. MiniStack has that path, and
takes it for S3 and Event invocations, but runs a rule's function once and forgets the event. Here rules take it.
"""

import json

from ministack.services import eventbridge, lambda_svc


def apply() -> None:
    original = eventbridge._dispatch_to_lambda

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        function, config, _ = lambda_svc._get_func_record_for_ref(arn)
        try:
            event = json.loads(payload)
        except ValueError:
            event = None
        if function and config and event is not None:
            lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)
        else:
            original(arn, payload)

    eventbridge._dispatch_to_lambda = dispatch_to_lambda
