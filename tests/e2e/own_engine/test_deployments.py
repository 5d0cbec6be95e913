"""What goes on beside a deployment, or went wrong in one before it: nothing is lost by that."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from engine.process import Engine
from shell import ROOT, Shell


@pytest.fixture
def own(engine: Engine) -> Iterator[Shell]:
    """A shell at an engine of its own."""
    yield Shell(engine.port)


def queues(shell: Shell) -> set[str]:
    return {url.rpartition("/")[2] for url in shell.client("sqs").list_queues().get("QueueUrls", [])}


def test_two_prefixes_are_two_labs(own: Shell) -> None:
    ana = {"lab-calculator-output", "lab-calculator-input", "lab-calculator-input-dead-letters"}
    ana = {name.replace("lab-", "ana-", 1) for name in ana}
    own.script("lab.py", "deploy", "calculator")
    lab = queues(own)
    beside = own.script("lab.py", "deploy", "calculator", context="prefix=ana")
    assert " 0 destroyed" in beside.stderr
    assert queues(own) == lab | ana
    own.script("lab.py", "destroy", "calculator")
    assert queues(own) == ana
    assert "No changes." in own.script("lab.py", "deploy", "calculator", context="prefix=ana").stderr


def test_a_deployment_that_was_cut_off_is_gone_on_with(own: Shell, engine: Engine) -> None:
    deploy = [sys.executable, str(ROOT / "scripts" / "lab.py"), "deploy", "calculator", "--local"]
    first = subprocess.Popen(deploy, cwd=ROOT, env=own.environ, stderr=subprocess.PIPE, text=True)
    assert first.stderr is not None
    # The queues have been asked for by then, and the provider watches them settle.
    assert any(
        "created calculator: terraform_data.input-head-start" in line for line in iter(first.stderr.readline, "")
    )
    while len(queues(own)) < 3:
        assert first.poll() is None
    assert engine.pid
    os.kill(engine.pid, signal.SIGKILL)
    said = first.communicate(timeout=300)[1].splitlines()
    assert first.returncode == 1
    assert said[-1].startswith("  → the local engine has ended meanwhile: deploy again")
    assert "Apply complete!" in own.script("lab.py", "deploy", "calculator").stderr
