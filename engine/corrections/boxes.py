"""A function's process starts in a box (`engine.box`), with AWS's runtime instead of MiniStack's.

MiniStack runs functions as the user, with the user's files and the engine's environment. Here whatever it starts that
is others' code goes through `engine.box`: workers of Python, of Node.js and of custom runtimes, and the scripts of its
Node.js pool (CloudFront Functions, AppSync). What cannot be boxed does not run, and says so: other runtimes, scripts
of Glue.

A load that never ends is given up after AWS's time for it; an environment's own memory stands in the REPORT line.
"""

import contextlib
import contextvars
import os
import shutil
import subprocess
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime, node_pool
from ministack.services import glue, lambda_svc

from engine.box import confinement, room, start

#: Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle": the time of the Init phase, after
#: which it is tried once more within the function's own timeout.
INIT_S = 10
#: A script of the pool gets less from its own options.
POOL_MB = 1024
#: Where Node.js stands in the box.
NODE = "/var/runtime/node"
NODE_CODE = "const { code_dir, module: modPath, handler: handlerName, env } = msg;"
NODE_CODE_IN_BOX = (
    "const { module: modPath, handler: handlerName, env } = msg; const code_dir = process.env.LAMBDA_TASK_ROOT;"
)

#: The worker that is being started in this context.
_starting: contextvars.ContextVar[Any] = contextvars.ContextVar("starting", default=None)
#: The most memory of the environment that ran last in this context, in MB.
_memory_mb: contextvars.ContextVar[int] = contextvars.ContextVar("memory_mb", default=0)


class NotRun(Exception):
    """Something that this engine does not run; the text says what and why."""


def apply() -> None:
    kind = confinement.found()
    print(confinement.WORDS[kind], flush=True)
    if folder := os.environ.get("STATE_DIR"):
        Path(folder).parent.joinpath(confinement.FILE).write_text(kind)
    script = lambda_runtime._NODEJS_WORKER_SCRIPT
    if script.count(NODE_CODE) != 1:
        raise RuntimeError("MiniStack's Node.js worker is not the one that boxes was made for")
    lambda_runtime._NODEJS_WORKER_SCRIPT = script.replace(NODE_CODE, NODE_CODE_IN_BOX)
    for worker in (lambda_runtime.Worker, lambda_runtime.ProvidedWorker):
        _know_what_starts(worker)
    for module, popen in ((lambda_runtime, _of_worker), (lambda_svc, _of_worker), (node_pool, _of_pool)):
        module.subprocess = types.SimpleNamespace(**{**vars(subprocess), "Popen": popen})
    _refuse_what_has_no_box()
    _report_memory()


def _know_what_starts(worker: type) -> None:
    spawn = worker._spawn  # type: ignore[attr-defined]

    def spawn_known(self: Any, *arguments: Any, **named: Any) -> None:
        token = _starting.set(self)
        try:
            with _given_up_in_time(self):
                spawn(self, *arguments, **named)
        finally:
            _starting.reset(token)

    worker._spawn = spawn_known  # type: ignore[attr-defined]


@contextlib.contextmanager
def _given_up_in_time(worker: Any) -> Iterator[None]:
    """Ends a worker whose loading does not end; MiniStack would wait for ever. Raises RuntimeError."""
    timeout_s = float(worker.config.get("Timeout", 3))
    given_up = threading.Event()

    def give_up() -> None:
        given_up.set()
        if worker._proc:
            worker._proc.terminate()

    timer = threading.Timer(INIT_S + timeout_s, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except RuntimeError:
        if given_up.is_set():
            raise RuntimeError(f"Task timed out after {timeout_s:.2f} seconds") from None
        raise
    finally:
        timer.cancel()


def _of_worker(argv: list[str], *, cwd: str, env: dict[str, str], **pipes: Any) -> "subprocess.Popen[str]":
    """Stands in for the Popen by which MiniStack starts a worker."""
    worker = _starting.get()
    if worker is None:
        raise NotRun("durable functions of custom runtimes do not run on the local engine")
    function = worker.config
    program = room.Program(
        code=cwd,
        layers=sorted(map(str, Path(cwd).parent.glob("layer_?"))),
        memory_mb=int(function.get("MemorySize", 128)),
        tmp_mb=int((function.get("EphemeralStorage") or {}).get("Size", 512)),
        **_command(argv, cwd),
    )
    return start.started(program, _kind(), env, function, **pipes)


def _command(argv: list[str], code: str) -> dict[str, Any]:
    """What the box runs for what MiniStack would have run."""
    script = argv[-1]
    if script.endswith("_worker.py"):
        return {}
    if script.endswith("_worker.js"):
        _link_layers(Path(code, "node_modules"))
        return {"command": (NODE, "/var/runtime/index.js"), "files": _node() | {"/var/runtime/index.js": script}}
    return {"command": ("/var/task/bootstrap",), "speaking": False}


def _link_layers(modules: Path) -> None:
    """MiniStack links the packages of layers into the code, where they lie on the machine; in the box that is /opt."""
    for link in modules.glob("*") if _kind() == confinement.BOX else ():
        if link.is_symlink():
            link.unlink()
            link.symlink_to(f"/opt/nodejs/node_modules/{link.name}")


def _node() -> dict[str, str]:
    found = shutil.which("node")
    if not found:
        raise NotRun("Node.js is missing: install version 20 or newer")
    return {NODE: os.path.realpath(found)}


def _of_pool(argv: list[str], **pipes: Any) -> "subprocess.Popen[str]":
    """Stands in for the Popen by which MiniStack starts Node.js for scripts."""
    program = room.Program(command=(NODE, *argv[1:]), files=_node(), memory_mb=POOL_MB, speaking=False)
    return start.started(program, _kind(), {}, {}, **pipes)


def _kind() -> str:
    kind = confinement.found()
    if not kind:
        raise NotRun(confinement.WORDS[kind])
    return kind


def _refuse_what_has_no_box() -> None:
    def no_runtime(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        runtime = (function.get("config") or function).get("Runtime")
        message = f"the local engine runs functions in Python, Node.js and provided.*, not {runtime}"
        return {"body": {"errorMessage": message, "errorType": "Runtime.Unsupported"}, "error": True, "log": message}

    def no_script(run: dict[str, Any], *_: Any) -> None:
        run.update(JobRunState="FAILED", ErrorMessage="the local engine runs no scripts of Glue")

    lambda_svc._execute_function_local = no_runtime
    glue._execute_subprocess = no_script


def _report_memory() -> None:
    invoke = lambda_runtime.Worker.invoke

    def worker_invoke(self: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        process = self._proc
        response: dict[str, Any] = invoke(self, *arguments, **named)
        process = self._proc or process
        most_kb = max(start.most_memory_kb(process), response.pop("peak_kb", 0)) if process else 0
        _memory_mb.set(min(-(-most_kb // 1024), int(self.config.get("MemorySize", 128))))
        return response

    lambda_runtime.Worker.invoke = worker_invoke
    lambda_svc._probe_peak_memory_mb = lambda function: _memory_mb.get()
