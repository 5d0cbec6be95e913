"""An AWS CLI on this machine talks to the engine, and nothing of what it is asked there leaves for AWS.

Version 1 sends `aws sqs` and some others to an address of AWS as soon as it knows a region, whatever AWS_ENDPOINT_URL
says; `--endpoint-url` is the only way to tell it. A listener in place of the proxy sees any packet that would leave.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit.engines import engine_on

import project
from engine.process import Engine, free_port

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Proxy = tuple[dict[str, str], list[bytes]]

#: The services whose addresses version 1 knows by itself (its customizations/overridesslcommonname.py), and two others.
CALLS = (
    "sqs list-queues",
    "emr list-clusters",
    "rds describe-db-instances",
    "docdb describe-db-clusters",
    "neptune describe-db-clusters",
    "health describe-events",
    "sts get-caller-identity",
    "s3 ls",
)
#: These the engine answers; of the others it does not know all.
ANSWERED = ("sqs list-queues", "rds describe-db-instances", "sts get-caller-identity", "s3 ls")
SCRIPT = project.ROOT / "scripts" / "local_aws.py"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = engine_on(free_port())
    engine.start()
    yield engine
    engine.stop()
    engine.remove()


@pytest.fixture
def shell(
    aws_cli: Path, engine: Engine, proxy: Proxy, tmp_path: Path
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs lines in a shell of a user who has this CLI, a region in the CLI's configuration, and a proxy."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\nregion = us-east-1\n")
    python = Path(shutil.which("python3") or "python3").parent
    variables = {**proxy[0], "HOME": str(tmp_path), "LOCAL_AWS_PORT": str(engine.port), "AWS_MAX_ATTEMPTS": "1"}

    def run(*lines: str, shell: str = "bash") -> "subprocess.CompletedProcess[str]":
        path = f"{aws_cli}:{python}:/usr/local/bin:/usr/bin:/bin"
        command = [shell, "-c", "\n".join(lines)]
        return subprocess.run(command, env={"PATH": path, **variables}, capture_output=True, text=True, timeout=300)

    return run


@pytest.mark.slow
def test_version_1_alone_would_leave(shell: Run, proxy: Proxy) -> None:
    """What this is about; when it passes no more, the function is not needed any more."""
    shell(f'eval "$({SCRIPT} env)"', "command aws sqs list-queues")
    assert proxy[1] and proxy[1][0].startswith(b"CONNECT queue.amazonaws.com:443")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bash", "dash", "zsh"])
def test_a_shell_turned_to_the_engine(shell: Run, proxy: Proxy, name: str) -> None:
    if not shutil.which(name):
        pytest.skip(f"there is no {name} on this machine")
    calls = [f"aws {call} >/dev/null 2>&1 && echo {call}" for call in (CALLS if name == "bash" else CALLS[:1])]
    done = shell("set -eu", f'eval "$({SCRIPT} env)"', "set +e", *calls, shell=name)
    assert proxy[1] == []
    assert set(done.stdout.splitlines()) >= {call for call in ANSWERED if name == "bash" or call == CALLS[0]}


@pytest.mark.slow
def test_what_a_shell_turned_to_the_engine_still_allows(shell: Run, proxy: Proxy, engine: Engine) -> None:
    turned = f'eval "$({SCRIPT} env)"'
    # A script that the shell starts, and an endpoint of the user's own.
    done = shell(turned, "bash -c 'aws sqs list-queues'", "aws sqs list-queues --endpoint-url http://127.0.0.1:9")
    assert proxy[1] == []
    assert 'Could not connect to the endpoint URL: "http://127.0.0.1:9/"' in done.stderr
    assert done.stderr.count("Could not connect") == 1
    # Back to AWS in the same shell.
    shell(turned, "unset AWS_ENDPOINT_URL", "aws sts get-caller-identity")
    assert proxy[1] and proxy[1][0].startswith(b"CONNECT sts.")


@pytest.mark.slow
def test_one_command_without_such_a_shell(shell: Run, proxy: Proxy) -> None:
    keys = ["export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=x AWS_PROFILE=mine"]
    keys += ["export AWS_ENDPOINT_URL_SQS=https://sqs.us-east-1.amazonaws.com"]
    calls = [f"{SCRIPT} aws {call} >/dev/null 2>&1 && echo {call}" for call in CALLS]
    done = shell(*keys, *calls)
    assert proxy[1] == []
    assert set(done.stdout.splitlines()) >= set(ANSWERED)
    # Its exit code, standard input and options are the CLI's.
    done = shell(
        f"{SCRIPT} aws s3 mb s3://by-hand --region us-east-1",
        f"echo hello | {SCRIPT} aws s3 cp - s3://by-hand/hello.txt",
        f"{SCRIPT} aws s3 cp s3://by-hand/hello.txt -",
        f"{SCRIPT} aws s3api head-object --bucket by-hand --key none",
    )
    assert done.stdout.splitlines()[-1] == "hello" and "(404)" in done.stderr
    assert done.returncode not in (0, 2)


def test_without_a_cli_the_line_says_so(tool: Run, tmp_path: Path) -> None:
    done = tool("local_aws.py", "aws", "sqs", "list-queues", PATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == "error: the AWS CLI is missing: install it, version 1 or 2, and put it on the PATH\n"


@pytest.mark.parametrize(
    ("says", "found", "fix"),
    [
        ("aws-cli/1.46.3 Python/3.11.7 Linux/6.1 botocore/1.43.62", "version 1 (1.46.3)", True),
        ("aws-cli/2.31.0 Python/3.13.7 Linux/6.1 exe/x86_64.ubuntu.24", "version 2 (2.31.0)", False),
        (None, "none; only the commands by hand on the labs' pages need one", False),
    ],
)
def test_the_doctor_says_which_cli_there_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str | None, found: str, fix: bool
) -> None:
    from kit import machine_checks

    if says:
        (tmp_path / "aws").write_text(f"#!/bin/sh\necho '{says}'\n")
        (tmp_path / "aws").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (check,) = machine_checks.aws_cli()
    assert (check.well, check.found) == (None, found)
    assert check.fix == ("on the emulator use it by `scripts/local_aws.py aws`" if fix else "")
