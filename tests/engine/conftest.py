"""Every behaviour is shown twice: on the corrected engine, where it must hold, and on the bare one, where it must not.

A correction whose test passes on the bare engine is not needed any more: the strict `xfail` says so.
"""

import socket
from collections.abc import Iterator

import pytest

from kit.engines import engine_on

from aws import Aws
from engine.process import Engine

#: How long a test waits on each kind of engine: on the bare one nothing will come.
PATIENCE_S = {"corrected": 20.0, "bare": 3.0}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "engine" in item.path.parts:
            item.add_marker("slow")


def running(kind: str) -> Iterator[Aws]:
    engine = Engine(port := free_port(), engine_on(port).folder, bare=kind == "bare")
    engine.start()
    yield Aws(engine, PATIENCE_S[kind])
    engine.stop()
    engine.remove()


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
