"""The doctor and a deployment where the account is out of reach: one line each, from real processes and stub endpoints.

Accounts in which something is missing are tests/e2e/own_engine/test_account_states.py's.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from kit import target_checks, terraform_errors
from kit.aws_errors import RENEW
from kit.checkup import Check, exit_code
from kit.cli import Exit
from kit.inventory import LABS
from kit.machine_checks import PROVIDER
from kit.synthesized import load

import project

REAL = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
STUDENT = "arn:aws:sts::123456789012:assumed-role/voclabs/user1=ana"
#: Nothing answers at the discard service's port.
NO_NETWORK = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def account(stub: Callable[..., str]) -> Callable[..., str]:
    """An endpoint whose answer to each query of STS and IAM is XML given by its Action; errors are (status, code)."""

    def start(**answers: str | tuple[int, str]) -> str:
        def answer(form: str) -> tuple[int, str, str]:
            found = answers.get(parse_qs(form).get("Action", [""])[0], (400, "AccessDenied"))
            if isinstance(found, str):
                return 200, "text/xml", found
            status, code = found
            error = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
            return status, "text/xml", f"<ErrorResponse>{error}</ErrorResponse>"

        return stub(answer)

    return start


def identity(arn: str) -> str:
    who = f"<Arn>{arn}</Arn><UserId>A:x</UserId><Account>{arn.split(':')[4]}</Account>"
    result = f"<GetCallerIdentityResult>{who}</GetCallerIdentityResult>"
    return f"<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>"


def checks(done: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    return {line["subject"]: line for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("code", ["ExpiredToken", "RequestExpired"])
def test_an_expired_session(tool: Run, account: Callable[..., str], code: str) -> None:
    url = account(GetCallerIdentity=(403, code))
    done = tool("doctor.py", AWS_ENDPOINT_URL=url, **KEYS)
    assert done.returncode == 5
    found = checks(done)["credentials"]
    assert found["found"] == "the AWS credentials have expired"
    assert found["fix"] == "start the lab again and copy AWS Details > AWS CLI into ~/.aws/credentials"
    deploy = tool("lab.py", "deploy", "calculator", AWS_ENDPOINT_URL=url, **KEYS)
    assert deploy.returncode == 5
    assert deploy.stderr.splitlines()[-1].startswith("error: the AWS credentials have expired: start the lab again")


def refused_by(policy: str) -> Callable[[str], tuple[int, str, str]]:
    """An account whose STS answers and whose every other service denies, as `policy` says."""
    who = "arn:aws:sts::123456789012:assumed-role/voclabs/user1=ana"
    why = f"User: {who} is not authorized to perform: x:Y with an explicit deny in an identity-based policy: {policy}"

    def answer(request: str) -> tuple[int, str, str]:
        if "Action=GetCallerIdentity" in request:
            return 200, "text/xml", identity(who)
        if "Action=" in request:
            error = f"<Error><Code>AccessDenied</Code><Message>{why}</Message></Error>"
            return 403, "text/xml", f"<ErrorResponse>{error}</ErrorResponse>"
        return 403, "application/json", json.dumps({"__type": "AccessDeniedException", "message": why})

    return answer


#: What a Learner Lab attaches when a session or its budget ends.
ENDED = "arn:aws:iam::123456789012:policy/voc-cancel-cred"


@pytest.mark.parametrize(
    "command",
    [
        ["lab.py", "deploy", "calculator"],
        ["lab.py", "destroy", "calculator", "--yes"],
        ["pause.py"],
        ["leftovers.py"],
        ["send_message.py", "calculator", "{}"],
        ["read_results.py", "calculator"],
        ["logs.py", "calculator"],
    ],
)
def test_the_end_of_a_lab_is_no_missing_permission(tool: Run, stub: Callable[..., str], command: list[str]) -> None:
    done = tool(*command, AWS_ENDPOINT_URL=stub(refused_by(ENDED)), **KEYS)
    assert done.returncode == 5
    assert done.stderr.splitlines()[-1] == f"error: the lab's session has ended: {RENEW}"


@pytest.mark.parametrize("script", ["pause.py", "leftovers.py"])
def test_listings_that_are_denied_are_named_and_the_others_go_on(
    tool: Run, stub: Callable[..., str], script: str
) -> None:
    """What may be listed is; an account denies event sources and roles, among others, and has one parameter."""
    deny = refused_by("arn:aws:iam::123456789012:policy/other")
    port = {"Name": "/lab/clock/output", "Type": "String"}
    none = ("DeliveryStreamNames", "EventBuses", "StreamNames", "TableNames", "logGroups", "stateMachines")
    listed = 200, "application/json", json.dumps({"Parameters": [port], **{name: [] for name in none}})
    url = stub(lambda request: listed if request == "{}" else deny(request))
    done = tool(script, AWS_ENDPOINT_URL=url, **KEYS)
    assert done.returncode == 0, done.stderr
    assert "event sources could not be listed: you may not" in done.stderr
    assert "roles could not be listed: you may not" in done.stderr
    if script == "leftovers.py":
        assert [json.loads(line)["name"] for line in done.stdout.splitlines()] == ["/lab/clock/output"]


@pytest.mark.parametrize("script", ["pause.py", "leftovers.py"])
def test_an_account_that_denies_every_listing(tool: Run, stub: Callable[..., str], script: str) -> None:
    url = stub(refused_by("arn:aws:iam::123456789012:policy/other"))
    done = tool(script, AWS_ENDPOINT_URL=url, **KEYS)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: AWS refused ListEventSourceMappings")


def test_the_doctor_believes_credentials_that_do_more_than_say_whose_they_are(
    tool: Run, stub: Callable[..., str]
) -> None:
    done = tool("doctor.py", AWS_ENDPOINT_URL=stub(refused_by(ENDED)), **KEYS)
    found = checks(done)["credentials"]
    assert (found["well"], found["found"], found["fix"]) == (False, "the lab's session has ended", RENEW)
    assert done.returncode == 5 and "role" not in checks(done)


def test_a_missing_permission_is_not_the_end_of_a_lab(tool: Run, stub: Callable[..., str]) -> None:
    done = tool("doctor.py", AWS_ENDPOINT_URL=stub(refused_by("arn:aws:iam::123456789012:policy/other")), **KEYS)
    assert checks(done)["credentials"]["well"] is True
    assert checks(done)["role"]["found"] == "AWS refused GetRole"


def test_credentials_of_no_account(tool: Run, account: Callable[..., str]) -> None:
    url = account(GetCallerIdentity=(403, "InvalidClientTokenId"))
    done = tool("doctor.py", AWS_ENDPOINT_URL=url, **KEYS)
    assert done.returncode == 5 and checks(done)["credentials"]["found"] == "AWS does not accept the credentials"


@pytest.mark.slow
@pytest.mark.parametrize("script", [["doctor.py"], ["lab.py", "deploy", "clock"], ["leftovers.py"], ["pause.py"]])
@pytest.mark.parametrize(
    ("environ", "options", "line"),
    [
        ({}, [], "no AWS credentials"),
        ({}, ["--profile", "nobody"], "the config profile (nobody) could not be found"),
        (
            {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", **NO_NETWORK},
            [],
            "no connection",
        ),
        (KEYS, [], "the credentials are the local engine's, but no endpoint is set"),
        ({"AWS_ENDPOINT_URL": "nonsense"}, [], "AWS_ENDPOINT_URL is not an address like"),
    ],
    ids=["none", "profile", "network", "mixed", "address"],
)
def test_out_of_reach(tool: Run, script: list[str], environ: dict[str, str], options: list[str], line: str) -> None:
    done = tool(*script, *options, **environ)
    assert done.returncode in (2, 5)
    failures = [check["found"] for check in checks(done).values() if check["well"] is False] if done.stdout else []
    failures += [said.removeprefix("error: ") for said in done.stderr.splitlines() if said.startswith("error: ")]
    assert any(failure.startswith(line) for failure in failures), (failures, done.stderr)


def test_a_student_account(tool: Run, account: Callable[..., str], tmp_path: Path) -> None:
    """What is said of the account; the region that it has not; the session's end, from when the keys were copied."""
    url = account(GetCallerIdentity=identity(STUDENT), GetRole=(404, "NoSuchEntity"))
    keys = tmp_path / "credentials"
    keys.write_text("[default]\naws_access_key_id = test\naws_secret_access_key = test\naws_session_token = x\n")
    os.utime(keys, (time.time() - 3600,) * 2)
    environ = {"AWS_ENDPOINT_URL": url, "AWS_SHARED_CREDENTIALS_FILE": str(keys), "AWS_REGION": "eu-west-3"}
    done = tool("doctor.py", **environ)
    found = checks(done)
    end = time.strftime("%H:%M", time.localtime(keys.stat().st_mtime + 4 * 3600))
    assert found["credentials"]["found"] == (
        f"account 123456789012, a Learner Lab, as assumed-role/voclabs/user1=ana; the session ends about {end}"
    )
    assert found["region"] == {
        "subject": "region",
        "well": False,
        "found": "eu-west-3 is not a Learner Lab's",
        "fix": "`export AWS_REGION=us-east-1`",
        "code": 2,
    }
    assert found["role"]["found"] == "this account has no role LabRole"
    assert done.returncode != 0
    dedicated = checks(tool("doctor.py", LAB_CONTEXT="role=dedicated", **environ))
    assert dedicated["role"]["found"] == "a Learner Lab lets nobody make roles"


def test_an_address_for_one_service_is_found(tool: Run) -> None:
    done = tool("doctor.py", AWS_ENDPOINT_URL_S3="http://127.0.0.1:9")
    assert done.returncode == 2
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (found,) = [
        line for line in lines if line["found"] == "AWS_ENDPOINT_URL_S3 leads one service to http://127.0.0.1:9"
    ]
    assert (found["well"], found["fix"]) == (False, "`unset AWS_ENDPOINT_URL_S3`")


def test_old_programs(tool: Run, tmp_path: Path) -> None:
    """Programs that are too old, or missing, each with what to install."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, says in (("node", "echo v18.19.0"), ("terraform", 'echo \'{"terraform_version": "1.4.6"}\'')):
        (programs / name).write_text(f"#!/bin/sh\n{says}\n")
        (programs / name).chmod(0o755)
    found = checks(tool("doctor.py", PATH=f"{programs}:/usr/bin:/bin"))
    assert (found["Node.js"]["found"], found["Node.js"]["fix"]) == ("18.19.0", "install Node.js 20 or newer, with npm")
    assert found["Terraform"]["fix"] == "install terraform 1.5 or newer"
    empty = tmp_path / "empty"
    empty.mkdir()
    found = checks(tool("doctor.py", PATH=str(empty)))
    assert found["Node.js"]["found"] == found["Terraform"]["found"] == "missing"
    assert found["Terraform"]["fix"].startswith("install Terraform 1.5 or newer, or OpenTofu")


def test_the_exit_code_is_0_only_if_all_is_well() -> None:
    well, note = Check("a", True, "x"), Check("b", None, "x")
    wrong, offline = Check("c", False, "x"), Check("d", False, "x", "y", Exit.NO_CONNECTION)
    assert exit_code([well, note]) == 0
    assert exit_code([well, wrong]) == 2
    assert exit_code([wrong, offline]) == 5
    assert offline.line == "✘ d            x\n               → y"


def test_the_services_that_must_trust_the_role_are_those_of_the_labs(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "NODE_OPTIONS"))}
    command = [sys.executable, "-m", "fastsynth", "main.py"]
    environment |= {"CDKTF_OUTDIR": str(tmp_path), "LAB_CONTEXT": "role=dedicated"}
    subprocess.run(command, cwd=project.ROOT, env=environment, check=True, timeout=120)
    roles = [role for stack in load(tmp_path) if stack.lab in LABS for role in stack.of("aws_iam_role")]
    trusted = {each["Principal"]["Service"] for role in roles for each in role.json("assume_role_policy")["Statement"]}
    assert {service.removesuffix(".amazonaws.com") for service in trusted} <= set(target_checks.TRUSTED)
    clock = json.loads((tmp_path / "stacks" / "clock" / "cdk.tf.json").read_text())
    assert clock["terraform"]["required_providers"]["aws"]["version"] == PROVIDER


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("api error ExpiredToken: The security token included", "start the lab again"),
        (f"AccessDenied: x is not authorized: with an explicit deny: {ENDED}", "start the lab again"),
        ("Error acquiring the state lock", "another deployment goes on, or was killed"),
        ("ResourceConflictException: Function already exist", "a half-finished earlier deployment is in the way"),
        ("BucketAlreadyOwnedByYou", "a half-finished earlier deployment is in the way"),
        ("Failed to query available provider packages", "no connection: check the network, then `scripts/doctor.py`"),
        ('Post "http://127.0.0.1:4566/": dial tcp 127.0.0.1:4566: connect: connection refused', "the local engine has"),
        ('Post "https://sqs.us-east-1.amazonaws.com": dial tcp: lookup sqs: no such host', "no connection: check the"),
        (
            "AccessDeniedException: The state machine IAM Role is not authorized to access the Log Destination",
            'the role may not deliver the logs of workflows: deploy with CONTEXT="workflow.logs=false"',
        ),
        ("api error AccessDeniedException: not authorized", "the account does not allow it: `scripts/doctor.py`"),
        ("something else", "what was made so far is kept in the state"),
    ],
)
def test_the_next_command_after_terraform_failed(said: str, step: str) -> None:
    assert terraform_errors.next_step([said], "clock").startswith(f"→ {step}")
