"""The command that proves the labs in an account, on an engine of its own: what it does and reports, well and badly."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.proof import role
from kit.proof.proof import CLEANED, USED, Proof, steps_of
from kit.target import Target

from engine.process import Engine
from shell import ROOT, Shell

STEPS = list(steps_of(["calculator"]))


@pytest.fixture
def own(engine: Engine) -> Iterator[Shell]:
    """A shell at an engine of its own that runs."""
    shell = Shell(engine.port)
    shell.script("local_aws.py", "start", "--port", str(engine.port), local=False)
    yield shell


def start(own: Shell, *arguments: str, context: str = "") -> "subprocess.Popen[str]":
    """The command in a process group of its own, as a terminal has it."""
    command = [sys.executable, str(ROOT / "scripts" / "prove_aws.py"), *arguments, "--local"]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=own.environ | {"LAB_CONTEXT": context},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def follow(process: "subprocess.Popen[str]", plant: Callable[[str, str], None]) -> tuple[dict[str, Any], list[str]]:
    """The steps by their names, and all lines, with `plant` called at each line with it and the run's prefix."""
    lines, prefix, steps = [], "", {}
    assert process.stdout
    for line in map(str.rstrip, process.stdout):
        lines.append(line)
        if "with prefix " in line:
            prefix = line.partition("with prefix ")[2].partition(":")[0]
        if line.startswith("{"):
            step = json.loads(line)
            steps[step["step"]] = step
            plant(step["step"], prefix)
        else:
            plant(line, prefix)
    process.wait(timeout=60)
    assert "Traceback" not in "\n".join(lines), lines
    return steps, lines


def outcomes(steps: dict[str, Any]) -> dict[str, str]:
    return {name: step["outcome"] for name, step in steps.items()}


def report_of(lines: list[str]) -> dict[str, Any]:
    (path,) = (line.partition("the report is ")[2] for line in lines if line.startswith("the report is "))
    found: dict[str, Any] = json.loads(Path(path).read_text())
    return found


def left(own: Shell, engine: Engine) -> list[str]:
    """Everything of the run that is still there: resources, the throwaway function and its log, state files."""
    functions = [each["FunctionName"] for each in own.client("lambda").list_functions()["Functions"]]
    groups = [each["logGroupName"] for each in own.client("logs").describe_log_groups()["logGroups"]]
    queues = own.client("sqs").list_queues().get("QueueUrls", [])
    buckets = [each["Name"] for each in own.client("s3").list_buckets()["Buckets"]]
    states = [str(path) for path in engine.folder.glob("terraform.prove-*")]
    return [name for name in (*functions, *groups, *queues, *buckets, *states) if "prove-" in name]


def test_a_lab_is_proven_and_nothing_is_left(own: Shell, engine: Engine) -> None:
    seen: list[int] = []
    queue = own.client("sqs").create_queue(QueueName="lab-calculator-input")["QueueUrl"]  # the user's own: it stays

    def look(line: str, prefix: str) -> None:
        if line == "calculator deploy":
            seen.append(len(left(own, engine)))

    process = start(own, "calculator")
    steps, lines = follow(process, look)
    assert outcomes(steps) == dict.fromkeys(STEPS, "passed"), lines
    assert list(steps) == STEPS and process.returncode == 0
    assert seen[0] > 5, "the listing sees nothing, so it would miss what is left"
    assert left(own, engine) == []
    assert queue in own.client("sqs").list_queues()["QueueUrls"]
    report = report_of(lines)
    assert report["account"] == "the local engine"
    assert set(report["role_trusts"]) >= {"lambda", "states", "events", "firehose"}
    assert "sqs:SendMessage" in report["permissions"]["allowed"] and not report["permissions"]["denied"]
    (record,) = report["events"]["calculator.calculate"]["Records"]
    assert record["messageId"] == record["body"] == "string"
    assert {"sqs.ReceiveMessage", "sqs.SendMessageBatch", "lambda.Invoke", "iam.GetRole"} <= report["answers"].keys()
    assert [line for line in lines if line.startswith("about ") and "USD" in line]


@pytest.mark.soak
def test_each_step_that_fails_is_reported_and_everything_destroyed(own: Shell, engine: Engine) -> None:
    def plant(step: str, prefix: str) -> None:
        # Nobody finds the lab any more: these are made some seconds before the deployment ends.
        if port := re.match(r"  created calculator: aws_ssm_parameter\.port-(\w+)", step):
            own.client("ssm").delete_parameter(Name=f"/{prefix}/calculator/{port[1]}")
        elif step == "calculator deploy":  # its state does not know it
            own.client("sqs").create_queue(QueueName=f"{prefix}-calculator-forgotten")
        elif step == "calculator plan":
            (engine.folder / f"terraform.{prefix}.calculator.tfstate").write_text("no state")

    process = start(own, "calculator")
    steps, lines = follow(process, plant)
    expected = dict.fromkeys(STEPS, "failed") | dict.fromkeys(("account", "role", "calculator deploy"), "passed")
    assert outcomes(steps) == expected, lines
    assert "is not deployed" in steps["calculator example"]["why"]
    assert steps["calculator plan"]["why"] == "a second plan would change what was just deployed"
    assert "cdktf failed" in steps["calculator destroy"]["why"]
    assert steps["calculator leftovers"]["why"].startswith("left by destroy, now deleted: ")
    assert "calculator-forgotten" in steps["calculator leftovers"]["why"]
    assert process.returncode == 1
    assert left(own, engine) == []
    assert {step["step"]: step["outcome"] for step in report_of(lines)["steps"]} == expected


@pytest.mark.soak
def test_a_deployment_that_fails_is_reported_and_destroyed(own: Shell, engine: Engine) -> None:
    def plant(step: str, prefix: str) -> None:
        if step == "account":
            own.client("logs").create_log_group(logGroupName=f"/aws/lambda/{prefix}-calculator-calculate")

    process = start(own, "calculator")
    steps, lines = follow(process, plant)
    assert outcomes(steps) == {
        **dict.fromkeys(STEPS, "passed"),
        "calculator deploy": "failed",
        **{f"calculator {step}": "not reached" for step in USED[1:]},
    }, lines
    assert "already exists" in steps["calculator deploy"]["why"]
    assert process.returncode == 1
    assert left(own, engine) == []


def test_ctrl_c_destroys_what_is_there_even_when_it_comes_again(own: Shell, engine: Engine) -> None:
    sent: list[str] = []

    def interrupt(line: str, prefix: str) -> None:
        begun = line.startswith("  created calculator: aws_ssm_parameter.port-input")
        destroying = line.startswith("  destroyed calculator:") and len(sent) == 1
        if (begun and not sent) or destroying:
            sent.append(line)
            os.killpg(process.pid, signal.SIGINT)

    process = start(own, "calculator")
    steps, lines = follow(process, interrupt)
    assert len(sent) == 2, lines
    assert steps["calculator deploy"]["outcome"] == "failed" and steps["calculator deploy"]["why"] == "interrupted"
    assert [steps[f"calculator {step}"]["outcome"] for step in CLEANED] == ["passed", "passed"], lines
    assert [steps[f"calculator {step}"]["outcome"] for step in USED[1:]] == ["not reached"] * 3
    assert process.returncode == 1
    assert left(own, engine) == []


def test_without_the_role_nothing_is_begun(own: Shell, engine: Engine) -> None:
    process = start(own, "calculator", context="role=NoSuchRole")
    steps, lines = follow(process, lambda line, prefix: None)
    assert outcomes(steps) == {**dict.fromkeys(STEPS, "not reached"), "account": "failed"}, lines
    assert steps["account"]["why"].startswith("this account has no role NoSuchRole")
    assert process.returncode == 2
    assert not [line for line in lines if line.startswith("the report is")], "it tells of no account"
    assert left(own, engine) == []


def test_a_throwaway_function_that_fails_is_reported_and_deleted(
    own: Shell, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "throwaway.py").write_text("def lambda_handler(event, context):\n    raise ValueError('planted')\n")
    monkeypatch.setattr(role, "SOURCE", tmp_path / "throwaway.py")
    target = Target(True, own.url, "us-east-1", "prove-test")
    report = Proof(target, tmp_path, {}, lambda step: None).run([], limit_s=300)
    assert [(step.step, step.outcome) for step in report.steps] == [("account", "passed"), ("role", "failed")]
    assert report.steps[1].why == "the throwaway function failed: planted"
    assert left(own, engine) == []


def test_when_its_time_is_over_it_stops_and_leaves_nothing(own: Shell, engine: Engine, tmp_path: Path) -> None:
    """In the middle of the throwaway function, which takes some seconds."""
    begun: list[str] = []
    target = Target(True, own.url, "us-east-1", "prove-test")
    proof = Proof(target, tmp_path, {}, lambda step: begun.append(step.step))
    report = proof.run(["calculator"], limit_s=2)
    assert report.steps[-1].outcome == "not reached" and not report.passed
    ended = [step for step in report.steps if step.code == "Ended"]
    assert [step.why for step in ended] == ["its time is over"]
    assert begun == STEPS
    assert left(own, engine) == []


def test_the_doctor_tries_the_role(own: Shell, engine: Engine) -> None:
    done = own.script("doctor.py", "--probe", expect=None)
    found = [line for line in map(json.loads, done.stdout.splitlines()) if line["subject"] == "permissions"]
    assert found[0]["well"] is True and found[0]["found"].startswith("LabRole may do 22 of 22 actions tried")
    assert left(own, engine) == []
    without = own.script("doctor.py", expect=None)
    assert "permissions" not in without.stdout


@pytest.mark.soak
def test_every_lab_is_proven(own: Shell, engine: Engine) -> None:
    steps, lines = follow(start(own), lambda line, prefix: None)
    assert set(outcomes(steps).values()) == {"passed"}, lines
    assert len(report_of(lines)["answers"]) >= 12
    assert left(own, engine) == []
