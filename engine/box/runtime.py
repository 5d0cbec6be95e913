"""What AWS calls the runtime: loads a function's handler, and hands it one event after another.

Errors are named, worded and logged as the runtime of AWS does it (aws-lambda-python-runtime-interface-client,
`bootstrap.py`). Spoken with the engine is the protocol of MiniStack's workers: a line of JSON each on standard input
and output, first what the function is, then one invocation a line. What the function prints is log.
"""

import importlib
import importlib.util
import json
import logging
import os
import signal
import site
import sys
import time
import traceback
import types
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

#: MiniStack's, to stop functions that call each other for ever: in the environment, and as the header of a call.
DEPTH, DEPTH_HEADER = "_MINISTACK_INVOKE_DEPTH", "X-Ministack-Invoke-Depth"
#: The runtime writes the lines of a traceback with no-break spaces, so that log readers keep them together.
NO_BREAK_SPACE = "\u00a0"
#: Ends what an invocation has logged (ASCII's record separator), so that its last line is not looked for in vain.
END_OF_LOG = "\x1e"

Handler = Callable[[Any, Any], Any]


class Fault(Exception):
    """An error of the function as a whole, under the runtime's own name for it."""

    def __init__(self, name: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.error = {"errorMessage": message, "errorType": name, "requestId": "", "stackTrace": trace or []}


def main(path: list[str]) -> None:
    """Serve until the engine closes standard input. `path` is where modules are found before the standard library."""
    engine = Engine()
    sys.argv[:] = ["/var/runtime/bootstrap.py"]
    sys.dont_write_bytecode = True
    site.setquit()  # `-S` left out exit() and quit()
    os.environ.pop("LC_CTYPE", None)  # Python's own, in a C locale
    sys.path[:] = path + [place for place in sys.path if os.path.isdir(place)]
    for place in path:
        if place.endswith("site-packages"):
            site.addsitedir(place)
    function = engine.heard()
    request = types.SimpleNamespace(id="")
    log_by_request(request)
    stamp_calls()
    try:
        handler = load(function["module"], function["handler"])
        if function["snapstart"]:
            run_snapshot_hooks()
    except Exception as raised:
        error = raised.error if isinstance(raised, Fault) else described(raised, "")
        if not function["snapstart"]:  # told at the first invocation, as AWS does; the environment then ends
            engine.tell(status="ready", cold=True)
            engine.heard()
        engine.tell_end(status="error", error=error["errorMessage"], raised=error, trace=as_log(error))
        return
    engine.tell(status="ready", cold=True)
    serve(engine, function, handler, request)


class Engine:
    """The other side. Afterwards standard input is empty, and standard output is log, also for children."""

    def __init__(self) -> None:
        self._heard = os.fdopen(os.dup(0), encoding="utf-8")
        self._told = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        sys.stdout = sys.stderr

    def heard(self) -> Any:
        """The next line; ends this process where there is none any more."""
        return json.loads(self._heard.readline() or sys.exit())

    def tell(self, **answer: Any) -> None:
        self._told.write(json.dumps(answer) + "\n")
        self._told.flush()

    def tell_end(self, **answer: Any) -> None:
        """Tell what came of an invocation, after the end of its log."""
        sys.stderr.flush()
        os.write(2, f"{END_OF_LOG}\n".encode())
        self.tell(**answer)


def serve(engine: Engine, function: dict[str, Any], handler: Handler, request: types.SimpleNamespace) -> NoReturn:
    """Hand the handler one event after another, each with what changes in its environment."""
    durable: list[str] = []
    while True:
        invocation = engine.heard()
        told = invocation["ctx"]
        for name in durable:
            os.environ.pop(name, None)
        durable = list(told.get("durable") or {})
        os.environ.update({name: str(value) for name, value in (told.get("durable") or {}).items()})
        put("_X_AMZN_TRACE_ID", told.get("trace_id"))
        put(DEPTH, told.get("depth"))
        request.id = told.get("request_id", "")
        answered = answer(handler, invocation["event"], Context(function, told))
        if peak_kb() > function["memory"] * 1024:  # within less time than between two looks of the box's watch
            end()
        engine.tell_end(**answered, peak_kb=peak_kb())


def load(module: str, name: str) -> Handler:
    """The handler. Raises Fault where the function is not made right, and what its module raises."""
    if module.partition(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module} as a handler module")
    try:
        loaded = importlib.import_module(module)
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}") from None
    except SyntaxError as error:
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}", [place]) from None
    try:
        handler: Handler = getattr(loaded, name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'") from None
    return handler


def answer(handler: Handler, event: Any, context: "Context") -> dict[str, Any]:
    """What the engine is told of an invocation: the result, or what was raised, and how that is logged."""
    try:
        result = handler(event, context)
        if isinstance(result, bytes):  # not marshalled: the answer as it is
            return {"status": "ok", "raw": result.decode("utf-8", "replace")}
        return {"status": "ok", "result": marshalled(result)}
    except MemoryError:
        end()
    except Fault as fault:
        error = {**fault.error, "requestId": context.aws_request_id}
    except Exception as raised:
        error = described(raised, context.aws_request_id)
    return {"status": "ok", "raised": error, "trace": as_log(error)}


def marshalled(result: Any) -> Any:
    """The result as JSON knows it. Raises Fault for what it does not know."""
    try:
        return json.loads(json.dumps(result, default=plain))
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


def plain(value: Any) -> Any:
    """AWS's runtime writes a Decimal as a number; anything else that JSON does not know is an error."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.is_finite() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def described(raised: BaseException, request_id: str) -> dict[str, Any]:
    """Lambda's error object, without the frames of this file, by which it was called."""
    frames = list(traceback.extract_tb(raised.__traceback__))
    while frames and frames[0].filename == __file__:
        del frames[0]
    return {
        "errorMessage": str(raised),
        "errorType": type(raised).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_list(frames),
    }


def as_log(error: dict[str, Any]) -> str:
    """The error as the runtime logs it, in one event of several lines."""
    message = f": {error['errorMessage']}" if error["errorMessage"] else ""
    lines = [f"[ERROR] {error['errorType']}{message}", "Traceback (most recent call last):"]
    for line in "".join(error["stackTrace"]).splitlines():
        text = line.lstrip(" ")
        lines.append(NO_BREAK_SPACE * (len(line) - len(text)) + text)
    return "\n".join(lines)


class Context:
    """The handler's second argument (Lambda Developer Guide, "Using the Lambda context object")."""

    identity = None
    client_context = None

    def __init__(self, function: dict[str, Any], told: dict[str, Any]) -> None:
        self.function_name = function["function_name"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = str(function["memory"])
        self.invoked_function_arn = told.get("invoked_function_arn") or function["arn"]
        self.aws_request_id = told.get("request_id", "")
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline = time.monotonic() + told["timeout_ms"] / 1000

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def put(name: str, value: Any) -> None:
    """Set a variable for this invocation, or remove it."""
    if value in (None, ""):
        os.environ.pop(name, None)
    else:
        os.environ[name] = str(value)


def peak_kb() -> int:
    """The most memory that this process has had at a time, in KB (proc_pid_status(5), VmHWM); 0 where nobody says.

    Not getrusage(2): its number goes back to before this program, to the engine's own memory.
    """
    try:
        with open("/proc/self/status", "rb") as file:
            return int(file.read().split(b"VmHWM:")[1].split()[0])
    except (OSError, IndexError):
        return 0


def end() -> NoReturn:
    """AWS kills a function that takes more memory than it has."""
    sys.stderr.flush()
    while True:
        os.kill(os.getpid(), signal.SIGKILL)


def log_by_request(request: types.SimpleNamespace) -> None:
    """Give the root logger, whose level is WARNING, the runtime's handler: level, time, request id, message."""

    def name_request(record: logging.LogRecord) -> bool:
        record.aws_request_id = request.id
        return True

    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(name_request)
    layout = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    formatter = logging.Formatter(layout, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)


def stamp_calls() -> None:
    """Calls of boto3 will say how deep in calls of functions they are. To be called before anything imports boto3.

    botocore copies its handlers into every client: they have to be complete as soon as the module is there. It takes
    long to load, and a function may do without.
    """

    def stamp(params: dict[str, Any], **_: Any) -> None:
        if depth := os.environ.get(DEPTH):
            params["headers"].setdefault(DEPTH_HEADER, depth)

    class Stamped:
        @staticmethod
        def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
            if name != "botocore.handlers":
                return None
            sys.meta_path.remove(Stamped)
            spec: Any = importlib.util.find_spec(name)
            load_it = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                load_it(module)
                module.BUILTIN_HANDLERS.append(("before-call", stamp))

            spec.loader.exec_module = exec_module
            return spec

    sys.meta_path.insert(0, Stamped)


def run_snapshot_hooks() -> None:
    """A SnapStart version goes through one snapshot before its first invocation; its hooks are in a layer's package."""
    try:
        import snapshot_restore_py as hooks  # type: ignore[import-not-found]
    except ImportError:
        return
    for hook, arguments, named in [*reversed(hooks.get_before_snapshot()), *hooks.get_after_restore()]:
        hook(*arguments, **named)
