"""One Node process instead of two, and it starts while Python still imports.

jsii starts a Node that starts another one, hands every request through to it, and marks what JavaScript prints. That
is a second start of Node, and two more hops for each of some hundred requests. Here Python starts the second one
itself, as the first would have, at the moment when the program imports jsii. Both talk over a socket, which is the file
descriptor 3 of Node. What JavaScript prints goes to Python's own stdout and stderr.
"""

import atexit
import contextlib
import io
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any

#: The words of jsii's first process about the second; a jsii that starts it with others starts its own way.
_EXPECTED = ('"--preserve-symlinks"', '"lib","program.js"', 'stdio:["ignore","pipe","pipe","pipe"]')
_CHANNEL = 3
_ready: list["Node"] = []


class Node:
    """A Node that runs jsii's program, with as much of `subprocess.Popen` as jsii uses."""

    def __init__(self, runtime: Path) -> None:
        """Start it. `runtime` is the folder of jsii's JavaScript. Raises OSError."""
        self.folder = tempfile.TemporaryDirectory()
        for file in runtime.glob("*__*.js"):  # jsii's form of folder/name.js
            copy = Path(self.folder.name, *file.name.split("__"))
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, copy)
        ours, its = socket.socketpair()
        with ours, its:
            self.stdin, self.stdout = ours.makefile("wb"), ours.makefile("rb")
            self.stderr = io.BytesIO()
            self.pid: int | None = _spawn(Path(self.folder.name, "lib", "program.js"), its.fileno())

    def wait(self, timeout: float) -> None:
        """Wait until it has ended. Raises subprocess.TimeoutExpired."""
        deadline = time.monotonic() + timeout
        while self.pid is not None:
            with contextlib.suppress(ChildProcessError):  # somebody else has waited for it
                if os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                    if time.monotonic() > deadline:
                        raise subprocess.TimeoutExpired("node", timeout)
                    time.sleep(0.001)
                    continue
            self.pid = None

    def terminate(self) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)


def start_early(jsii: Path) -> None:
    """Start Node if jsii, whose folder is given, would start it in the same way; otherwise leave that to jsii."""
    runtime = jsii / "_embedded" / "jsii"
    if "JSII_RUNTIME" in os.environ or not hasattr(os, "posix_spawnp"):
        return
    with contextlib.suppress(OSError):  # no Node, or no such file: jsii says so
        text = (runtime / "bin__jsii-runtime.js").read_text()
        if all(words in text for words in _EXPECTED):
            _ready.append(Node(runtime))
            atexit.register(_end_unused)


def _end_unused() -> None:
    for node in _ready:
        node.terminate()
        node.wait(timeout=5)
        node.folder.cleanup()


def install(jsii_process: ModuleType) -> None:
    """Let jsii's module for its Node process take the one that is ready; started again, jsii starts its own."""
    node_process: Any = getattr(jsii_process, "_NodeProcess", None)
    stock_start = getattr(node_process, "start", None)
    if stock_start is None or not hasattr(node_process, "handshake"):
        return

    def start(self: Any) -> None:
        if not _ready:
            return stock_start(self)  # type: ignore[no-any-return]  # jsii's own, private method
        self._process = _ready.pop()
        self._ctx_stack.callback(self._process.folder.cleanup)
        self.sink_thread = threading.Thread()  # jsii's reads what JavaScript prints; this one never starts
        atexit.register(self.stop)
        return self.handshake()  # type: ignore[no-any-return]  # jsii's own, private method

    node_process.start = start


def _spawn(program: Path, channel: int) -> int:
    # Popen cannot give a descriptor another number.
    node = os.environ.get("JSII_NODE", "node")
    command = [node, "--max-old-space-size=4069", "--preserve-symlinks", str(program)]
    environment = {**os.environ, "JSII_AGENT": f"Python/{platform.python_version()}"}
    no_stdin = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    # By way of another number: a descriptor that already has the right one would be closed.
    away, back = ((os.POSIX_SPAWN_DUP2, *numbers) for numbers in ((channel, 0), (0, _CHANNEL)))
    return os.posix_spawnp(node, command, environment, file_actions=[away, back, no_stdin])
