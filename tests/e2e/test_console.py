"""The view in the browser, against a real lab: who may use it, what it shows, and what it costs."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from views import IDLE_CPU, SOON_MS, TRIES, WAIT_S, empty, idle_share

import browser
from shell import ROOT, Shell


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
