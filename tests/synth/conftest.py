"""Synthesizes stacks in this process, and makes the result the same on every machine."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cdktf import App
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from main import LABS
from project import ContextValue
from stacks.lab import LabStack
from stacks.settings import read

Synth = Callable[..., dict[str, Any]]

#: What depends on the machine or on the content of the packed code, which has tests of its own.
NEUTRAL = [
    (re.compile(r'"path": "[^"]*/(terraform\.\w+\.tfstate)"'), r'"path": "<project>/\1"'),
    (re.compile(r'"source_code_hash": "[^"]*"'), '"source_code_hash": "<sha256>"'),
    (re.compile(r'"assets/[^"]*"'), '"<zip>"'),
    (re.compile(r'"key": "(.*)-[0-9a-f]{16}\.zip"'), r'"key": "\1-<hash>.zip"'),
]


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Snapshots as JSON, one file each."""
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.fixture
def synth(tmp_path: Path) -> Synth:
    """The Terraform JSON of a lab with the given context, neutralized."""

    def run(lab: type[LabStack], endpoint: str | None = None, **context: ContextValue) -> dict[str, Any]:
        options = {lab.lab: lab.Options for lab in LABS}
        settings = read(options, {key.replace("__", "."): value for key, value in context.items()}, endpoint)
        app = App(outdir=str(tmp_path))
        lab(app, settings)
        app.synth()
        text = (tmp_path / "stacks" / lab.lab / "cdk.tf.json").read_text()
        for pattern, replacement in NEUTRAL:
            text = pattern.sub(replacement, text)
        result: dict[str, Any] = json.loads(text)
        return result

    return run
