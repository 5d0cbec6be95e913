"""What goes on beside a deployment, or went wrong in one before it: nothing is lost by that."""

from collections.abc import Iterator

import pytest

from engine.process import Engine
from shell import Shell


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
