"""The view in the browser, against a real lab: who may use it, what it shows, and what it costs."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from views import IDLE_CPU, SOON_MS, TRIES, WAIT_S, empty, idle_share

import browser
from shell import ROOT, Shell


@contextlib.contextmanager
def console_of(labs: Shell, *names: str) -> Iterator[tuple[str, int]]:
    """The address and the process of a console for these labs, or for all that are deployed."""
    local = ["--local"] if labs.port else []
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "console.py"), *names, "--port", "0", *local],
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


@pytest.fixture
def console(labs: Shell) -> Iterator[tuple[str, int]]:
    with console_of(labs, "calculator", "clock") as found:
        yield found


@pytest.fixture
def page(tmp_path: Path) -> Iterator[browser.Browser]:
    command = browser.find()
    if not command:
        assert not os.environ.get("CI"), "CI installs Chromium; see .ci/run"
        pytest.skip("there is no Chromium on this machine")
    page = browser.Browser(command, tmp_path / "browser")
    yield page
    page.close()


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


def test_the_console_in_a_browser(labs: Shell, console: tuple[str, int], page: browser.Browser) -> None:
    empty(labs, "calculator")
    url, pid = console
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
    dead = labs.client("sqs").get_queue_url(QueueName=labs.name("calculator-input-dead-letters"))["QueueUrl"]
    labs.client("sqs").send_message(QueueUrl=dead, MessageBody='{"number1": 8, "number2": 9, "operation": "*"}')
    page.wait("document.querySelector('#queue-input-dead-letters .badge.bad')?.textContent === '1'")
    page.wait("document.querySelector('#rejected .plain')?.textContent === 'send back to input'")
    page.run("document.querySelector('#rejected .plain').click()")
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


def send(page: browser.Browser, message: str) -> None:
    """Send a message with the form."""
    page.run(f"document.getElementById('message').value = {json.dumps(message)}")
    page.run("document.getElementById('form').requestSubmit()")


def test_numbers_are_shown_as_they_are_written(labs: Shell, console: tuple[str, int], page: browser.Browser) -> None:
    empty(labs, "calculator")
    page.open(f"{console[0]}/#calculator")
    page.wait("document.getElementById('message')?.value.includes('number1')")
    send(page, '{"number1": 9007199254740993, "number2": 0}')
    told = page.wait("document.querySelector('#results li.good .text')?.textContent")
    assert told == '9007199254740993  {"number1":9007199254740993,"number2":0}'
    page.run("document.querySelector('#results .text').click()")
    assert '"result": 9007199254740993,' in page.run("document.querySelector('#detail pre').textContent")
    send(page, r'{"number1": "\ud800", "note": 1e400}')
    page.wait("document.querySelector('#results li.bad .text')?.textContent.includes('half of a character')")
    empty(labs, "calculator")


def test_the_log_reads_downwards(labs: Shell, console: tuple[str, int], page: browser.Browser) -> None:
    page.open(f"{console[0]}/#clock")
    for _ in range(2):
        labs.script("send_message.py", "clock", "{}")
    page.wait("document.querySelectorAll('#log li[data-at-ms]').length >= 2")
    times = page.run("[...document.querySelectorAll('#log li')].map(one => Number(one.dataset.atMs))")
    assert times == sorted(times) and times[0] < times[-1]
    # The latest line is the one that is to be seen.
    page.wait("(list => list.scrollHeight - list.scrollTop - list.clientHeight < 2)(document.getElementById('log'))")


#: Whether two rectangles on the page have a part in common, and the badges with the icons of all other stations.
COVERED = """(() => {
  const parts = [...document.querySelectorAll('#picture .station')].map((station) => ({
    id: station.id, badge: station.querySelector('.badge')?.getBoundingClientRect(),
    icon: station.querySelector('svg').getBoundingClientRect() }));
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return parts.flatMap((one) => parts.filter((other) => one.badge && other !== one &&
    ((other.badge && meet(one.badge, other.badge)) || meet(one.badge, other.icon))).map((other) => [one.id, other.id]));
})()"""
MANY = "{ numbers: { waiting: 12345, errors: 12345, ms: 123 }, level: 'bad' }"


@pytest.mark.parametrize("lab", ["calculator", "bus", "orders", "checkout", "fanout"])
def test_many_messages_cover_no_neighbour(labs: Shell, page: browser.Browser, lab: str) -> None:
    with console_of(labs, lab) as (url, _):
        page.open(url)
        page.wait("!!document.querySelector('.badge')")
        ids = "[...document.querySelectorAll('#picture .station:not([id^=client])')].map((one) => one.id)"
        page.run(f"import('./picture.js').then(({{ badge }}) => {ids}.forEach((id) => badge(id, {MANY})))")
        assert page.run("document.querySelectorAll('.badge').length") > 1
        assert page.run(COVERED) == []


#: The least contrast of texts with what is behind them (WCAG 2.2, success criterion 1.4.3: 4.5).
CONTRAST = """(() => {
  const rgb = (text) => text.match(/[0-9.]+/g).map(Number);
  const light = (text) => rgb(text).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (one) => {
    if (one.closest('.badge')) return getComputedStyle(one.closest('.badge').querySelector('rect')).fill;
    if (one.closest('#picture')) return getComputedStyle(document.querySelector('#picture .paper')).fill;
    while (one && (rgb(getComputedStyle(one).backgroundColor)[3] ?? 1) === 0) one = one.parentElement;
    return getComputedStyle(one).backgroundColor;
  };
  const texts = document.querySelectorAll('h1, h2, button, label, textarea, .list *, #picture text');
  return Math.min(...[...texts].map((one) => {
    const { fill, color } = getComputedStyle(one);
    const [a, b] = [light(one.closest('#picture') ? fill : color), light(behind(one))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 800, 1400])
def test_the_page_fits_and_can_be_read(
    console: tuple[str, int], page: browser.Browser, width: int, scheme: str
) -> None:
    page.resize(width)
    page.prefer(scheme)
    page.open(f"{console[0]}/#calculator")
    page.wait("!!document.querySelector('.badge') && !!document.querySelector('#rejected li')")
    assert page.run("document.documentElement.scrollWidth") == width
    assert page.run(CONTRAST) >= 4.5
    is_dark = page.run("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).every((one) => one < 64)")
    assert is_dark is (scheme == "dark")


def test_nothing_on_the_page_is_against_its_own_policy(console: tuple[str, int], page: browser.Browser) -> None:
    page.open(console[0])
    page.wait("!!document.querySelector('.badge')")
    icon = page.run("document.querySelector('link[rel=icon]').href")
    with urllib.request.urlopen(icon, timeout=WAIT_S) as answer:
        assert answer.headers["Content-Type"].startswith("image/svg+xml")
        policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy and policy.startswith("default-src 'none'")
    assert page.run("getComputedStyle(document.querySelector('#picture .title')).fontWeight") == "700"


def test_a_lab_that_is_deployed_later_gets_its_tab(labs: Shell, page: browser.Browser) -> None:
    ssm = labs.client("ssm")
    ports = ssm.get_parameters_by_path(Path=f"/{labs.prefix}/clock")["Parameters"]
    names = "[...document.querySelectorAll('#labs button')].map((one) => one.textContent)"
    try:
        ssm.delete_parameters(Names=[port["Name"] for port in ports])
        with console_of(labs) as (url, _):
            page.open(f"{url}/#calculator")
            page.wait("!!document.querySelector('.badge')")
            assert "clock" not in page.run(names)
            for port in ports:
                ssm.put_parameter(Name=port["Name"], Value=port["Value"], Type="String")
            page.wait(f"{names}.includes('clock')")
            page.run(
                "[...document.querySelectorAll('#labs button')].find((one) => one.textContent === 'clock').click()"
            )
            page.wait("!!document.querySelector('#function-tell-time .badge')")
    finally:
        for port in ports:
            ssm.put_parameter(Name=port["Name"], Value=port["Value"], Type="String", Overwrite=True)


@pytest.mark.parametrize(("button", "status"), [("Approve", "shipped"), ("Refuse", "the payment was refused")])
def test_an_approval_is_answered_with_a_button(labs: Shell, page: browser.Browser, button: str, status: str) -> None:
    order_id = f"page-{button}-{time.time_ns()}"
    order = {"order_id": order_id, "customer": "ana", "item": "laptop", "quantity": 1, "total": 1200}
    with console_of(labs, "checkout") as (url, _):
        page.open(url)
        page.wait("document.getElementById('message')?.value.includes('customer')")
        page.wait("document.getElementById('approvals')?.innerText.length > 0")
        send(page, json.dumps(order))
        buttons = f"document.querySelectorAll('#approvals li[data-execution=\"{order_id}\"] button.plain')"
        page.wait(f"{buttons}.length === 2")
        page.run(f"[...{buttons}].find((one) => one.textContent === '{button}').click()")
        row = f"document.querySelector('#results li[data-message-id=\"{order_id}\"] .text')"
        assert status in page.wait(f"{row}?.textContent")
        page.wait(f"{buttons}.length === 0")
