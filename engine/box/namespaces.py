"""The box proper, on Linux: namespaces of the function's own (namespaces(7)), made without any privilege.

The process forks twice. The outer one, which the engine knows and may kill, follows its child; the child is process 1
of the box, and looks after it (`watch`); its child goes on to become the function. When one of the outer ones dies, the
kernel kills everything in the box.
"""

import ctypes
import os
import resource
import signal
from typing import Any

from engine.box import watch
from engine.box.system_calls import (
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    libc,
    must,
    prctl,
)

#: unshare(2)
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x8000000, 0x10000000, 0x20000000
#: mount(2), umount2(2)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
MNT_DETACH = 2
#: mount_setattr(2), the same number everywhere; pivot_root(2) has one for each architecture.
SYS_MOUNT_SETATTR, AT_RECURSIVE = 442, 0x8000
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
#: capset(2): _LINUX_CAPABILITY_VERSION_3
CAPABILITY_VERSION = 0x20080522
#: Whom the function is inside, as on AWS (sbx_user1051), and whom root's functions are outside (nobody).
INNER_USER, NOBODY = 993, 65534


def enter(spec: dict[str, Any]) -> None:
    """Go into the box: what returns is the process that becomes the function. Raises OSError where none can be made."""
    # Root in a container may lack the right: what counts is whether it works.
    privileged = os.getuid() == 0 and libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC) == 0
    if not privileged:
        _own_users(os.getuid())
        must(libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC), "unshare")
    memory_file = os.open(spec["memory_file"], os.O_WRONLY | os.O_CREAT, 0o600)
    engine = os.getppid()
    child = os.fork()
    if child:
        os.close(memory_file)
        _follow(child, engine)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _build(spec)
    if privileged:
        _become_nobody()
    drop_privileges()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    child = os.fork()
    if child:
        os.close(0)
        watch.watch(child, spec["memory_mb"], memory_file, tells=spec["speaking"])
    os.close(memory_file)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    os.setsid()


def _own_users(outer: int) -> None:
    """A user namespace in which this user has another number, and every right over what is made in it."""
    group = os.getgid()
    must(libc.unshare(CLONE_NEWUSER), "unshare user")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{INNER_USER} {outer} 1")
    _write("/proc/self/gid_map", f"{INNER_USER} {group} 1")


def _become_nobody() -> None:
    """Root's limit of processes is none, and root's files would be the function's: so it is nobody from here on."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    # A change of user takes both back (prctl(2)).
    prctl(PR_SET_DUMPABLE, 1)
    _own_users(NOBODY)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def drop_privileges() -> None:
    """Give up every capability, for good."""
    header, none = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    must(libc.capset(header, none), "capset")
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def _build(spec: dict[str, Any]) -> None:
    """The root of the box: what the spec binds, for reading only; /proc of its own processes; /tmp of its own."""
    root = spec["root"]
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    _mount("tmpfs", root, "tmpfs", MS_NOSUID, "mode=755,size=4m")
    for path, text in spec["texts"].items():
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        _write(root + path, text)
    for path, target in spec["links"].items():
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        os.symlink(target, root + path)
    for path, source in spec["binds"].items():
        _bind(source, root + path)
    for path in spec["hidden"]:
        if os.path.isdir(root + path):
            _mount("tmpfs", root + path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=0")
    for path in ("/proc", "/tmp", "/var/task"):
        os.makedirs(root + path, exist_ok=True)
    attributes = (ctypes.c_uint64 * 4)(MS_RDONLY | MS_NOSUID, 0, 0, 0)
    must(libc.syscall(SYS_MOUNT_SETATTR, -1, root.encode(), AT_RECURSIVE, attributes, 32), "mount_setattr")
    _mount("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount("tmpfs", root + "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, f"mode=1777,size={spec['tmp_mb']}m,nr_inodes=100k")
    os.chdir(root)
    must(libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    must(libc.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/var/task")


def _bind(source: str, target: str) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        _write(target, "")
    _mount(source, target, None, MS_BIND | MS_REC)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [text and text.encode() for text in (source, target, kind)]
    must(libc.mount(*texts, flags, data and data.encode()), f"mount {target}")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _follow(child: int, engine: int) -> None:
    """The outer process: ends as its child ends, and with the engine. Does not return."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    try:
        while True:
            # Not by PR_SET_PDEATHSIG: that signal comes when the engine's *thread* ends that started this process.
            if os.getppid() != engine:
                os._exit(1)
            signal.sigtimedwait({signal.SIGCHLD}, 1)
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                os._exit(code if code >= 0 else 128 - code)
    finally:
        os._exit(1)
