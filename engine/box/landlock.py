"""Where no namespace may be made: the function opens only the files that it is given (Linux 5.13, landlock(7)).

No root and no /tmp of its own: a handler's literal /tmp is refused, `tempfile` finds its folder by TMPDIR. What it
starts is ended with it, as far as it does not leave its session.
"""

import contextlib
import ctypes
import os
import signal
from typing import Any

from engine.box.namespaces import drop_privileges
from engine.box.system_calls import (
    PR_SET_CHILD_SUBREAPER,
    PR_SET_PDEATHSIG,
    libc,
    must,
    prctl,
)

#: The same numbers on all architectures.
SYS_CREATE_RULESET, SYS_ADD_RULE, SYS_RESTRICT_SELF = 444, 445, 446
GET_VERSION, RULE_PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REFER, TRUNCATE = 1, 2, 4, 8, 1 << 13, 1 << 14
#: Removing, making and linking of all kinds of files.
CHANGE = sum(1 << bit for bit in range(4, 13))
READ = EXECUTE | READ_FILE | READ_DIR
#: Abstract sockets and signals of processes outside; from version 6 on.
SCOPES = 3
FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE


def enter(spec: dict[str, Any]) -> None:
    """Restrict this process for good: what returns is the process that becomes the function. Raises OSError."""
    version = must(libc.syscall(SYS_CREATE_RULESET, None, ctypes.c_size_t(0), GET_VERSION), "landlock")
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = os.fork()
    if child:
        _follow(child, os.getppid())
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    write = WRITE_FILE | CHANGE | (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    handled = (ctypes.c_uint64 * 3)(READ | write, 0, SCOPES if version >= 6 else 0)
    size = ctypes.c_size_t(24 if version >= 6 else 8)
    ruleset = must(libc.syscall(SYS_CREATE_RULESET, handled, size, 0), "landlock ruleset")
    for path in spec["readable"]:
        _allow(ruleset, path, READ)
    for path in spec["writable"]:
        _allow(ruleset, path, READ | write)
    for path in spec["devices"]:
        _allow(ruleset, path, READ_FILE | write & FOR_FILES)
    drop_privileges()  # root's would lead around the rules
    must(libc.syscall(SYS_RESTRICT_SELF, ruleset, 0), "landlock restrict")
    os.close(ruleset)
    os.chdir(spec["code"])


def _allow(ruleset: int, path: str, allowed: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not os.path.isdir(path):
        allowed &= FOR_FILES
    # struct landlock_path_beneath_attr is packed: the rights, then the descriptor.
    rule = allowed.to_bytes(8, "little") + beneath.to_bytes(4, "little")
    must(libc.syscall(SYS_ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0), f"landlock {path}")
    os.close(beneath)


def _follow(child: int, engine: int) -> None:
    """The outer process: ends all that the function has started when it ends, is told to, or the engine ends."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    waited = {signal.SIGCHLD, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    try:
        while True:
            come = signal.sigtimedwait(waited, 1)
            ended = os.waitpid(child, os.WNOHANG)[0]
            if ended or os.getppid() != engine or (come and come.si_signo == signal.SIGTERM):
                break
    finally:
        _kill_all(child)
        os._exit(1)


def _kill_all(child: int) -> None:
    """The function's session, and whoever left it: orphans come to this process, their subreaper (prctl(2))."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            children = file.read().split()
        if not children:
            return
        for pid in children:
            os.kill(int(pid), signal.SIGKILL)
        for _ in children:
            os.waitpid(-1, 0)
