"""What a function logs with the standard library reaches its log.

AWS (Lambda Developer Guide, "Log and monitor Python Lambda functions"): the runtime gives the root logger, whose level
is WARNING, a handler that writes `[LEVEL]<tab>time<tab>request id<tab>message`. MiniStack gives it none: `logger.info`
is lost, and warnings arrive bare. Here the worker has the runtime's handler.
"""

from ministack.core import lambda_runtime

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
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    for place, addition in ((BEFORE_IMPORT, INSTALL), (BEFORE_INVOKE, REMEMBER)):
        if script.count(place) != 1:
            raise RuntimeError("MiniStack's Python worker is not the one that function_logs was made for")
        script = script.replace(place, addition + place)
    lambda_runtime._PYTHON_WORKER_SCRIPT = script
