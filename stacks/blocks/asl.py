"""Definitions of workflows: Amazon States Language files with named substitutions, `${Name}`, completed and checked.

A file stays what Workflow Studio opens. What every task needs is added here: retries of what may pass.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from project import ROOT, ProjectError

WORKFLOWS_DIR = ROOT / "stacks" / "workflows"

#: Step Functions Developer Guide, "Best practices", "Handle transient Lambda service exceptions", and throttling; what
#: DynamoDB Developer Guide, "Error messages and codes", calls "OK to retry". Lambda.Unknown: the function died.
SERVICE_ERRORS = [
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "DynamoDB.ProvisionedThroughputExceededException",
    "DynamoDB.RequestLimitExceeded",
    "DynamoDB.ThrottlingException",
    "DynamoDB.InternalServerErrorException",
    # By an `aws-sdk` integration, the names are those of the SDK for Java (same guide, "AWS SDK integrations").
    "DynamoDb.ProvisionedThroughputExceededException",
    "DynamoDb.RequestLimitExceededException",
    "DynamoDb.ThrottlingException",
    "DynamoDb.InternalServerErrorException",
]
#: With FULL jitter, so that executions which were throttled together do not come back together.
BACKOFF = {"IntervalSeconds": 1, "BackoffRate": 2, "JitterStrategy": "FULL"}
SERVICE_RETRY = {"ErrorEquals": SERVICE_ERRORS, "MaxAttempts": 8, "MaxDelaySeconds": 30, **BACKOFF}
#: A function that failed may do better the next time: delivery is at least once, so every function bears it.
FUNCTION_RETRY = {"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 2, **BACKOFF}

Definition = dict[str, Any]


def load(name: str, substitutions: Mapping[str, str]) -> Definition:
    """The definition in `stacks/workflows/<name>.asl.json`, with its names substituted and retries added.

    Raises project.ProjectError with every name that the file or the substitutions lack, and every state that could go
    on for ever.
    """
    path = WORKFLOWS_DIR / f"{name}.asl.json"
    text = path.read_text()
    named = set(re.findall(r"\$\{(\w+)\}", text))
    problems = [f"nothing is given for ${{{name}}}" for name in sorted(named - set(substitutions))]
    problems += [f"there is no ${{{name}}}" for name in sorted(set(substitutions) - named)]
    filled = re.sub(r"\$\{(\w+)\}", lambda match: json.dumps(substitutions.get(match[1], ""))[1:-1], text)
    definition: Definition = json.loads(filled)
    problems += _endless(definition)
    if problems:
        raise ProjectError("\n".join(f"workflow {path.name}: {problem}" for problem in problems))
    for task in tasks(definition).values():
        task["Retry"] = _retries(task)
    return definition


def tasks(definition: Definition) -> dict[str, Definition]:
    """Every task by its name, those inside Parallel and Map, too."""
    return {name: state for name, state in _states(definition) if state["Type"] == "Task"}


def _states(machine: Definition) -> Iterator[tuple[str, Definition]]:
    for name, state in machine["States"].items():
        yield name, state
        for inner in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
            yield from _states(inner)


def _retries(task: Definition) -> list[Definition]:
    """The task's own retries after those of the services; a function's are the usual ones if it names none."""
    usual = [FUNCTION_RETRY] if task["Resource"].endswith(":lambda:invoke") else []
    return [SERVICE_RETRY, *task.get("Retry", usual)]


def _endless(definition: Definition) -> Iterator[str]:
    """Step Functions Developer Guide, "Best practices": without a timeout, an execution waits up to a year."""
    if "TimeoutSeconds" not in definition:
        yield "the workflow has no TimeoutSeconds"
    for name, task in tasks(definition).items():
        if not {"TimeoutSeconds", "TimeoutSecondsPath"} & set(task):
            yield f"task {name} has no TimeoutSeconds"
