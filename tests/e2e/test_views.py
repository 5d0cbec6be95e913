"""The views against a real lab: the terminal's, the browser's and the logs, and what they cost.

Each puts its own messages in and takes them out again; what comes first is who sees a result, and how soon.
"""

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import OptionList, Static

from kit.live.clients import Clients
from kit.live.collector import Collector
from kit.live.sending import send_example
from kit.live.terminal import Detail, Watch
from kit.pictures.album import graph_of_lab
from kit.target import Target

import browser
import project
from shell import ROOT, Shell

#: A result has to be seen within a second. The best of some counts: other programs use this machine, too.
SOON_MS = 1000
TRIES = 5
#: An idle view may take a twentieth of a core; measured over so many seconds.
IDLE_CPU = 0.05
IDLE_S = 5
WAIT_S = 60


def target_at(shell: Shell, endpoint: str | None = None) -> Target:
    context = project.context({})
    url = endpoint or (shell.url if shell.port else None)
    return Target(bool(shell.port), url, project.region(context), str(context["prefix"]))


def until(condition: Any, what: str, wait_s: float = WAIT_S) -> Any:
    deadline = time.monotonic() + wait_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not in {wait_s} s: {what}"
        time.sleep(0.02)
    return value


def collector_of(target: Target, lab: str) -> Collector:
    graph = graph_of_lab(lab)
    assert graph
    return Collector(Clients(target), graph, lambda: None)


def empty(shell: Shell, lab: str, *options: str) -> list[dict[str, Any]]:
    """Take what is there out of the lab's queues."""
    return shell.records("read_results.py", lab, "--wait", "1", *options, expect=None)


def test_the_collector_sees_a_result_within_a_second(labs: Shell) -> None:
    empty(labs, "calculator")
    collector = collector_of(target_at(labs), "calculator")
    collector.start()
    until(lambda: not collector.view().problem, "the lab")
    delays = []
    for number in range(TRIES):
        record = labs.records("send_message.py", "calculator", f'{{"number1": {number}, "number2": 0}}')[0]
        found = until(
            lambda: [one for one in collector.view().results if one.message_id == record["message_id"]],  # noqa: B023
            "the result",
        )
        delays.append(time.time() * 1000 - found[0].at_ms)
        assert json.loads(found[0].body)["result"] == number
    assert min(delays) < SOON_MS, delays
    stations = until(
        lambda: (
            ((now := collector.view().stations)["function-calculate"].get("runs") or 0) >= 1
            and now["queue-output"]["waiting"] == TRIES
            and now
        ),
        "the numbers",
    )
    assert stations["queue-input"]["waiting"] == 0
    collector.stop()
    # Nothing was taken away: all results are still there, and each once.
    left = [record["body"]["result"] for record in empty(labs, "calculator")]
    assert sorted(left) == list(range(TRIES))


def test_every_lab_has_its_numbers(labs: Shell) -> None:
    target = target_at(labs)
    clients = Clients(target)
    for lab in ("clock", "fanout", "bus", "accounts", "checkout", "orders"):
        graph = graph_of_lab(lab)
        assert graph
        collector = Collector(clients, graph, lambda: None)
        collector.start()
        view = until(lambda: (now := collector.view()).stations and not now.problem and now, lab)  # noqa: B023
        collector.stop()
        for node in graph.nodes:
            if node.type in ("aws_sqs_queue", "aws_dynamodb_table", "aws_s3_bucket", "aws_lambda_function"):
                numbers = view.stations[node.id]
                assert numbers and None not in [numbers[key] for key in list(numbers)[:1]], (lab, node.id, numbers)


def test_the_collector_survives_that_the_endpoint_goes_away(labs: Shell) -> None:
    if not labs.port:
        pytest.skip("AWS cannot be made to go away")
    with Door(labs.port) as door:
        collector = collector_of(target_at(labs, door.url), "calculator")
        collector.start()
        until(lambda: not collector.view().problem, "the lab")
        door.close()
        until(lambda: "no answer at" in collector.view().problem, "that the problem is told")
        door.open()
        until(lambda: not collector.view().problem, "that it is over")
        labs.script("send_message.py", "calculator", '{"number1": 20, "number2": 3, "operation": "*"}')
        until(lambda: any('"result":60' in one.body for one in collector.view().results), "the result")
        collector.stop()
    empty(labs, "calculator")


def test_watch_sends_an_example_and_opens_the_result(labs: Shell) -> None:
    empty(labs, "calculator")
    target = target_at(labs)
    apps: list[Watch] = []
    collector = Collector(Clients(target), graph_of_lab("calculator"), lambda: apps[0].changed())  # type: ignore[arg-type]
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


@pytest.fixture
def console(labs: Shell) -> Iterator[tuple[str, int]]:
    """The console's address and process."""
    local = ["--local"] if labs.port else []
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "console.py"), "calculator", "clock", "--port", "0", *local],
        env=labs.environ,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr
        found = re.search(r"is at (http://127\.0\.0\.1:\d+)", process.stderr.readline())
        assert found
        yield found[1], process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(WAIT_S)


def test_the_console_refuses_other_hosts_and_pages(console: tuple[str, int]) -> None:
    url, _ = console

    def ask(path: str, method: str = "GET", **headers: str) -> int:
        data = b'{"message": "hello"}' if method == "POST" else None
        request = urllib.request.Request(url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert ask("/labs") == 200
    assert ask("/labs", Host="evil.example") == 403
    assert ask("/labs", Origin="http://evil.example") == 403
    order = "/labs/calculator/messages"
    assert ask(order, "POST") == 403
    assert ask(order, "POST", Origin="http://evil.example") == 403
    assert ask(order, "POST", Origin=url, Host="evil.example") == 403
    assert ask("/labs/nolab/picture.svg") == 404
    assert ask("/../scripts/console.py") == 404


def test_the_console_in_a_browser(labs: Shell, console: tuple[str, int], tmp_path: Path) -> None:
    command = browser.find()
    if not command:
        assert not os.environ.get("CI"), "CI installs Chromium; see .ci/run"
        pytest.skip("there is no Chromium on this machine")
    empty(labs, "calculator")
    url, pid = console
    page = browser.Browser(command, tmp_path / "browser")
    try:
        page.open(f"{url}/#calculator")
        # The picture with numbers on it, and the form with the example in it.
        page.wait("document.querySelector('#queue-input .badge')?.textContent === '0 waiting'")
        page.wait("document.getElementById('message').value.includes('number1')")
        delays = []
        for _ in range(TRIES):
            page.run("document.getElementById('said').textContent = ''")
            page.run("document.getElementById('form').requestSubmit()")
            said = page.wait("document.getElementById('said').textContent.match(/sent 1: (.+)/)?.[1]")
            row = f"document.querySelector('#results li[data-message-id=\"{said}\"]')"
            delays.append(page.wait(f"{row} && Date.now() - {row}.dataset.atMs"))
            assert page.run(f"{row}.innerText").split("\n")[-1].startswith("6 ")
        assert min(delays) < SOON_MS, delays
        page.wait(f"document.querySelector('#queue-output .badge').textContent === '{TRIES} waiting'")
        # What is wrong with a message is told, and nothing is sent.
        page.run("document.getElementById('message').value = ''")
        page.run("document.getElementById('form').requestSubmit()")
        page.wait("document.getElementById('said').textContent === 'message 1 is empty'")

        # A dead letter is seen, and goes back to its queue.
        dead = labs.client("sqs").get_queue_url(QueueName="lab-calculator-input-dead-letters")["QueueUrl"]
        labs.client("sqs").send_message(QueueUrl=dead, MessageBody='{"number1": 8, "number2": 9, "operation": "*"}')
        page.wait("document.querySelector('#queue-input-dead-letters .badge.bad')?.textContent === '1'")
        page.wait("document.querySelector('#rejected button')?.textContent === 'send back to input'")
        page.run("document.querySelector('#rejected button').click()")
        page.wait("document.getElementById('results').innerText.includes('72')")
        page.wait("document.getElementById('rejected').innerText.includes('nothing rests')")
        left = [record["body"]["result"] for record in empty(labs, "calculator")]
        assert sorted(left) == [*[6] * TRIES, 72]

        # An idle page costs little, here and there.
        page.wait("document.querySelector('#queue-output .badge').textContent === '0 waiting'")
        assert idle_share(pid) < IDLE_CPU
        # Another lab, by its button.
        page.run("[...document.querySelectorAll('#labs button')].find(one => one.textContent === 'clock').click()")
        page.wait("document.querySelectorAll('#function-tell-time .badge').length === 1")
    finally:
        page.close()


def test_logs_of_a_message_across_the_lab(labs: Shell) -> None:
    empty(labs, "fanout")
    order = {"type": "order", "order_id": "o-9", "customer": "ana", "kind": "physical", "amount": 3}
    sent = [
        labs.records("send_message.py", "fanout", json.dumps(order | {"order_id": name}), "--wait", "30")
        for name in ("o-8", "o-9")
    ]
    wanted, other = sent[1][0]["message_id"], sent[0][0]["message_id"]

    def lines(*options: str) -> list[dict[str, Any]]:
        return labs.records("logs.py", "fanout", *options, expect=None)

    found = until(
        lambda: (now := lines("--request-id", wanted)) and len({line["function"] for line in now}) == 3 and now,
        "the lines of three functions",
    )
    assert {line["function"] for line in found} == {"audit", "billing", "shipping"}
    assert not any(other in line.get("message_ids", []) for line in found if wanted not in line.get("message_ids", []))
    assert [line["time_ms"] for line in found] == sorted(line["time_ms"] for line in found)
    assert any(line["text"].startswith("REPORT") for line in lines("--all"))
    labs.records("send_message.py", "fanout", '{"type": "order", "kind": "none"}', "--wait", "30", expect=None)
    errors = until(lambda: lines("--errors"), "the errors")
    assert {line["level"] for line in errors} <= {"WARNING", "ERROR"}
    empty(labs, "fanout")


class Door:
    """A way to a port that can be closed and opened again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._own: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        self.open()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._own}"

    def open(self) -> None:
        if self._listening.fileno() < 0:
            self._listening = socket.create_server(("127.0.0.1", self._own))
        threading.Thread(target=self._serve, args=(self._listening,), daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def __enter__(self) -> "Door":
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def _serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                one, _ = listening.accept()
                other = socket.create_connection(("127.0.0.1", self._port))
                self._open += [one, other]
                for pair in ((one, other), (other, one)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, goal: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                goal.sendall(data)
            goal.shutdown(socket.SHUT_WR)


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
