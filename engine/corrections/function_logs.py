"""What a function logs with the standard library reaches its log.

AWS (Lambda Developer Guide, "Log and monitor Python Lambda functions"): the runtime gives the root logger, whose level
is WARNING, a handler that writes `[LEVEL]<tab>time<tab>request id<tab>message`. MiniStack gives it none: `logger.info`
is lost, and warnings arrive bare. Here the worker has the runtime's handler.

A log group that was deleted comes back when its function writes to it, and on AWS only if the function's role allows
that (same guide, "Using CloudWatch Logs"). In MiniStack also a function that was deleted while it ran makes it again:
the next deployment then finds a group in its way. Here such a function's last lines are lost with it.
"""

from typing import Any

from ministack.core import lambda_runtime
from ministack.services import cloudwatch_logs, lambda_svc

#: Where the worker has its handler's module still to import, so that the handler is there when the module logs.
BEFORE_IMPORT = """
    _ms_install_invoke_depth()
    try:
        mod = importlib.import_module(module_name)
"""
INSTALL = """
    import logging

    _ms_request = {"id": ""}

    class _MsRequestId(logging.Filter):
        def filter(self, record):
            record.aws_request_id = _ms_request["id"]
            return True

    _ms_logs = logging.StreamHandler(sys.stderr)
    _ms_logs.addFilter(_MsRequestId())
    _ms_format = "[%(levelname)s]\\t%(asctime)s.%(msecs)03dZ\\t%(aws_request_id)s\\t%(message)s"
    _ms_logs.setFormatter(logging.Formatter(_ms_format, "%Y-%m-%dT%H:%M:%S"))
    _ms_logs.formatter.converter = time.gmtime
    logging.getLogger().addHandler(_ms_logs)
"""
BEFORE_INVOKE = """
        try:
            result = handler_fn(event, context)
"""
REMEMBER = """
        _ms_request["id"] = context.aws_request_id
"""


def apply() -> None:
    _give_workers_the_handler()
    _let_no_deleted_function_log()


def _give_workers_the_handler() -> None:
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    for place, addition in ((BEFORE_IMPORT, INSTALL), (BEFORE_INVOKE, REMEMBER)):
        if script.count(place) != 1:
            raise RuntimeError("MiniStack's Python worker is not the one that function_logs was made for")
        script = script.replace(place, addition + place)
    lambda_runtime._PYTHON_WORKER_SCRIPT = script


def _let_no_deleted_function_log() -> None:
    emit = lambda_svc._emit_lambda_logs

    def emit_lambda_logs(function: dict[str, Any], *arguments: Any, **named: Any) -> None:
        config = function.get("config") or function
        name = config.get("FunctionName", "")
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
        if name in lambda_svc._functions or group in cloudwatch_logs._log_groups:
            emit(function, *arguments, **named)

    lambda_svc._emit_lambda_logs = emit_lambda_logs
