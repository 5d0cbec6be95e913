"""The promise of fastsynth for this project: `cdktf.out` of main.py is the same, byte for byte, as stock."""

from pathlib import Path

import pytest
from test_identity import assert_identical_synth  # type: ignore[import-not-found]  # beside this file

ROOT = Path(__file__).resolve().parents[2]
#: Variables that would change what the labs are.
FOREIGN = ("AWS_", "CDKTF_", "LAB_", "LOCAL_AWS_")


@pytest.mark.slow
def test_project(tmp_path: Path, environment: dict[str, str]) -> None:
    own = {name: value for name, value in environment.items() if not name.startswith(FOREIGN)}
    stock = assert_identical_synth(ROOT / "main.py", tmp_path, own)
    synthesized = {path.parent.name for path in stock.rglob("cdk.tf.json")}
    assert {"calculator", "clock"} <= synthesized
