"""The end-to-end tests where they run in an account: names and states of their own, AWS's time. No AWS is used."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import project

E2E = project.ROOT / "tests" / "e2e"


@pytest.fixture
def e2e(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The modules that the end-to-end tests share."""
    monkeypatch.syspath_prepend(str(E2E))
    yield


class Mapping:
    """An event source mapping as Lambda has it: on its way for some looks, and busy meanwhile."""

    def __init__(self) -> None:
        self.enabled = True
        self.looks_left = 0
        self.refused = 0

    @property
    def state(self) -> str:
        if self.looks_left:
            self.looks_left -= 1
            return "Enabling" if self.enabled else "Disabling"
        return "Enabled" if self.enabled else "Disabled"


class Lambda:
    """As much of a Lambda client as changes a mapping; and an SQS client that keeps what it is told."""

    def __init__(self) -> None:
        self.mapping = Mapping()
        self.attributes: dict[str, str] = {}

    def list_event_source_mappings(self, FunctionName: str) -> dict[str, Any]:
        return {"EventSourceMappings": [{"UUID": "1", "State": self.mapping.state}]}

    def get_event_source_mapping(self, UUID: str) -> dict[str, Any]:
        return {"State": self.mapping.state}

    def update_event_source_mapping(self, UUID: str, Enabled: bool) -> None:
        if self.mapping.looks_left:
            raise RuntimeError("ResourceInUseException")
        self.mapping.enabled, self.mapping.looks_left = Enabled, 3

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:
        return {"Timeout": 10}

    def get_queue_url(self, QueueName: str) -> dict[str, str]:
        return {"QueueUrl": QueueName}

    def set_queue_attributes(self, QueueUrl: str, Attributes: dict[str, str]) -> None:
        self.attributes[QueueUrl] = Attributes["VisibilityTimeout"]


def shell_with(client: Lambda, monkeypatch: pytest.MonkeyPatch) -> Any:
    from shell import Shell

    shell = Shell(port=None, prefix="e2e-ab12cd")
    monkeypatch.setattr(shell, "client", lambda service: client)
    return shell


def test_a_mapping_is_changed_only_when_it_rests(e2e: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from mappings import switched_off

    client = Lambda()
    with switched_off(shell_with(client, monkeypatch), "calculator-calculate"):
        assert client.mapping.state == "Disabled"
        with pytest.raises(RuntimeError):  # the double is as strict as Lambda
            client.update_event_source_mapping("1", False)
            client.update_event_source_mapping("1", True)
    assert client.mapping.state == "Enabled"


def test_visibility_is_never_below_the_functions_timeout(e2e: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from mappings import hurry

    client = Lambda()
    hurry(shell_with(client, monkeypatch), "calculator-input", "calculator-calculate")
    assert client.attributes == {"e2e-ab12cd-calculator-input": "10"}


def test_deadlines_are_longer_on_aws_and_short_waits_are_what_they_are(
    e2e: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shell as module
    from shell import Shell

    monkeypatch.setattr(module, "patience", module.PATIENCE_ON_AWS)
    on_aws = Shell(port=None, prefix="e2e-ab12cd")
    asked: list[list[str]] = []
    monkeypatch.setattr(on_aws, "run", lambda command, *rest: asked.append(command))
    on_aws.script("read_results.py", "clock", "--wait", "60", "--max", "1")
    on_aws.script("read_results.py", "clock", "--wait", "2")
    assert [command[4] for command in asked] == ["300", "2"]
    assert all("--local" not in command for command in asked)


def test_everything_has_a_prefix_and_states_of_its_own(e2e: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from shell import Shell

    shell = Shell(port=None, prefix="e2e-ab12cd")
    context = project.context({"LAB_CONTEXT": shell.environ["LAB_CONTEXT"]})
    assert context["prefix"] == shell.target.prefix == "e2e-ab12cd"
    assert project.state_object("clock", context, "us-east-1") is None
    assert "e2e-ab12cd" in shell.environ["CDKTF_OUTPUT"]


@pytest.mark.parametrize("path", sorted(E2E.glob("*.py")), ids=lambda path: path.stem)
def test_no_name_is_written_with_a_prefix(path: Path) -> None:
    written = re.findall(r"""["'/:]lab[-/]\w+""", path.read_text())
    assert written == [], "Shell.name makes it"


def test_labs_that_are_there_are_refused(e2e: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    from kit.target import Target

    spec = importlib.util.spec_from_file_location("e2e_conftest", E2E / "conftest.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    target = Target(False, None, "us-east-1", "lab")
    monkeypatch.setattr(module, "labs_at", lambda target: ["clock", "orders"])
    with pytest.raises(pytest.UsageError, match=r"prefix lab is in use at AWS \(us-east-1\) by clock, orders"):
        module.refuse_deployed(target)
    monkeypatch.setattr(module, "labs_at", lambda target: [])
    module.refuse_deployed(target)
