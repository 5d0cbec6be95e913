"""What the tests of fastsynth share: real processes with a known environment, and a toy provider.

Every test starts real interpreters: import hooks and NODE_OPTIONS cannot be undone within one process.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TOY = """'''A toy provider.'''
import publication

__all__ = ["one", "two"]

publication.publish()

# Loading modules to ensure their types are registered with the jsii runtime library
from . import one
from . import two
"""

TOY_JSII = """
import jsii

def load():
    jsii.JSIIAssembly.load("@cdktf/provider-toy", "1.0.0", __name__, "toy.tgz")
"""


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, so that this folder can be copied together with fastsynth/."""
    config.addinivalue_line("markers", "slow: takes half a minute (a stock synth, a cold cache)")


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """This process's environment without what fastsynth may have set in it, and with fastsynth importable."""
    ours = {"FASTSYNTH", "NODE_OPTIONS", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"}
    return {name: value for name, value in os.environ.items() if name not in ours} | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def python(environment: dict[str, str], tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """A function that runs Python in `tmp_path`, whose modules can be imported as well as fastsynth."""
    path = f"{ROOT}{os.pathsep}{tmp_path}"

    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": path} | variables,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """The folder of a small package with the shape of a prebuilt provider; `one` and `two` are submodules."""
    package = tmp_path / "cdktf_cdktf_provider_toy"
    for name, source in {
        "": TOY,
        "_jsii": TOY_JSII,
        "one": "NAME = 'one'\n",
        "two": "NAME = 'two'\n",
    }.items():
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").write_text(source)
    return package


@pytest.fixture(scope="session")
def warm(environment: dict[str, str]) -> None:
    """jsii's index of the real provider exists; takes 20 s once per machine, nothing later."""
    command = [sys.executable, "-m", "fastsynth", "--warm-up"]
    subprocess.run(command, env=environment, check=True, timeout=300)
