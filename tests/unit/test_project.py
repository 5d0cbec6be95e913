"""Where the project points, and the guard between laptop and AWS."""

import json
from pathlib import Path

import pytest

import project
from project import ProjectError

REAL = "AKIAIOSFODNN7EXAMPLE"
SESSION = "ASIAIOSFODNN7EXAMPLE"
LOCAL = "http://127.0.0.1:4566"


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:4566", True),
        ("http://127.8.9.1", True),
        ("http://localhost:4566", True),
        ("http://sqs.localhost:4566", True),
        ("http://[::1]:4566", True),
        ("https://sqs.us-east-1.amazonaws.com", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://localhost@evil.example", False),
        ("http://10.0.0.1:4566", False),
        ("http://0.0.0.0:4566", False),
    ],
)
def test_loopback_is_this_machine_only(url: str, loopback: bool) -> None:
    assert project.is_loopback(url) is loopback


@pytest.mark.parametrize(("url", "key"), [(None, REAL), (None, SESSION), (None, None), (LOCAL, "test")])
def test_the_guard_lets_pass_what_belongs_together(url: str | None, key: str | None) -> None:
    project.guard(url, key)


def test_an_account_number_is_an_emulators_key() -> None:
    project.guard(LOCAL, "123456789012")


@pytest.mark.parametrize("key", [REAL, SESSION, "", None, "tests", "1234567890123"])
def test_real_or_no_credentials_never_go_to_another_endpoint(key: str | None) -> None:
    with pytest.raises(ProjectError, match="nothing was sent"):
        project.guard(LOCAL, key)


@pytest.mark.parametrize("key", ["test", "123456789012"])
def test_emulator_credentials_never_go_to_aws(key: str) -> None:
    with pytest.raises(ProjectError, match="nothing was sent"):
        project.guard(None, key)


def test_local_refuses_another_machine() -> None:
    with pytest.raises(ProjectError, match="not this machine"):
        project.local_endpoint({"AWS_ENDPOINT_URL": "https://sqs.us-east-1.amazonaws.com"})


def test_local_is_the_endpoint_in_force_or_the_chosen_port() -> None:
    assert project.local_endpoint({}) == LOCAL
    assert project.local_endpoint({"LOCAL_AWS_PORT": "4600"}) == "http://127.0.0.1:4600"
    assert project.local_endpoint({"AWS_ENDPOINT_URL": "http://localhost:4700/"}) == "http://localhost:4700"


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "4566 "])
def test_a_wrong_port_is_named(port: str) -> None:
    with pytest.raises(ProjectError, match="LOCAL_AWS_PORT"):
        project.local_port({"LOCAL_AWS_PORT": port})


@pytest.mark.parametrize(
    "url", ["127.0.0.1:4566", "ftp://127.0.0.1", "http://", "x", "http://127.0.0.1:70000", "http://[::1"]
)
def test_a_wrong_endpoint_is_named(url: str) -> None:
    with pytest.raises(ProjectError, match="AWS_ENDPOINT_URL is not an address"):
        project.endpoint({"AWS_ENDPOINT_URL": url})


def test_context_is_cdktf_jsons_with_lab_context_on_top() -> None:
    values = project.context({"LAB_CONTEXT": 'prefix=ana clock.schedule="rate(5 minutes)"'})
    assert values["prefix"] == "ana"
    assert values["clock.schedule"] == "rate(5 minutes)"
    assert values["role"] == "LabRole"


@pytest.mark.parametrize("text", ["prefix", "=x", 'prefix="x'])
def test_a_wrong_lab_context_is_named(text: str) -> None:
    with pytest.raises(ProjectError, match="LAB_CONTEXT"):
        project.context({"LAB_CONTEXT": text})


def test_a_value_with_blanks_is_to_be_quoted() -> None:
    with pytest.raises(ProjectError) as refused:
        project.context({"LAB_CONTEXT": "clock.enabled=true clock.schedule=rate(5 minutes)"})
    hint = str(refused.value).partition("in quotes: ")[2]
    assert hint == "'clock.schedule=rate(5 minutes)'"
    assert project.context({"LAB_CONTEXT": hint})["clock.schedule"] == "rate(5 minutes)"


@pytest.mark.parametrize("said", ["{}", '{"context": {}}', '{"context": {"clock.enabled": false}}'])
def test_what_cdktf_json_leaves_out_has_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """Without a role the rules of a Learner Lab went unchecked; without a prefix nothing worked."""
    monkeypatch.setattr(project, "ROOT", tmp_path)
    (tmp_path / "cdktf.json").write_text(said)
    found = project.context({})
    assert (found["prefix"], found["region"], found["role"]) == ("lab", "us-east-1", "LabRole")
    assert project.context({"LAB_CONTEXT": "role=dedicated"})["role"] == "dedicated"


def test_region_comes_from_the_environment_before_the_context() -> None:
    context = {"region": "us-west-2"}
    assert project.region(context, {}) == "us-west-2"
    assert project.region(context, {"AWS_DEFAULT_REGION": "eu-west-1"}) == "eu-west-1"
    assert project.region(context, {"AWS_REGION": "eu-west-3", "AWS_DEFAULT_REGION": "eu-west-1"}) == "eu-west-3"


def test_terraform_state_is_kept_apart_per_target() -> None:
    urls = (None, LOCAL, "http://127.0.0.1:4600", "http://emulator:4566")
    files = [project.state_file("clock", url, "lab") for url in urls]
    assert len(set(files)) == 4
    assert project.state_file("clock", LOCAL, "lab") == project.state_file("clock", "http://localhost:4566/", "lab")


def write_state(path: Path, *names: str, kind: str = "aws_sqs_queue") -> None:
    instances = [{"attributes": {"name": name}} for name in names]
    path.write_text(json.dumps({"resources": [{"mode": "managed", "type": kind, "instances": instances}]}))


@pytest.mark.parametrize("deployed_before", [("ana-clock-ticks", "/ana/clock/output"), ("ana-clock-ticks",)])
def test_another_prefix_has_a_state_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deployed_before: tuple[str, ...]
) -> None:
    monkeypatch.setattr(project, "ROOT", tmp_path)
    first, beside = tmp_path / "terraform.clock.tfstate", tmp_path / "terraform.lab.clock.tfstate"
    assert project.state_file("clock", None, "ana") == project.state_file("clock", None, "lab") == first
    write_state(first, *deployed_before)
    assert project.state_file("clock", None, "ana") == first
    assert project.state_file("clock", None, "lab") == beside
    write_state(beside, "lab-clock-ticks")
    write_state(first)  # ana's has been destroyed
    assert project.state_file("clock", None, "lab") == beside
    assert project.state_file("clock", None, "ana") == first


def test_a_prefix_may_look_like_the_beginning_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "ROOT", tmp_path)
    first = tmp_path / "terraform.orders.tfstate"
    write_state(first, "my-orders-orders-input", "/my-orders/orders/input")
    assert project.state_file("orders", None, "my-orders") == first
    assert project.state_file("orders", None, "my") != first


@pytest.mark.parametrize(
    "content", ["", "{}", "no state", '{"resources": null}', '{"resources": [{"instances": [{}]}]}']
)
def test_a_file_without_a_lab_is_for_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr(project, "ROOT", tmp_path)
    (tmp_path / "terraform.clock.tfstate").write_text(content)
    assert project.state_file("clock", None, "ana") == tmp_path / "terraform.clock.tfstate"
