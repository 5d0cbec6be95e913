"""The labs' resources with the values that AWS would get, for any context."""

import json
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest
from cdktf import App

from kit.synthesized import Stack, load

import kept
from cloudformation import template
from main import LABS
from project import ContextValue
from stacks.settings import read
from variants import VARIANTS

Synthesized = Callable[[str, str], Stack]
Lint = Callable[[Mapping[str, Stack]], set[tuple[str, str]]]
Items = frozenset[tuple[str, ContextValue]]


@pytest.fixture(scope="session")
def linters() -> Path:
    """The folder with cfn-lint, and a Python that imports parliament."""
    # parliament looks for its data by pkg_resources, which later versions of setuptools do not have.
    return kept.commands("cfn-lint==1.58.0", "parliament==1.6.4", "setuptools==80.9.0")


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Items], Path]:
    """The folder with a lab for a context; synthesized in this process, which takes a tenth of a second."""

    @cache
    def run(lab: str, context: Items) -> Path:
        folder = tmp_path_factory.mktemp("cdktf")
        settings = read({each.lab: each.Options for each in LABS}, dict(context), None)
        app = App(outdir=str(folder), skip_validation=True)
        next(each for each in LABS if each.lab == lab)(app, settings)
        app.synth()
        return folder

    return run


@pytest.fixture(scope="session")
def synthesized(folder_of: Callable[[str, Items], Path]) -> Synthesized:
    """A lab in one of the variants."""

    @cache
    def run(lab: str, variant: str) -> Stack:
        (stack,) = load(folder_of(lab, frozenset(VARIANTS[variant].items())))
        return stack

    return run


@pytest.fixture
def lint(tmp_path: Path, linters: Path) -> Lint:
    """What cfn-lint says of stacks: their names here, and its rules with the messages."""

    def run(stacks: Mapping[str, Stack]) -> set[tuple[str, str]]:
        files = {tmp_path / f"{name}.json": stack for name, stack in stacks.items()}
        for file, stack in files.items():
            file.write_text(json.dumps(template(stack), ensure_ascii=False))  # YAML has other escapes
        regions = sorted({stack.region for stack in stacks.values()})
        options = ["--format", "json", "--regions", *regions, "--template", *map(str, files)]
        done = subprocess.run([str(linters / "cfn-lint"), *options], capture_output=True, text=True)
        assert done.stdout, done.stderr
        return {
            (Path(each["Filename"]).stem, f"{each['Rule']['Id']} {each['Message']}") for each in json.loads(done.stdout)
        }

    return run
