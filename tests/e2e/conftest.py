"""One deployment for the session: the labs on an engine of its own, or in an account with `--aws`.

Everything goes through the scripts, as a person would type it; boto3 only looks at what they cannot show, and breaks
what must break.
"""

from collections.abc import Iterator

import pytest

from kit.engines import engine_on

from engine.process import Engine, free_port
from shell import Shell

ORDER = (
    "test_calculator",
    "test_clock",
    "test_bus",
    "test_again",
    "test_fanout",
    "test_order_stream",
    "test_accounts",
    "test_checkout",
    "test_collector",
    "test_watch",
    "test_console",
    "test_logs",
    "test_by_hand",
    "test_failures",
    "test_pause",
    "test_options",
    "test_fifo",
    "test_express",
    "test_grants",
    "test_switched_off",
    "test_destroy",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--aws", action="store_true", help="run the end-to-end tests in the account of the environment")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of it is slow, and goes the way of a lab: used, deployed again, broken, changed, destroyed.

    It comes first: `pytest -n 2` runs the rest beside it.
    """
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker("slow")
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    if "e2e" not in item.path.parts:
        return len(ORDER)
    return ORDER.index(item.path.stem) if item.path.stem in ORDER else -1


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine of the test's own, not started."""
    engine = engine_on(free_port())
    yield engine
    engine.stop()
    engine.remove()


@pytest.fixture(scope="session")
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell in which the target is chosen."""
    if request.config.getoption("--aws"):
        yield Shell(port=None)
        return
    engine = engine_on(free_port())
    shell = Shell(port=engine.port, calls=tmp_path_factory.mktemp("engine") / "calls.jsonl")
    yield shell
    engine.stop()
    engine.remove()


@pytest.fixture(scope="session")
def labs(shell: Shell) -> Iterator[Shell]:
    """The shell, with all labs deployed; destroyed at the end unless a test did it."""
    shell.script("lab.py", "deploy", "all", "--yes")
    yield shell
    if not shell.destroyed:
        shell.script("lab.py", "destroy", "all", "--yes")
