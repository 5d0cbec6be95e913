"""What the tests of the views share: their target, what they wait for, and what a process costs."""

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit.live.clients import Clients
from kit.live.collector import Collector
from kit.pictures.album import graph_of_lab
from kit.target import Target

from shell import Shell, patience

#: A result has to be seen within a second. The best of some counts: other programs use this machine, too.
SOON_MS = 1000
TRIES = 5
#: An idle view may take a twentieth of a core; measured over so many seconds.
IDLE_CPU = 0.05
IDLE_S = 5
WAIT_S = 60 * patience


def target_at(shell: Shell, endpoint: str | None = None) -> Target:
    return dataclasses.replace(shell.target, endpoint=endpoint) if endpoint else shell.target


def until(condition: Any, what: str, wait_s: float = WAIT_S) -> Any:
    deadline = time.monotonic() + wait_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not in {wait_s} s: {what}"
        time.sleep(0.02)
    return value


def collector_of(target: Target, lab: str, changed: Callable[[], None] = lambda: None) -> Collector:
    graph = graph_of_lab(lab)
    assert graph
    return Collector(Clients(target), graph, changed)


def empty(shell: Shell, lab: str, *options: str) -> list[dict[str, Any]]:
    """Take what is there out of the lab's queues."""
    return shell.records("read_results.py", lab, "--wait", "1", *options, expect=None)


def idle_share(pid: int) -> float:
    """How much of a core a process takes while nothing happens; of two measurements the smaller one."""
    if not Path("/proc").is_dir():
        pytest.skip("this machine does not tell what a process takes")
    return min(_share(pid) for _ in range(2))


def _share(pid: int) -> float:
    def used() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before, started = used(), time.monotonic()
    time.sleep(IDLE_S)
    return (used() - before) / (time.monotonic() - started)
