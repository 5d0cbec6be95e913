"""Runs a lab's handler as Lambda does: loaded from its file, with the environment of its stack."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import boto3
import pytest

from doubles import OUTPUT_QUEUE_URL, Queue

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    """Answers for SQS to every client that is made from here on."""
    queue = Queue()
    session = boto3.session.Session("not-a-key", "not-a-secret", region_name="us-east-1")
    session.events.register("before-send.sqs", queue.answer)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    return queue


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
def load_handler(load_module: Callable[..., ModuleType], queue: Queue) -> Callable[..., ModuleType]:
    """The same, with `queue` behind what it sends."""
    return load_module
