"""Workflows: their definitions are valid Amazon States Language, and bear what AWS recommends for production."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from project import ROOT, ProjectError
from stacks.accounts import AccountsStack
from stacks.blocks.asl import WORKFLOWS_DIR, tasks
from stacks.bus import BusStack
from stacks.checkout import FUNCTION_TIMEOUT_S, SLOW_S, CheckoutStack

Synth = Callable[..., Any]
VALIDATOR = ROOT / "node_modules" / ".bin" / "asl-validator"
WORKFLOWS = (AccountsStack, CheckoutStack)
every_workflow = pytest.mark.parametrize("lab", WORKFLOWS, ids=lambda lab: lab.lab)


def validate(path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(VALIDATOR), "--json-path", str(path)], capture_output=True, text=True)


def workflow(synth: Synth, lab: Any, **context: str) -> Any:
    (resource,) = synth(lab, **context)["resource"]["aws_sfn_state_machine"].values()
    return resource


def test_every_definition_belongs_to_a_lab() -> None:
    assert {path.name for path in WORKFLOWS_DIR.iterdir()} == {f"{lab.lab}.asl.json" for lab in WORKFLOWS}


@every_workflow
def test_the_file_is_valid_as_workflow_studio_opens_it(lab: Any) -> None:
    done = validate(WORKFLOWS_DIR / f"{lab.lab}.asl.json")
    assert done.returncode == 0, done.stdout + done.stderr


@every_workflow
def test_what_is_deployed_is_valid(lab: Any, synth: Synth, tmp_path: Path) -> None:
    path = tmp_path / "definition.json"
    path.write_text(workflow(synth, lab)["definition"])
    done = validate(path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_validator_refuses_what_is_not_valid(tmp_path: Path) -> None:
    definition = json.loads((WORKFLOWS_DIR / "checkout.asl.json").read_text())
    definition["States"]["Ship"]["Next"] = "Nowhere"
    path = tmp_path / "definition.json"
    path.write_text(json.dumps(definition))
    assert validate(path).returncode == 1


@every_workflow
def test_every_task_has_an_end_and_full_jitter(lab: Any, synth: Synth) -> None:
    resource = workflow(synth, lab)
    definition = json.loads(resource["definition"])
    assert definition["TimeoutSeconds"] > sum(task["TimeoutSeconds"] for task in tasks(definition).values())
    for task in tasks(definition).values():
        for retry in task["Retry"]:
            assert retry["JitterStrategy"] == "FULL" and retry["MaxAttempts"] and retry["IntervalSeconds"]
        assert "Lambda.TooManyRequestsException" in task["Retry"][0]["ErrorEquals"]
    assert resource["logging_configuration"]["include_execution_data"] is True


def test_a_slow_step_outlives_its_task_and_not_its_function(synth: Synth) -> None:
    definition = json.loads(workflow(synth, CheckoutStack)["definition"])
    longest = max(
        task["TimeoutSeconds"] for task in tasks(definition).values() if task["Resource"].endswith("lambda:invoke")
    )
    assert longest < SLOW_S < FUNCTION_TIMEOUT_S


def test_every_effect_has_a_compensation_that_is_tried_long_and_then_parked(synth: Synth) -> None:
    states = json.loads(workflow(synth, CheckoutStack)["definition"])["States"]
    chain = ["CancelShipment", "RefundPayment", "ReleaseStock"]
    for name, after in zip(chain, [*chain[1:], "AllUndone?"], strict=True):
        assert states[name]["Next"] == after
        assert states[name]["Retry"][-1]["MaxAttempts"] >= 8
        (catch,) = states[name]["Catch"]
        assert states[catch["Next"]]["Resource"].endswith("sqs:sendMessage") and states[catch["Next"]]["Next"] == after


@every_workflow
def test_a_destroy_waits_longer_than_any_state(lab: Any, synth: Synth) -> None:
    """AWS deletes a workflow when its executions have ended, at their next state: after ten minutes, if one waits."""
    resource = workflow(synth, lab)
    longest = max(task["TimeoutSeconds"] for task in tasks(json.loads(resource["definition"])).values())
    assert int(resource["timeouts"]["delete"].removesuffix("m")) * 60 > longest


@pytest.mark.parametrize("context", [{}, {"accounts__type": "express"}], ids=["standard", "express"])
def test_an_account_whose_role_may_not_deliver_logs_has_workflows_without(
    context: dict[str, str], synth: Synth
) -> None:
    found = synth(AccountsStack, role="dedicated", workflow__logs="false", **context)["resource"]
    (resource,) = found["aws_sfn_state_machine"].values()
    # Said, not left out: the provider takes a block that is missing for one that stays as it is.
    assert resource["logging_configuration"] == {"level": "OFF"}
    assert not [id for id in found["aws_cloudwatch_log_group"] if "registration" in id]
    assert "logs:CreateLogDelivery" not in json.dumps(found["aws_iam_role_policy"])
    assert all("logs" not in json.loads(port["value"]) for port in found["aws_ssm_parameter"].values())


def test_express_by_option(synth: Synth) -> None:
    assert workflow(synth, AccountsStack)["type"] == "STANDARD"
    express = workflow(synth, AccountsStack, accounts__type="express")
    assert (express["type"], express["logging_configuration"]["level"]) == ("EXPRESS", "ALL")
    with pytest.raises(ProjectError, match=r"accounts\.type: must be standard or express, not 'fast'"):
        synth(AccountsStack, accounts__type="fast")


def test_the_limit_of_payments_by_option(synth: Synth) -> None:
    functions = synth(CheckoutStack, checkout__approval_above="5")["resource"]["aws_lambda_function"]
    assert functions["checks"]["environment"]["variables"]["APPROVAL_ABOVE"] == "5"


def test_the_bus_starts_the_workflow_that_the_checkout_deploys(synth: Synth) -> None:
    name = workflow(synth, CheckoutStack, prefix="ana")["name"]
    targets = synth(BusStack, prefix="ana")["resource"]["aws_cloudwatch_event_target"].values()
    (target,) = [target for target in targets if "role_arn" in target]
    assert target["arn"].endswith(f":stateMachine:{name}")


@every_workflow
def test_its_port_fits_in_a_standard_parameter(lab: Any, synth: Synth) -> None:
    """SSM API reference, PutParameter: 4 KB in the standard tier."""
    for port in synth(lab)["resource"]["aws_ssm_parameter"].values():
        assert len(port["value"].encode()) < 4096
