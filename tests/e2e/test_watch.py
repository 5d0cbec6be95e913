"""The view in the terminal, against a real lab."""

import asyncio
import contextlib
import os
import pty
import signal
import sys
import threading
import time
from typing import Any

from textual.widgets import OptionList, Static
from views import IDLE_CPU, WAIT_S, collector_of, empty, idle_share, target_at, until

from kit.live.sending import send_example
from kit.live.terminal import Detail, Watch

from shell import ROOT, Shell


def test_watch_sends_an_example_and_opens_the_result(labs: Shell) -> None:
    empty(labs, "calculator")
    target = target_at(labs)
    apps: list[Watch] = []
    collector = collector_of(target, "calculator", lambda: apps[0].changed())
    apps.append(Watch([collector], str(target), send_example))

    async def use() -> None:
        async with apps[0].run_test(size=(130, 40)) as pilot:

            async def wait(condition: Any) -> None:
                deadline = time.monotonic() + WAIT_S
                while not condition():
                    assert time.monotonic() < deadline, collector.view()
                    await pilot.pause(0.02)

            results = apps[0].query_one(OptionList)
            await wait(lambda: not collector.view().problem)
            await pilot.press("e")
            await wait(lambda: results.option_count == 1)
            delay = time.time() * 1000 - collector.view().results[0].at_ms
            assert delay < WAIT_S * 1000
            await wait(lambda: str(apps[0].query_one("#said", Static).render()).startswith("sent 1: "))
            assert "6" in str(results.get_option_at_index(0).prompt)
            await pilot.press("enter")
            await wait(lambda: isinstance(apps[0].screen, Detail))
            await pilot.press("escape")
            await wait(lambda: not isinstance(apps[0].screen, Detail))
            await pilot.press("q")

    asyncio.run(use())
    collector.stop()
    assert [record["body"]["result"] for record in empty(labs, "calculator")] == [6]


def test_watch_on_a_terminal_costs_little(labs: Shell) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "watch.py"), "calculator", *(["--local"] if labs.port else [])]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, script, {**labs.environ, "TERM": "xterm-256color", "COLUMNS": "130", "LINES": "40"})
    drawn: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # the terminal is closed when the program ends
            while data := os.read(terminal, 65536):
                drawn.append(data)

    threading.Thread(target=read, daemon=True).start()
    try:
        until(lambda: b"calculate" in b"".join(drawn) and b"waiting" in b"".join(drawn), "the chain")
        assert idle_share(pid) < IDLE_CPU
        os.write(terminal, b"q")
        until(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, "the end")
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    assert b"Traceback" not in b"".join(drawn)
