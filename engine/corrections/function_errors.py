"""A function's errors have the names that AWS gives them, and its environment outlives them.

AWS (Lambda Developer Guide, "Python exceptions"; Step Functions Developer Guide, "Handling errors"): `errorType` is the
name of the exception's class, by which Retry and Catch match; the environment is kept after an exception, and ends only
with its process, or when the function cannot be loaded. MiniStack calls every exception Runtime.HandlerError, a
throttled task Lambda.Unknown, a function that cannot be loaded RuntimeError without a word in its log, and starts a new
process after each. Here the runtime (`engine.box.runtime`) says what was raised, and goes on; what it says is told.
"""

import contextvars
import re
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

#: Texts for a process that ended by itself: the box's (`engine.box.watch`), and MiniStack's where it has heard nothing.
DIED = re.compile(r"(?:Worker init failed: )?Worker process (?:died(?:: (?P<how>.*))?|exited immediately)")
ENDED = "Runtime exited without providing a reason"
#: The text for a function whose loading was given up (`boxes`), as MiniStack has it for a handler.
TIMED_OUT = re.compile(r"Task timed out after [\d.]+ seconds")

#: What the runtime said of the invocation of this context, beside MiniStack's "ok" or "error".
_said: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("said", default=None)


def apply() -> None:
    _tell_what_was_raised()
    _name_throttles()


def _tell_what_was_raised() -> None:
    invoke = lambda_runtime.Worker.invoke
    execute = lambda_svc._execute_function_warm

    def worker_invoke(self: Any, event: Any, request_id: str, **named: Any) -> dict[str, Any]:
        try:
            response: dict[str, Any] = invoke(self, event, request_id, **named)
        except RuntimeError as error:
            if not DIED.match(str(error)) and not TIMED_OUT.match(str(error)):
                raise
            # Its process is gone; so that the next invocation starts another.
            self._proc = None
            log = self._drain_stderr_bounded()
            response = {"status": "error", "error": str(error), "cold_start": True, "log": log}
        if died := DIED.match(response.get("error", "")):
            message = f"RequestId: {request_id} Error: {died['how'] or ENDED}"
            response.update(raised={"errorMessage": message, "errorType": "Runtime.ExitError"}, trace=message)
        if raised := response.get("raised"):
            raised["requestId"] = raised.get("requestId", request_id)
            response.update(status="error", error=raised["errorMessage"])
        _said.set(response)
        return response

    def execute_function_warm(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        _said.set(None)
        result: dict[str, Any] = execute(function, event, request_id)
        said = _said.get() or {}
        if result.get("error") and "raised" in said:
            result["body"] = said["raised"]
        elif "raw" in said:
            result.update(body=said["raw"], raw_payload=True)
        return result

    lambda_runtime.Worker.invoke = worker_invoke
    lambda_svc._execute_function_warm = execute_function_warm


def _name_throttles() -> None:
    throttle = lambda_svc._throttle_response

    def throttle_response(*arguments: Any, **named: Any) -> dict[str, Any]:
        response: dict[str, Any] = throttle(*arguments, **named)
        # Step Functions takes the error's name from here; Invoke answers with the rest.
        response["body"]["errorType"] = "Lambda.TooManyRequestsException"
        return response

    lambda_svc._throttle_response = throttle_response
