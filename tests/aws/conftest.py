"""The labs' resources with the values that AWS would get, for any context."""

from collections.abc import Callable
from functools import cache

import pytest
from cdktf import App

from kit.synthesized import Stack, load

from main import LABS
from project import ContextValue
from stacks.settings import read
from variants import VARIANTS

Synthesized = Callable[[str, str], Stack]
Items = frozenset[tuple[str, ContextValue]]


@pytest.fixture(scope="session")
def synthesized_with(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Items], Stack]:
    """A lab with a context's values; synthesized in this process, which takes a tenth of a second."""

    @cache
    def run(lab: str, context: Items) -> Stack:
        folder = tmp_path_factory.mktemp("cdktf")
        settings = read({each.lab: each.Options for each in LABS}, dict(context), None)
        app = App(outdir=str(folder), skip_validation=True)
        next(each for each in LABS if each.lab == lab)(app, settings)
        app.synth()
        (stack,) = load(folder)
        return stack

    return run


@pytest.fixture(scope="session")
def synthesized(synthesized_with: Callable[[str, Items], Stack]) -> Synthesized:
    """A lab in one of the variants."""
    return lambda lab, variant: synthesized_with(lab, frozenset(VARIANTS[variant].items()))
