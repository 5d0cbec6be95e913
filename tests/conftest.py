"""What all tests share: the fast synth path, and property tests that do not depend on the machine's speed."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

import fastsynth
import kept
from engine.process import Engine, free_port

#: The last AWS CLI that pip installs. It pins a botocore of its own, so it cannot be in the project's environment.
AWS_CLI = "awscli==1.46.3"

# The modules of the functions, under the names that they have in a function.
sys.path += [str(folder) for folder in (Path(__file__).parents[1] / "lambda").iterdir() if folder.is_dir()]

fastsynth.enable()  # before anything imports cdktf

# The first run on a machine builds Hypothesis's table of characters, which its time limits take for a slow test.
hypothesis.settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")


@pytest.fixture(scope="session")
def aws_cli() -> Path:
    """The folder of an AWS CLI version 1. Version 2 does not come from a package registry."""
    return kept.commands(AWS_CLI)


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine of the test's own, not started."""
    from kit.engines import engine_on

    engine = engine_on(free_port())
    yield engine
    engine.stop()
    engine.remove()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`pytest -n 2`: file by file. The end-to-end tests that share one deployment are in one process; those that have
    engines of their own, and wait as much, in one beside it.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return file.rpartition("/")[0] if file.startswith("tests/e2e/") else file

    return ByFile(config, log)
