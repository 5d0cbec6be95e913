"""What a function's log holds, as AWS has it.

An invocation's lines are all there when it has ended. MiniStack waits some milliseconds for them, and shows a later
line with the function's next invocation, or never; here the runtime says where they end (`END_OF_LOG`).

What was raised is one event of several lines, not one event for each line; the runtime marks the lines that belong
together (`engine.box.runtime.as_log`).

A log group that was deleted comes back when its function writes to it, and on AWS only if the function's role allows
that (Lambda Developer Guide, "Using CloudWatch Logs"). In MiniStack also a function that was deleted while it ran makes
it again: the next deployment then finds a group in its way. Here such a function's last lines are lost with it.
"""

import queue
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import cloudwatch_logs, lambda_svc

from engine.box.runtime import END_OF_LOG, NO_BREAK_SPACE

#: How long the end of a log is waited for where a child of the function keeps its pipe open.
END_S = 2

#: The lines of an event after its first.
CONTINUED = ("Traceback (most recent call last):", NO_BREAK_SPACE)


def apply() -> None:
    _read_to_the_end()
    _keep_lines_together()
    _let_no_deleted_function_log()


def _read_to_the_end() -> None:
    drain = lambda_runtime.Worker._drain_stderr_bounded

    def read_stderr(self: Any) -> None:
        stream, lines = self._proc.stderr, self._stderr_queue  # those of this process, not of one that comes after it
        try:
            for line in stream:
                lines.put(line.rstrip("\n"))
        finally:
            lines.put(END_OF_LOG)

    def drain_stderr(self: Any, *waits: float, **named: float) -> str:
        if not str(self.config.get("Runtime")).startswith("python"):
            return str(drain(self, *waits, **named))
        lines: list[str] = []
        deadline = time.monotonic() + END_S
        while not lines or not lines[-1].endswith(END_OF_LOG):
            try:
                lines.append(self._stderr_queue.get(timeout=max(0, deadline - time.monotonic())))
            except queue.Empty:
                break
        return "\n".join(lines).removesuffix(END_OF_LOG).removesuffix("\n")

    lambda_runtime.Worker._read_stderr = read_stderr
    lambda_runtime.Worker._drain_stderr_bounded = drain_stderr


def _keep_lines_together() -> None:
    append = cloudwatch_logs._append_log_events

    def append_log_events(stream: dict[str, Any], events: list[dict[str, Any]]) -> Any:
        joined: list[dict[str, Any]] = []
        for event in events:
            if joined and joined[-1]["message"].startswith("[ERROR]") and event["message"].startswith(CONTINUED):
                joined[-1]["message"] += "\n" + event["message"]
            else:
                joined.append(dict(event))
        return append(stream, joined)

    cloudwatch_logs._append_log_events = append_log_events


def _let_no_deleted_function_log() -> None:
    emit = lambda_svc._emit_lambda_logs

    def emit_lambda_logs(function: dict[str, Any], *arguments: Any, **named: Any) -> None:
        config = function.get("config") or function
        name = config.get("FunctionName", "")
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
        if name in lambda_svc._functions or group in cloudwatch_logs._log_groups:
            emit(function, *arguments, **named)

    lambda_svc._emit_lambda_logs = emit_lambda_logs
