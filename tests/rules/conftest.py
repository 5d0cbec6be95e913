"""The stacks as `make deploy` checks them: synthesized by the app, in a process of its own, once for each context.

Beside the labs are always a student's own stacks, as they may be in main.py: no tool may stumble over them.
"""

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from kit import toolchain
from kit.inventory import LABS
from kit.synthesized import Stack, load, synthesize

import plain_stacks


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder that cdktf would write for a context."""

    @cache
    def run(context: str) -> Path:
        folder = tmp_path_factory.mktemp("cdktf")
        environment = toolchain.clean(os.environ, local=True)
        environment.pop("NODE_OPTIONS", None)  # what makes this process's own synth fast
        synthesize(folder, {**environment, "LAB_CONTEXT": context, "AWS_REGION": "us-east-1"})
        labs = json.loads((folder / "manifest.json").read_text())
        plain_stacks.synthesized(folder, *plain_stacks.ALL)
        plain = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps({"stacks": labs["stacks"] | plain["stacks"]}))
        return folder

    return run


@pytest.fixture(scope="session")
def labs(synthesized: Callable[[str], Path]) -> Callable[[str], list[Stack]]:
    """The labs' stacks for a context, without those of the user's own."""
    return lambda context: [stack for stack in load(synthesized(context)) if stack.lab in LABS]
