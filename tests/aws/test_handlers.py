"""Every handler is imported under the Python of its function, from the zip and the layer that are deployed.

Beside them is only what Lambda's runtime brings: boto3 (Lambda Developer Guide, "Runtime-included SDK versions").
"""

import importlib.util
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.synthesized import Resource, Stack

from main import LABS
from resolved import resolved
from stacks.blocks.code import RUNTIME

pytestmark = pytest.mark.slow

#: boto3 and what it needs.
SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
#: As Lambda's runtime does it: the function's code first, then the layer's, then the runtime's own.
IMPORT = """
import importlib, sys
handler, *sys.path[:0] = sys.argv[1:]
module, name = handler.rsplit(".", 1)
assert callable(getattr(importlib.import_module(module), name)), handler
"""


@pytest.fixture(scope="module")
def python() -> str:
    """The Python that Lambda has, on the PATH or of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [shutil.which(RUNTIME), *sorted(pyenv.glob(f"versions/*/bin/{RUNTIME}"))]
    for found in filter(None, candidates):
        if subprocess.run([str(found), "-c", ""], capture_output=True).returncode == 0:  # pyenv's may be switched off
            return str(found)
    pytest.skip(f"there is no {RUNTIME} on this machine, neither on the PATH nor of pyenv")


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """boto3 of this environment, by itself."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in SDK:
        spec = importlib.util.find_spec(name)
        assert spec and spec.origin
        package = Path(spec.origin)
        source = package.parent if package.name == "__init__.py" else package
        (folder / source.name).symlink_to(source)
    return folder


class Deployed:
    """A lab's functions with their code unpacked, as Lambda has them."""

    def __init__(self, stack: Stack, assets: Path, to: Path) -> None:
        self.resources = resolved(stack)
        self.task, self.layer = to / "task", to / "opt"
        functions = self.functions()
        self._unpack(functions[0].values["s3_key"], assets, self.task)
        assert {each.values["s3_key"] for each in functions} == {functions[0].values["s3_key"]}
        (layer,) = (each for each in self.resources if each.kind == "aws_lambda_layer_version")
        self._unpack(layer.values["s3_key"], assets, self.layer)

    def _unpack(self, key: str, assets: Path, to: Path) -> None:
        (object,) = (each for each in self.resources if each.kind == "aws_s3_object" and each.values["key"] == key)
        with zipfile.ZipFile(assets / object.values["source"]) as zip:
            zip.extractall(to)

    def functions(self) -> list[Resource]:
        return [each for each in self.resources if each.kind == "aws_lambda_function"]

    def failures(self, python: str, sdk: Path) -> Iterator[str]:
        """What the functions' handlers say when they cannot be imported."""
        for function in self.functions():
            assert function.values["runtime"] == RUNTIME
            variables: dict[str, Any] = function.values["environment"]["variables"]
            path = [str(self.task), str(self.layer / "python"), str(sdk)]
            done = subprocess.run(
                [python, "-I", "-B", "-c", IMPORT, function.values["handler"], *path],
                env={**variables, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"},
                capture_output=True,
                text=True,
            )
            if done.returncode:
                yield f"{function.name}: {done.stderr.strip().splitlines()[-1]}"


@pytest.fixture
def deployed(folder_of: Callable[..., Path], synthesized: Callable[[str, str], Stack], tmp_path: Path) -> Any:
    """A lab's functions, unpacked."""

    def unpack(lab: str) -> Deployed:
        return Deployed(synthesized(lab, "as it is"), folder_of(lab, frozenset()) / "stacks" / lab, tmp_path / lab)

    return unpack


@pytest.mark.parametrize("lab", [lab.lab for lab in LABS])
def test_every_handler_is_imported(deployed: Callable[[str], Deployed], python: str, sdk: Path, lab: str) -> None:
    assert list(deployed(lab).failures(python, sdk)) == []


def test_what_the_runtime_does_not_have_is_found(deployed: Callable[[str], Deployed], python: str, sdk: Path) -> None:
    clock = deployed("clock")
    handler = clock.task / "handler.py"
    handler.write_text("import cgi\n" + handler.read_text())  # removed from Python 3.13
    assert list(clock.failures(python, sdk)) == ["lab-clock-tell-time: ModuleNotFoundError: No module named 'cgi'"]


def test_a_package_that_the_layer_lacks_is_found(deployed: Callable[[str], Deployed], python: str, sdk: Path) -> None:
    clock = deployed("clock")
    shutil.rmtree(clock.layer / "python" / "aws_lambda_powertools")
    (failure,) = clock.failures(python, sdk)
    assert "No module named 'aws_lambda_powertools'" in failure
