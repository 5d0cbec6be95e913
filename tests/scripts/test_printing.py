"""Whatever a message holds, and wherever the output goes: it is shown or said, and stays until it was shown."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

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
