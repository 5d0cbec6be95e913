"""One deployment for the session: the labs on an engine of its own, or in an account with `--aws`.

Everything goes through the scripts, as a person would type it; boto3 only looks at what they cannot show, and breaks
what must break.
"""

import uuid
from collections.abc import Iterator

import pytest

from kit import state
from kit.engines import engine_on
from kit.inventory import LABS
from kit.ports import labs_at
from kit.target import Target

import shell as shell_module
from engine.process import free_port
from shell import Shell

#: What else is in own_engine breaks its engine, or the account on it.
ALSO_ON_AWS = "test_last_items"
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


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--aws", default=False):
        shell_module.patience = shell_module.PATIENCE_ON_AWS


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All of it is slow, and goes the way of a lab: used, deployed again, broken, changed, destroyed.

    It comes first: `pytest -n 2` runs the rest beside it.
    """
    on_aws = config.getoption("--aws", default=False)
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker("slow")
        if on_aws and "own_engine" in item.path.parts and item.path.stem != ALSO_ON_AWS:
            item.add_marker(pytest.mark.skip(reason="needs a local engine of its own, which AWS is not"))
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    if "e2e" not in item.path.parts:
        return len(ORDER)
    return ORDER.index(item.path.stem) if item.path.stem in ORDER else -1


@pytest.fixture(scope="session")
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell in which the target is chosen."""
    if request.config.getoption("--aws"):
        yield Shell(port=None, prefix=f"e2e-{uuid.uuid4().hex[:6]}")
        return
    engine = engine_on(free_port())
    shell = Shell(port=engine.port, calls=tmp_path_factory.mktemp("engine") / "calls.jsonl")
    yield shell
    engine.stop()
    engine.remove()


@pytest.fixture(scope="session")
def labs(shell: Shell) -> Iterator[Shell]:
    """The shell, with all labs deployed; destroyed at the end unless a test did it.

    On AWS with Terraform states of their own, whatever else is deployed there, and without what comes late.
    """
    refuse_deployed(shell.target)
    states = [] if shell.port else [state.begin_own(shell.target, lab) for lab in LABS]
    try:
        shell.script("lab.py", "deploy", "all", "--yes")
        yield shell
    finally:
        if not shell.destroyed:
            shell.script("lab.py", "destroy", "all", "--yes")
        if not shell.port:
            shell.script("leftovers.py", "--delete", "--yes")
            for path in states:
                path.unlink(missing_ok=True)
                path.with_name(f"{path.name}.backup").unlink(missing_ok=True)


def refuse_deployed(target: Target) -> None:
    """Raises pytest.UsageError where labs are deployed under the tests' prefix: they would be used, and destroyed."""
    if deployed := labs_at(target) if not target.local else []:
        raise pytest.UsageError(f"prefix {target.prefix} is in use at {target} by {', '.join(deployed)}")
