"""Definitions of workflows: names substituted, retries added, and what could go on for ever refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from project import ProjectError
from stacks.blocks import asl

TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 5, "End": True}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(asl, "WORKFLOWS_DIR", tmp_path)
    return tmp_path


def write(folder: Path, *tasks: dict[str, Any], **fields: Any) -> None:
    states = {f"T{number}": task for number, task in enumerate(tasks)}
    definition = {"StartAt": "T0", "TimeoutSeconds": 60, "States": states, **fields}
    (folder / "lab.asl.json").write_text(json.dumps(definition))


def test_names_are_substituted_whatever_they_stand_for(folder: Path) -> None:
    write(folder, {**TASK, "Parameters": {"FunctionName": "${Run}", "Note": "say ${Run} and ${Say}"}})
    definition = asl.load("lab", {"Run": "${aws_lambda_function.run.arn}", "Say": 'a "b"\\'})
    assert definition["States"]["T0"]["Parameters"] == {
        "FunctionName": "${aws_lambda_function.run.arn}",
        "Note": 'say ${aws_lambda_function.run.arn} and a "b"\\',
    }


def test_all_problems_are_found_together(folder: Path) -> None:
    inner = {"StartAt": "I", "States": {"I": {"Type": "Task", "Resource": "${Missing}", "End": True}}}
    write(folder, {"Type": "Parallel", "Branches": [inner], "End": True}, TimeoutSeconds=1)
    with pytest.raises(ProjectError) as error:
        asl.load("lab", {"Unused": "x"})
    assert str(error.value).splitlines() == [
        "workflow lab.asl.json: nothing is given for ${Missing}",
        "workflow lab.asl.json: there is no ${Unused}",
        "workflow lab.asl.json: task I has no TimeoutSeconds",
    ]


def test_a_workflow_without_a_timeout_is_refused(folder: Path) -> None:
    (folder / "lab.asl.json").write_text(json.dumps({"StartAt": "T0", "States": {"T0": TASK}}))
    with pytest.raises(ProjectError, match="the workflow has no TimeoutSeconds"):
        asl.load("lab", {})


def test_the_errors_of_both_integrations_with_dynamodb_are_tried_again() -> None:
    """An optimized integration says DynamoDB.*, an AWS SDK one the SDK's client: DynamoDb.* (Developer Guide)."""
    optimized = {name.removeprefix("DynamoDB.") for name in asl.SERVICE_ERRORS if name.startswith("DynamoDB.")}
    by_sdk = {name.removeprefix("DynamoDb.") for name in asl.SERVICE_ERRORS if name.startswith("DynamoDb.")}
    assert optimized and {name.removesuffix("Exception") for name in optimized} == {
        name.removesuffix("Exception") for name in by_sdk
    }


def test_every_task_is_tried_again_with_backoff_and_full_jitter(folder: Path) -> None:
    own = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]
    table = {**TASK, "Resource": "arn:aws:states:::dynamodb:putItem"}
    inner = {"StartAt": "I", "States": {"I": TASK}}
    map = {"Type": "Map", "ItemProcessor": inner, "End": True}
    write(folder, {**TASK, "Retry": own}, TASK, table, map)
    retries = {name: task["Retry"] for name, task in asl.tasks(asl.load("lab", {})).items()}
    assert retries == {
        "T0": [asl.SERVICE_RETRY, *own],
        "T1": [asl.SERVICE_RETRY, asl.FUNCTION_RETRY],
        "T2": [asl.SERVICE_RETRY],
        "I": [asl.SERVICE_RETRY, asl.FUNCTION_RETRY],
    }
