"""A function's errors have the names that AWS gives them, and its environment outlives them.

AWS (Lambda Developer Guide, "Python exceptions"; Step Functions Developer Guide, "Handling errors"): `errorType` is the
name of the exception's class, by which Retry and Catch match; the environment is kept after an exception, and ends only
with its process. MiniStack calls every exception Runtime.HandlerError, a throttled task Lambda.Unknown, and starts a
new process after each. Here the worker says what was raised, and goes on.
"""

import contextvars
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

#: What the worker does with what the handler returned or raised. The keys are those of Lambda's own error object.
BARE = """
            result = handler_fn(event, context)
            _real_stdout.write(json.dumps({"status": "ok", "result": result}) + "\\n")
        except Exception as e:
            _real_stdout.write(json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()}) + "\\n")
"""  # noqa: E501
CORRECTED = """
            result = handler_fn(event, context)
            try:
                answer = json.dumps({"status": "ok", "result": result})
            except Exception as e:
                raise type("Runtime.MarshalError", (Exception,), {})("Unable to marshal response: " + str(e)) from None
            _real_stdout.write(answer + "\\n")
        except Exception as e:
            raised = {
                "errorMessage": str(e),
                "errorType": type(e).__name__,
                "requestId": context.aws_request_id,
                "stackTrace": traceback.format_tb(e.__traceback__)[1:],
            }
            trace = "[ERROR] " + traceback.format_exc()
            _real_stdout.write(json.dumps({"status": "ok", "raised": raised, "trace": trace}) + "\\n")
"""
#: MiniStack's text for a process that ended by itself.
DIED = "Worker process died"

_raised: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("raised", default=None)


def apply() -> None:
    if lambda_runtime._PYTHON_WORKER_SCRIPT.count(BARE) != 1:
        raise RuntimeError("MiniStack's Python worker is not the one that function_errors was made for")
    lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_runtime._PYTHON_WORKER_SCRIPT.replace(BARE, CORRECTED)
    _tell_what_was_raised()
    _name_throttles()


def _tell_what_was_raised() -> None:
    invoke = lambda_runtime.Worker.invoke
    execute = lambda_svc._execute_function_warm

    def worker_invoke(self: Any, event: Any, request_id: str, **named: Any) -> dict[str, Any]:
        response: dict[str, Any] = invoke(self, event, request_id, **named)
        raised = response.get("raised")
        if response.get("error") == DIED:
            message = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
            raised = {"errorMessage": message, "errorType": "Runtime.ExitError"}
        _raised.set(raised)
        if raised:
            response.update(status="error", error=raised["errorMessage"])
        return response

    def execute_function_warm(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        _raised.set(None)
        result: dict[str, Any] = execute(function, event, request_id)
        raised = _raised.get()
        if raised and result.get("error"):
            result["body"] = raised
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
