"""Starts and stops the engine in the background: one per port, on the loopback interface, its files in one folder."""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from engine.box import confinement

HOST = "127.0.0.1"
#: Where in its folder MiniStack keeps what it remembers, and the objects of buckets.
STATE, OBJECTS = "state", "s3"
#: Its log, and the id of its process, by which it is found again.
LOG, PID = "engine.log", "engine.pid"
START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 15
#: How long a port may still be held by an engine that was killed a moment ago.
PORT_TIMEOUT_S = 1
#: Says whether permissions are checked, as on AWS. MiniStack calls it AUTH, which a shell may have for something else.
CHECK_PERMISSIONS = "LAB_IAM"
#: Settings of MiniStack, the corrections and the doors that a user may pass on, by the beginning of their names.
PASSED_ON = (
    *("LAMBDA_", "SFN_", "MINISTACK_", "LOG_LEVEL"),
    *("LAB_KINESIS_LIMITS", "LAB_ALLOWED_ORIGINS", confinement.UNCONFINED),
)


class EngineError(Exception):
    """The engine cannot be started or stopped; the text says why and what to do."""


class Engine:
    """The engine on one port. `folder` holds its state, log and process id, and outlives it.

    A `bare` engine runs without the corrections.
    """

    def __init__(self, port: int, folder: Path, bare: bool = False) -> None:
        self.port = port
        self.bare = bare
        self.url = f"http://{HOST}:{port}"
        self.folder = folder
        self.log = folder / LOG
        self._pid_file = folder / PID

    @property
    def pid(self) -> int | None:
        """The process id while the engine runs."""
        try:
            pid = int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if _is_engine(pid) else None

    @property
    def confinement(self) -> str:
        """How the running engine keeps functions in: one of `confinement.WORDS`."""
        try:
            return (self.folder / confinement.FILE).read_text()
        except FileNotFoundError:  # bare: as MiniStack runs them
            return confinement.NONE

    def is_healthy(self) -> bool:
        """Whether it runs and answers."""
        return self.pid is not None and self._answers("/_ministack/health")

    def start(self) -> bool:
        """Start it unless it runs, and wait until it answers. Returns whether it had to be started.

        Raises EngineError when the port is taken or the engine does not come up.
        """
        with self._locked():
            started = False
            deadline = time.monotonic() + START_TIMEOUT_S
            while not self.is_healthy():
                if self.pid is None and not started:
                    self._spawn()
                    started = True
                elif self.pid is None or time.monotonic() > deadline:
                    last = self.log.read_text(errors="replace").strip().splitlines()[-1:]
                    raise EngineError(f"the local engine did not start; see {self.log}: {''.join(last)}")
                time.sleep(0.02)
            return started

    def stop(self) -> bool:
        """Stop it, giving it time to save its state; afterwards none of its processes is left.

        Returns whether it ran.
        """
        with self._locked():
            pid = self.pid
            if pid is None:
                self._pid_file.unlink(missing_ok=True)
                return False
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while _is_engine(pid) and time.monotonic() < deadline:
                time.sleep(0.05)
            # Its functions' worker processes are in the same group; so is the engine if it does not want to end.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            self._pid_file.unlink(missing_ok=True)
            return True

    def reset(self) -> None:
        """Forget everything deployed on it. Raises EngineError when it does not run.

        It is stopped for that: a function that is still running would write to its log group, and so make it again.
        """
        if not self.is_healthy():
            raise EngineError(f"no local engine runs on port {self.port}; start it with `scripts/local_aws.py start`")
        self.stop()
        for name in (STATE, OBJECTS):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self.start()

    def remove(self) -> None:
        """Delete its files, for good. Only for an engine that does not run."""
        if self.pid is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _spawn(self) -> None:
        deadline = time.monotonic() + PORT_TIMEOUT_S
        while not _is_free(self.port):
            if time.monotonic() > deadline:
                raise EngineError(
                    f"port {self.port} is taken by another program: stop it, or choose another port with --port "
                    "or the variable LOCAL_AWS_PORT"
                )
            time.sleep(0.02)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / confinement.FILE).unlink(missing_ok=True)
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", __package__, *(["--bare"] if self.bare else [])],
                cwd=Path(__file__).resolve().parent.parent,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # A process that has just begun has no command line yet, by which `pid` knows it.
        while process.poll() is None and not _is_engine(process.pid):
            time.sleep(0.002)
        self._pid_file.write_text(str(process.pid))

    def _environment(self) -> dict[str, str]:
        """The engine's environment. Its functions inherit it, so nothing of the user's AWS account may be in it."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        passed_on = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
        return {
            **kept,
            **passed_on,
            "AUTH": "true" if os.environ.get(CHECK_PERMISSIONS) else "false",
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": HOST,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.folder / STATE),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.folder / OBJECTS),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
        }

    def _answers(self, path: str) -> bool:
        try:
            with _opener.open(f"{self.url}{path}", timeout=5) as response:
                return bool(response.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One start or stop at a time per port, also between processes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "engine.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def free_port() -> int:
    """A port on the loopback interface that no program uses at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


#: Without the proxies of the environment: the engine is on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _is_engine(pid: int) -> bool:
    """Whether the process is an engine of ours, not another program that was given the same number since."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # where the starter is still here, so that a dead engine does not look alive
    try:
        command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        if Path("/proc/self").exists():
            return False
        command = subprocess.run(["ps", "-p", str(pid), "-o", "args="], capture_output=True, text=True).stdout
    return f"-m {__package__}" in command


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
