"""Every behaviour is shown twice: on the corrected engine, where it must hold, and on the bare one, where it must not.

A correction whose test passes on the bare engine is not needed any more: the strict `xfail` says so.
"""

from collections.abc import Iterator

import pytest

from aws import Aws, running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "engine" in item.path.parts:
            item.add_marker("slow")


@pytest.fixture(
    scope="module",
    params=["corrected", pytest.param("bare", marks=pytest.mark.xfail(strict=True, reason="the bare engine's gap"))],
)
def aws(request: pytest.FixtureRequest) -> Iterator[Aws]:
    """An engine whose corrections the test is about."""
    yield from running(request.param)


@pytest.fixture(scope="module")
def corrected() -> Iterator[Aws]:
    """The engine as it is used."""
    yield from running("corrected")
