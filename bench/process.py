"""Runs one program as a user would start it, and measures the whole of it: its time, and its process tree's memory."""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import ROOT, BenchError

#: Between two looks at the process tree. A look takes 0.7 ms here, so it costs the program 1 % of two cores.
INTERVAL_S = 0.04
#: No program here takes longer, even on a slow machine.
TIMEOUT_S = 900
TAIL_LINES = 15

#: Variables that would change what a program does; the benchmarks set those that they mean.
FOREIGN = ("AWS_", "CDKTF_", "FASTSYNTH", "JSII_", "LAB_", "LOCAL_AWS_", "NODE_OPTIONS", "PYTHON")

#: Of one process: its parent, and its resident memory in bytes.
Table = dict[int, tuple[int, int]]


@dataclass(frozen=True)
class Run:
    """A finished program: its wall time in seconds, and the most memory its process tree held at once, in MB."""

    seconds: float
    megabytes: float
    output: str


def environment(**variables: str) -> dict[str, str]:
    """The user's environment without what would change the programs, and with `variables`."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | variables


def measure(command: Sequence[str], environ: Mapping[str, str], cwd: Path = ROOT) -> Run:
    """Run a program to its end. Raises BenchError, with the end of its output, when it fails.

    Time: wall clock from the start of the process to its end (time.perf_counter around it). Memory: the maximum over
    time of the summed resident set sizes of the process and all its descendants, looked at every INTERVAL_S seconds.
    Pages that several processes share count once for each.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        started = time.perf_counter()
        # A session of its own, so that an interrupted benchmark leaves none of the program's children.
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            with _Watcher(process.pid) as watcher:
                code = process.wait(TIMEOUT_S)
                seconds = time.perf_counter() - started
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
        output.seek(0)
        text = output.read()
    if code:
        end = "\n  ".join(text.splitlines()[-TAIL_LINES:])
        raise BenchError(f"{' '.join(map(str, command))} ended with {code}:\n  {end}")
    return Run(seconds, watcher.peak_bytes / 1e6, text)


class _Watcher(threading.Thread):
    """Looks at a process tree until the `with` block ends, and keeps the largest sum of its resident memory."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self._pid = pid
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.is_set():
            self.peak_bytes = max(self.peak_bytes, resident_bytes(self._pid, processes()))
            self._done.wait(INTERVAL_S)

    def __enter__(self) -> "_Watcher":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.join()


def resident_bytes(root: int, table: Table) -> int:
    """The resident memory of a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in table.items():
        children.setdefault(parent, []).append(pid)
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        total += table.get(pid, (0, 0))[1]
        waiting += children.get(pid, [])
    return total


def processes() -> Table:
    """All processes, from /proc where there is one (proc(5), stat), else from `ps`."""
    return _from_proc() if Path("/proc/self/stat").exists() else _from_ps()


def _from_proc() -> Table:
    table: Table = {}
    page = os.sysconf("SC_PAGE_SIZE")
    with os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    # After the command's name, which may hold anything: state, parent ... resident pages.
                    fields = Path(entry.path, "stat").read_bytes().rpartition(b")")[2].split()
                    table[int(entry.name)] = int(fields[1]), int(fields[21]) * page
    return table


def _from_ps() -> Table:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True).stdout
    rows = (line.split() for line in listed.splitlines())
    return {int(pid): (int(parent), int(kibibytes) * 1024) for pid, parent, kibibytes in rows}
