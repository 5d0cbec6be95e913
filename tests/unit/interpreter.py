"""Runs a workflow's real definition in this process, with the local engine's interpreter; waits take no time.

What the definition calls are functions of the test. Nothing of the workflow's logic is repeated here.
"""

import json
import time
import uuid
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.services import stepfunctions

Call = Callable[[str, Any], Any]


class Failure(Exception):
    """A call that fails with this error, as Step Functions names it."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class _Inline:
    """A thread that runs when it is started, and has ended when that returns."""

    def __init__(self, target: Callable[..., Any], args: tuple[Any, ...], daemon: bool) -> None:
        self._run: Callable[[], Any] = partial(target, *args)

    def start(self) -> None:
        self._run()

    def join(self) -> None:
        pass


class Interpreter:
    """One workflow; `call` stands for every service, and gets the task's resource (or function) and its parameters."""

    def __init__(self, patch: pytest.MonkeyPatch, definition: dict[str, Any], call: Call) -> None:
        self._call = call
        self._arn = f"arn:aws:states:us-east-1:000000000000:stateMachine:{uuid.uuid4()}"
        patch.setattr(stepfunctions, "time", SimpleNamespace(sleep=lambda seconds: None, time=time.time))
        patch.setattr(stepfunctions, "threading", SimpleNamespace(Thread=_Inline))  # or a random saga would not repeat
        patch.setattr(stepfunctions, "_emit_execution_status_event", lambda execution: None)
        patch.setattr(stepfunctions, "_invoke_resource", self._task)
        # Neither a thread to wait for nor a token: a task that takes too long or that waits for somebody says so.
        patch.setattr(
            stepfunctions, "_invoke_resource_with_timeout", lambda resource, given, _: self._task(resource, given)
        )
        patch.setattr(stepfunctions, "_invoke_with_callback", lambda resource, given, *_: self._task(resource, given))
        stepfunctions._state_machines[self._arn] = {
            "name": self._arn.split(":")[-1],
            "definition": json.dumps(definition),
            "roleArn": "",
        }

    def run(self, name: str, content: Any) -> dict[str, Any]:
        """Run an execution to its end; its description."""
        request = {"stateMachineArn": self._arn, "name": f"{name}-{uuid.uuid4()}", "input": json.dumps(content)}
        _, _, answer = stepfunctions._start_sync_execution(request)
        described: dict[str, Any] = json.loads(answer)
        described["events"] = stepfunctions._executions[described["executionArn"]]["events"]
        return described

    def _task(self, resource: str, given: Any) -> Any:
        try:
            if resource.endswith(":lambda:invoke"):
                return {"StatusCode": 200, "Payload": self._call(given["FunctionName"], given["Payload"])}
            return self._call(resource, given)
        except Failure as failure:
            raise stepfunctions._ExecutionError(failure.error, "") from None
        except RuntimeError as error:
            cause = {"errorMessage": str(error), "errorType": "RuntimeError"}
            raise stepfunctions._ExecutionError("RuntimeError", json.dumps(cause)) from None
