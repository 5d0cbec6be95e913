"""The environment for cdktf and Terraform on this machine."""

import platform
from pathlib import Path

import pytest

from kit import toolchain
from kit.cli import Stop

import project


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it but a PATH with Terraform, and a mirror folder that tests may fill."""
    for name in ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG", "TERRAFORM_BINARY_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(toolchain, "MIRROR_ROOTS", (tmp_path / "opt",))
    monkeypatch.setattr(toolchain, "_CONFIGURATION", tmp_path / "terraform.rc")
    monkeypatch.setattr(project, "LOCAL_DIR", tmp_path / ".local")
    toolchain.find_mirror.cache_clear()
    (tmp_path / "home").mkdir()
    program(tmp_path / "bin" / "terraform")
    return tmp_path


def program(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)


def mirror(root: Path, host: str = "registry.terraform.io") -> Path:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    path = root / host / "hashicorp" / "aws" / "5.100.0" / f"{platform.system().lower()}_{machine}"
    path.mkdir(parents=True)
    return root


def test_without_a_mirror_nothing_is_configured(machine: Path) -> None:
    assert set(toolchain.environment()) == {
        "CHECKPOINT_DISABLE",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION",
        "TERRAFORM_BINARY_NAME",
    }


def test_a_mirror_on_disk_is_used_and_said(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = mirror(machine / "opt" / "school" / "terraform")
    environment = toolchain.environment()
    assert environment["CDKTF_SKIP_PROVIDER_LOCK"] == "true"
    assert str(found) in Path(environment["TF_CLI_CONFIG_FILE"]).read_text()
    assert str(found) in capsys.readouterr().err


def test_a_variable_that_names_a_missing_file_configures_nothing(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror(machine / "opt" / "school")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(machine / "missing.rc"))
    assert "CDKTF_SKIP_PROVIDER_LOCK" in toolchain.environment()


@pytest.mark.parametrize("where", ["variable", "home"])
def test_the_users_own_configuration_is_left_alone(machine: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror(machine / "opt" / "school")
    own = machine / "home" / ".terraformrc"
    own.write_text("")
    if where == "variable":
        own = own.rename(machine / "own.rc")
        monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(own))
    assert "TF_CLI_CONFIG_FILE" not in toolchain.environment()


def test_a_mirror_of_another_platform_is_none(machine: Path) -> None:
    (machine / "opt" / "registry.terraform.io" / "hashicorp" / "aws" / "5.100.0" / "plan9_386").mkdir(parents=True)
    assert toolchain.find_mirror() is None


def test_opentofu_stands_in_for_terraform(machine: Path) -> None:
    (machine / "bin" / "terraform").rename(machine / "bin" / "tofu")
    assert toolchain.terraform() == "tofu"


def test_what_is_missing_is_named(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "CDKTF", machine / "missing")
    with pytest.raises(Stop, match=r"Node\.js is missing.*; cdktf-cli is not installed: run `make setup`"):
        toolchain.check()
    (machine / "bin" / "terraform").unlink()
    with pytest.raises(Stop, match="Terraform is missing"):
        toolchain.terraform()


def test_a_local_deployment_sees_nothing_of_a_real_account() -> None:
    environ = {"AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "x", "AWS_ENDPOINT_URL_SQS": "https://x", "PATH": "/bin"}
    kept = toolchain.clean(environ, local=True)
    assert kept.pop("AWS_CONFIG_FILE") == kept.pop("AWS_SHARED_CREDENTIALS_FILE") == "/dev/null"
    assert kept == {"PATH": "/bin"}
    assert toolchain.clean(environ, local=False) == environ


def test_a_profile_wins_over_keys_in_variables() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c", "PATH": "/bin"}
    assert toolchain.clean(environ, local=False, profile="mine") == {"PATH": "/bin"}
