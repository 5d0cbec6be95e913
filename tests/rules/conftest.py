"""The stacks as `make deploy` checks them: synthesized by the app, in a process of its own, once for each context."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from kit import toolchain
from kit.synthesized import synthesize


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder that cdktf would write for a context."""

    @cache
    def run(context: str) -> Path:
        folder = tmp_path_factory.mktemp("cdktf")
        environment = toolchain.clean(os.environ, local=True)
        environment.pop("NODE_OPTIONS", None)  # what makes this process's own synth fast
        synthesize(folder, {**environment, "LAB_CONTEXT": context, "AWS_REGION": "us-east-1"})
        return folder

    return run
