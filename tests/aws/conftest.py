"""The labs' resources with the values that AWS would get, for any context."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from cdktf import App

from kit.synthesized import Stack, load

import kept
from main import LABS
from project import ContextValue
from stacks.settings import read
from variants import VARIANTS

Synthesized = Callable[[str, str], Stack]
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
