"""Process 1 of a box: collects who ends, ends a function that takes too much memory, and says how it ended."""

import contextlib
import json
import os
import signal

#: Between two looks at the memory.
INTERVAL_S = 0.1
PAGE_BYTES = os.sysconf("SC_PAGESIZE")


def watch(function: int, memory_mb: int, memory_file: int, tells: bool) -> None:
    """Look after the function until it ends, then end with its exit code. Does not return.

    `memory_file` always holds the most memory that the box has had so far, in KB. With `tells`, the end is told on
    standard output in the function's stead, in the engine's form.
    """
    highest_kb = most_kb = 0
    try:
        while True:
            signal.sigtimedwait({signal.SIGCHLD}, INTERVAL_S)
            for ended, status in iter(_ended, None):
                if ended == function:
                    _say_how(status, tells)
            if (resident_kb := _resident_kb()) > highest_kb:  # only then the exact number, which takes long to get
                highest_kb, used_kb = resident_kb, _proportional_kb()
                if used_kb > memory_mb * 1024:
                    os.kill(function, signal.SIGKILL)
                most_kb = max(most_kb, min(used_kb, memory_mb * 1024))
                os.pwrite(memory_file, f"{most_kb:12}".encode(), 0)
    finally:
        os._exit(1)


def _ended() -> tuple[int, int] | None:
    try:
        ended, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        os._exit(1)
    return (ended, status) if ended else None


def _say_how(status: int, tells: bool) -> None:
    """AWS's words for the end of a runtime (Lambda Developer Guide, "Troubleshoot execution issues"), and the end."""
    code = os.waitstatus_to_exitcode(status)
    if tells:
        reason = f"signal: {(signal.strsignal(-code) or str(-code)).lower()}" if code < 0 else f"exit status {code}"
        how = f"Runtime exited with error: {reason}" if code else "Runtime exited without providing a reason"
        end = {"status": "error", "error": f"Worker process died: {how}"}
        os.write(1, f"\n{json.dumps(end)}\n".encode())
    os._exit(code if code >= 0 else 128 - code)


def _resident_kb() -> int:
    """All pages of all processes, shared ones once for each."""
    return sum(int(text.split()[1]) * PAGE_BYTES // 1024 for text in _of_all("statm"))


def _proportional_kb() -> int:
    """All pages of all processes, a shared one by its share (proc_pid_smaps(5), Pss)."""
    return sum(int(text.split(b"Pss:")[1].split()[0]) for text in _of_all("smaps_rollup"))


def _of_all(name: str) -> list[bytes]:
    """That file of every process in the box but this one."""
    texts = []
    for pid in os.listdir("/proc"):
        if pid.isdigit() and pid != "1":
            with contextlib.suppress(OSError), open(f"/proc/{pid}/{name}", "rb") as file:  # it may end meanwhile
                if text := file.read():
                    texts.append(text)
    return texts
