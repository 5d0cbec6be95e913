"""Whatever a message holds, and wherever the output goes: it is shown or said, and stays until it was shown."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from kit.cli import Exit

import project

Run = Callable[..., "subprocess.CompletedProcess[str]"]
#: A text of half a character, as JSON may have it (RFC 8259, section 8.2), and nothing else may.
HALF = json.dumps({"number1": "\ud800", "note": "é 🎉"}, ensure_ascii=False).replace("\ud800", "\\ud800")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_half_a_character_is_shown_and_no_message_behind_it_is_lost(tool: Run, queue: Any, encoding: str) -> None:
    service, url = queue(*["1", HALF] * 20)
    done = tool("read_results.py", "calculator", "--local", AWS_ENDPOINT_URL=url, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    shown = [json.loads(line)["body"] for line in done.stdout.splitlines()]
    assert shown == [1, json.loads(HALF)] * 20
    assert not service.bodies


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_terminal_shows_half_a_character(queue: Any, encoding: str, tmp_path: Any) -> None:
    service, url = queue(HALF, "[bold]1")
    environ = {**os.environ, "AWS_ENDPOINT_URL": url, "PYTHONIOENCODING": encoding, "HOME": str(tmp_path)}
    terminal, end = pty.openpty()
    script = [sys.executable, str(project.ROOT / "scripts" / "read_results.py"), "calculator", "--local"]
    done = subprocess.run(script, stdout=end, stderr=subprocess.PIPE, env=environ, timeout=60)
    os.close(end)
    assert done.returncode == 0, done.stderr
    shown = os.read(terminal, 10_000).decode()
    assert "\\ud800" in shown and "[bold]1" in shown
    assert not service.bodies


def test_a_message_cannot_drive_the_terminal(queue: Any, tmp_path: Any) -> None:
    text = "\x1b[2J\x1b]0;mine\x07 \x9b31m"
    _, url = queue(json.dumps({"result": text}), json.dumps({"error": text}), json.dumps(text))
    environ = {**os.environ, "AWS_ENDPOINT_URL": url, "HOME": str(tmp_path), "NO_COLOR": "1", "TERM": "dumb"}
    terminal, end = pty.openpty()
    script = [sys.executable, str(project.ROOT / "scripts" / "read_results.py"), "calculator", "--local"]
    subprocess.run(script, stdout=end, stderr=subprocess.PIPE, env=environ, timeout=60)
    os.close(end)
    shown = os.read(terminal, 10_000).decode()
    assert "\x1b" not in shown and "\x07" not in shown and "\x9b" not in shown
    assert shown.count("\\u001b[2J\\u001b]0;mine\\u0007 \\u009b31m") == 3


@pytest.mark.parametrize("script", ["read_results.py", "send_message.py"])
def test_what_cannot_be_written_is_given_back(tool: Run, queue: Any, script: str) -> None:
    service, url = queue("1", "2", "3")
    if script == "send_message.py":
        service.replies = True
        done = tool(script, "calculator", "4", "--wait", "5", "--local", redirect=">/dev/full", AWS_ENDPOINT_URL=url)
    else:
        done = tool(script, "calculator", "--local", redirect=">/dev/full", AWS_ENDPOINT_URL=url)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "error: cannot write the output: No space left on device"
    assert len(service.bodies) == 3 + service.replies and not service.hidden


def test_nothing_is_done_where_nothing_can_be_shown(tool: Run, queue: Any) -> None:
    service, url = queue("1")
    done = tool("read_results.py", "calculator", "--local", redirect=">&-", AWS_ENDPOINT_URL=url)
    assert (done.returncode, done.stderr) == (2, "error: standard output is closed: nothing was done\n")
    assert service.looks == {"id-0": 0}


@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full"])
def test_remarks_that_cannot_be_written_change_nothing(tool: Run, queue: Any, redirect: str) -> None:
    _, url = queue("1")
    done = tool("read_results.py", "calculator", "--local", redirect=redirect, AWS_ENDPOINT_URL=url)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    done = tool("read_results.py", "calculator", "--wait", "0", "--local", redirect=redirect, AWS_ENDPOINT_URL=url)
    assert (done.returncode, done.stdout) == (3, "")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--file", "-"], "- holds no messages"),
        (["--file", "/dev/zero"], "/dev/zero holds more than 100 MB"),
        (["--file", "."], "cannot read .: Is a directory"),
        (["1", "--count", "1000000000"], "1000000000 messages are too many: at most 100000 at once"),
        (["1", "2", "--count", "50001"], "100002 messages are too many: at most 100000 at once"),
    ],
)
def test_more_than_memory_holds_is_not_even_read(tool: Run, queue: Any, options: list[str], line: str) -> None:
    _, url = queue()
    limit = "ulimit -v 1500000; "  # kilobytes; the tools take far less
    done = tool(
        "send_message.py", "calculator", *options, "--local", redirect="<&-", before=limit, AWS_ENDPOINT_URL=url
    )
    assert (done.returncode, done.stderr) == (2, f"error: {line}\n")


def test_an_answer_that_is_not_of_aws_is_said(tool: Run, stub: Callable[..., str]) -> None:
    port = json.dumps({"kind": "sns", "arn": "arn:aws:sns:us-east-1:000000000000:x"})
    ports = json.dumps({"Parameters": [{"Name": "/lab/fanout/input", "Value": port}]})
    url = stub(lambda asked: (200, "application/json", ports if "Path" in asked else '{"a": 1}'))
    done = tool("send_message.py", "fanout", "1", "--local", AWS_ENDPOINT_URL=url)
    assert done.returncode == 5
    assert done.stderr.splitlines()[-1] == "error: an answer came that is not AWS's: Unable to parse response"


SCRIPTS = [path.name for path in (project.ROOT / "scripts").glob("*.py") if path.name not in ("setup.py", "lint.py")]


@pytest.mark.parametrize("script", SCRIPTS)
def test_interrupted_while_it_starts(script: str) -> None:
    command = [sys.executable, "-X", "importtime", str(project.ROOT / "scripts" / script), "--help"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr
    told = b""
    while not re.search(rb"\| +kit\n", told):
        line = process.stderr.readline()
        assert line, told
        told += line
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert b"Traceback" not in rest
    assert process.returncode in (Exit.DONE, Exit.INTERRUPTED, -signal.SIGINT)  # done: it was faster than the signal
