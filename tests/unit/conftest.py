"""Runs a lab's handler as Lambda does: loaded from its file, with the environment of its stack."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from doubles import OUTPUT_QUEUE_URL, Queue

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def load_module(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """Loads `lambda/<lab>/handler.py`, or another module of the lab, away from any account."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("OUTPUT_QUEUE_URL", OUTPUT_QUEUE_URL)

    def load(lab: str, name: str = "handler") -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"{lab}_{name}", ROOT / "lambda" / lab / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def load_handler(
    monkeypatch: pytest.MonkeyPatch, load_module: Callable[..., ModuleType], queue: Queue
) -> Callable[..., ModuleType]:
    """The same, with the module's client replaced by `queue`."""

    def load(lab: str, name: str = "handler") -> ModuleType:
        module = load_module(lab, name)
        monkeypatch.setattr(module.outbox, "_sqs", queue)
        return module

    return load
