"""What a function meets that tries to get out of its box: as root and as a user without any right.

Never run on the bare engine: there these functions do what they try.
"""

import contextlib
import json
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.box import confinement, room, start

#: A user without rights, who still may read this machine's Python wherever it is: root without capabilities.
UNPRIVILEGED = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
USERS = {"as this user": [], "unprivileged": UNPRIVILEGED if os.getuid() == 0 else []}
SECRET = "a secret of the user's shell"


class Inside:
    """A function in a box, spoken to as the engine speaks to it."""

    def __init__(self, tmp_path: Path, kind: str, user: str, body: str, **settings: Any) -> None:
        code = tmp_path / "code"
        code.mkdir()
        indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
        (code / "index.py").write_text(f"import os, sys\ndef handler(event, context):\n{indented}\n")
        self.folder = tmp_path / "box"
        self.folder.mkdir()
        spec = room.spec(room.Program(code=str(code), **settings), kind, self.folder)
        function = {"FunctionName": "f", "Handler": "index.handler", "Runtime": "python3.13"}
        engine = {"AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_LOG_STREAM_NAME": "s", "SECRET": SECRET}
        self.process = subprocess.Popen(
            [*USERS[user], *start.command(spec)],
            cwd="/",
            env=room.environment(engine, function, spec),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.tell(
            {"module": "index", "handler": "handler", "function_name": "f", "memory": 128, "arn": "", "snapstart": 0}
        )
        assert self.answer() == {"status": "ready", "cold": True}, self.process.stderr and self.process.stderr.read()

    def tell(self, line: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("{"):
                return dict(json.loads(line))
        return {}

    def asked(self, event: Any = None) -> Any:
        """What the function returns, or the whole answer if it does not return."""
        self.tell({"event": event, "ctx": {"request_id": "r", "timeout_ms": 9000}})
        answer = self.answer()
        return answer.get("result", answer)


@pytest.fixture(params=USERS)
def user(request: pytest.FixtureRequest) -> str:
    if USERS[request.param] and not shutil.which("unshare"):
        pytest.skip("there is no unshare, which makes a user without rights")
    return str(request.param)


@pytest.fixture(params=confinement.BY_PLATFORM[sys.platform])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.skipif("CI" not in os.environ, reason="a machine that makes no boxes is no defect, except in CI")
def test_this_machine_makes_boxes() -> None:
    """What is tested there has to be what most users have."""
    assert confinement.found() == confinement.BOX


LOOK = """
def opened(path, mode='r'):
    try:
        with open(path, mode) as file:
            return file.read(1) if mode == 'r' else 'written'
    except OSError as error:
        return type(error).__name__
def listed(path):
    try:
        return os.listdir(path)
    except OSError as error:
        return type(error).__name__
tmp = listed('/tmp')
os.system(f'rm -rf {event["canary"]}' + (' /tmp/*' if not tmp else ''))
secret = False
for pid in os.listdir('/proc'):
    try:
        with open(f'/proc/{pid}/environ') as file:
            secret |= event['secret'] in file.read()
    except OSError:
        pass
return {
    'canary': opened(event['canary']),
    'home': listed(event['home']),
    '~': os.path.isdir(os.path.expanduser('~')),
    'checkout': listed(event['checkout']),
    'secret': secret,
    'engine': opened(f'/proc/{event["pid"]}/environ'),
    'environment': sorted(os.environ),
    'written': [path for path in event['outside'] if opened(path, 'w') == 'written'],
    'tmp': tmp,
    'own': opened(os.environ.get('TMPDIR', '/tmp') + '/own', 'w'),
}
"""


def test_the_users_files_and_variables_are_out_of_reach(tmp_path: Path, kind: str, user: str) -> None:
    canary = tmp_path / "canary"
    canary.write_text("alive")
    home, checkout = Path.home(), Path(__file__).parents[2]
    outside = ["/canary", "/usr/canary", "/etc/canary", "/opt/canary", "/var/task/canary", f"{home}/canary"]
    outside += [
        "/var/tmp/canary",
        f"{tmp_path}/canary",
        f"{tmp_path}/code/index.py",
        f"{checkout}/canary",
        "/dev/shm/x",
    ]
    event = {"canary": str(canary), "home": str(home), "checkout": str(checkout), "pid": os.getpid()}
    event |= {"outside": outside, "secret": SECRET}
    met = Inside(tmp_path, kind, user, LOOK).asked(event)
    assert canary.read_text() == "alive"
    assert met["canary"] in ("FileNotFoundError", "PermissionError")
    assert met["home"] in ("FileNotFoundError", "PermissionError", seen_of(home))
    assert met["checkout"] in ("FileNotFoundError", "PermissionError")
    assert not met["~"] or kind == confinement.LANDLOCK
    assert met["written"] == []
    assert met["tmp"] == ([] if kind == confinement.BOX else "PermissionError")
    assert met["own"] == "written"
    assert not met["secret"]
    assert met["engine"] in ("FileNotFoundError", "PermissionError")
    assert "SECRET" not in met["environment"] and "HOME" not in met["environment"]


def seen_of(home: Path) -> list[str]:
    """Of a home in which the machine's Python lies, the name of the folder on the way there."""
    return [Path(sys.base_prefix).relative_to(home).parts[0]] if Path(sys.base_prefix).is_relative_to(home) else []


def test_a_function_has_a_tmp_of_its_own_as_large_as_its_stack_says(tmp_path: Path, user: str) -> None:
    body = """
written = 0
try:
    with open('/tmp/file', 'wb', buffering=0) as file:
        while True:
            written += file.write(bytes(1 << 20))
except OSError as error:
    return [os.listdir('/tmp'), written >> 20, error.strerror]
"""
    assert Inside(tmp_path, confinement.BOX, user, body, tmp_mb=16).asked() == [["file"], 16, "No space left on device"]


def test_a_function_that_forks_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only as this user: the kernel exempts root, also one without rights (setrlimit(2)), whom the box makes nobody."""
    assert room.PROCESSES == 1024, "Lambda quotas"
    monkeypatch.setattr(room, "PROCESSES", 64)
    body = """
import signal
made = []
try:
    while len(made) < 300:
        made.append(os.fork())
        if not made[-1]:
            signal.pause()
except OSError as error:
    met = type(error).__name__
for pid in made:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
return [len(made), met]
"""
    made, met = Inside(tmp_path, confinement.BOX, "as this user", body, memory_mb=3008).asked()
    assert met == "BlockingIOError"
    assert made <= 64


def test_a_function_that_takes_too_much_memory_is_killed(tmp_path: Path, user: str) -> None:
    grown = Inside(
        tmp_path, confinement.BOX, user, "kept = [bytearray(b'x') * (1 << 20) for _ in range(1 << 10)]"
    ).asked()
    assert grown["error"] == "Worker process died: Runtime exited with error: signal: killed"


def test_a_function_that_asks_for_too_much_memory_at_once_is_killed(tmp_path: Path, user: str) -> None:
    asked = Inside(tmp_path, confinement.BOX, user, "return len(bytearray(1 << 30))").asked()
    assert asked["error"] == "Worker process died: Runtime exited with error: signal: killed"


def test_the_most_memory_is_told(tmp_path: Path, user: str) -> None:
    inside = Inside(
        tmp_path, confinement.BOX, user, "import time\nkept = bytearray(60 << 20)\ntime.sleep(0.5)\nreturn 1"
    )
    assert inside.asked() == 1
    assert 60 << 10 < int(room.memory_file(inside.folder).read_text()) < 128 << 10


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_that_a_function_started_outlives_it(tmp_path: Path, user: str, ending: signal.Signals) -> None:
    """A time-out ends the process that the engine knows; a child in a session of its own goes with it."""
    inside = Inside(tmp_path, confinement.BOX, user, START_SLEEPER)
    marker = f"{os.getpid()}.{time.monotonic_ns()}"
    inside.tell({"event": marker, "ctx": {"timeout_ms": 9000}})
    wait_until(lambda: sleepers(marker))
    inside.process.send_signal(ending)
    wait_until(lambda: not sleepers(marker))


def test_landlock_ends_what_a_function_started_when_it_is_told_to(tmp_path: Path, user: str) -> None:
    inside = Inside(tmp_path, confinement.LANDLOCK, user, START_SLEEPER)
    marker = f"{os.getpid()}.{time.monotonic_ns()}"
    inside.tell({"event": marker, "ctx": {"timeout_ms": 9000}})
    wait_until(lambda: sleepers(marker))
    inside.process.terminate()
    wait_until(lambda: not sleepers(marker))


START_SLEEPER = """
import subprocess, time
subprocess.Popen(['sleep', '1000' + event], start_new_session=True)
time.sleep(1000)
"""


def sleepers(marker: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"1000{marker}" in path.read_text():
                found.append(path.parent.name)
    return found


def wait_until(come: Any) -> None:
    deadline = time.monotonic() + 20
    while not come():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_function_cannot_undo_its_box(tmp_path: Path, user: str) -> None:
    body = """
import ctypes, json
libc = ctypes.CDLL(None, use_errno=True)
met = {}
met['umount'] = libc.umount2(b'/tmp', 2)
met['mount'] = libc.mount(None, b'/', None, 32 | 4096, None)
met['setuid'] = libc.setuid(0)
met['processes'] = sorted(int(pid) for pid in os.listdir('/proc') if pid.isdigit())
try:
    os.kill(event, 0)
    met['kill'] = 'allowed'
except OSError as error:
    met['kill'] = type(error).__name__
pid = os.fork()
if not pid:  # rights over a namespace of its own give none over the box
    if libc.unshare(0x10000000 | 0x20000) == 0:
        undone = [libc.mount(None, b'/var/task', None, 32 | 4096, None), libc.umount2(b'/var/task', 2)]
        os._exit(0 if undone == [-1, -1] else 1)
    os._exit(0)
met['nested'] = os.waitpid(pid, 0)[1]
return met
"""
    met = Inside(tmp_path, confinement.BOX, user, body).asked(os.getpid())
    assert (met["umount"], met["mount"], met["setuid"], met["nested"]) == (-1, -1, -1, 0)
    assert met["processes"] == [1, 2]
    assert met["kill"] == "ProcessLookupError"


def test_the_loopback_stays_open(tmp_path: Path, kind: str, user: str) -> None:
    """Functions call the engine there, and so reach other programs of this machine too: said, not stopped."""
    body = "import socket\nreturn socket.create_connection(('127.0.0.1', event)).recv(9).decode()"
    with socket.create_server(("127.0.0.1", 0)) as server:
        inside = Inside(tmp_path, kind, user, body)
        inside.tell({"event": server.getsockname()[1], "ctx": {"timeout_ms": 9000}})
        accepted, _ = server.accept()
        with accepted:
            accepted.sendall(b"reached")
        assert inside.answer()["result"] == "reached"


def test_of_python_packages_only_what_aws_brings(tmp_path: Path, kind: str, user: str) -> None:
    body = """
import importlib
met = {}
for name in ('boto3', 'botocore', 'sqlite3', 'cdktf', 'ministack', 'pytest', 'engine', 'project'):
    try:
        importlib.import_module(name)
        met[name] = True
    except ModuleNotFoundError:
        met[name] = False
return met
"""
    met = Inside(tmp_path, kind, user, body).asked()
    assert [name for name, found in met.items() if found] == ["boto3", "botocore", "sqlite3"]


def test_without_a_way_to_keep_functions_in_they_do_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement, "works", lambda kind: False)
    monkeypatch.delenv(confinement.UNCONFINED, raising=False)
    assert confinement.found.__wrapped__() == ""
    monkeypatch.setattr(confinement, "works", lambda kind: kind == confinement.LANDLOCK)
    assert confinement.found.__wrapped__() == confinement.LANDLOCK
    monkeypatch.setenv(confinement.UNCONFINED, "1")
    assert confinement.found.__wrapped__() == confinement.NONE


def test_a_function_that_cannot_be_kept_in_is_refused_in_a_plain_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.corrections import boxes

    monkeypatch.setattr(confinement, "found", lambda: "")
    starting: ContextVar[Any] = ContextVar("starting")
    starting.set(SimpleNamespace(config={}))
    monkeypatch.setattr(boxes, "_starting", starting)
    with pytest.raises(boxes.NotRun, match=r"functions do not run: .* --unconfined"):
        boxes._of_worker(["python", "_worker.py"], cwd="/nowhere/code", env={})


def test_another_version_of_ministack_does_not_run_functions_as_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda package: "9.9.9")
    monkeypatch.setattr(sys, "argv", ["engine"])
    monkeypatch.delenv(confinement.UNCONFINED, raising=False)
    with pytest.raises(SystemExit, match=r"MiniStack 9\.9\.9, and the box for functions is made for .*--unconfined"):
        runpy.run_module("engine", run_name="__main__")


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose kernel lets nobody make namespaces: the launcher runs where the limit of them is none."""
    command = start.command
    script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    within = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"]
    monkeypatch.setattr(start, "command", lambda spec: [*within, *command(spec)])
    yield


def test_the_probe_finds_out_that_no_namespace_may_be_made(forbidden: None) -> None:
    assert not confinement.works(confinement.BOX)
    assert confinement.works(confinement.LANDLOCK)
