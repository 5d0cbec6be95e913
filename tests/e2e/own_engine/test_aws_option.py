"""`pytest tests/e2e --aws`, with an engine in place of AWS: what is deployed there by its owner stays as it is."""

import sys

import pytest

from engine.process import Engine
from shell import ROOT, Shell

#: Of the end-to-end tests the shortest, with the one that destroys what was deployed.
TESTS = ("test_clock.py", "test_pause.py", "test_destroy.py")


@pytest.mark.soak
def test_the_owners_labs_are_not_touched(engine: Engine) -> None:
    own = Shell(engine.port)
    own.script("lab.py", "deploy", "clock")
    before = {record["name"] for record in own.records("leftovers.py", "clock")}
    as_aws = {"AWS_ENDPOINT_URL": own.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    command = [sys.executable, "-m", "pytest", *(f"tests/e2e/{name}" for name in TESTS), "--aws", "-q"]
    own.run(command, own.environ | as_aws)
    assert {record["name"] for record in own.records("leftovers.py")} == before
    assert "No changes." in own.script("lab.py", "deploy", "clock").stderr
    assert [*engine.folder.glob("terraform.e2e-*"), *ROOT.glob("terraform.e2e-*")] == []
    assert before, "the listing sees nothing"
