"""parliament, which knows every action of IAM with its resources and conditions, has nothing against any policy.

Who may take on a role is in policies of another form, without resources; they are cfn-lint's (test_cloudformation.py).
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kit.synthesized import Resource, Stack

from resolved import resolved
from variants import CASES

Synthesized = Callable[[str, str], Stack]
Analyze = Callable[[Mapping[str, str]], dict[str, list[str]]]

pytestmark = pytest.mark.slow

#: Reads policies by name, writes its findings by name; it is run by the Python that has parliament.
ANALYZE = """
import json, sys
from parliament import analyze_policy_string
policies = json.load(sys.stdin)
found = {name: analyze_policy_string(text).findings for name, text in policies.items()}
json.dump({name: [f"{each.issue}: {each.detail}" for each in of_one] for name, of_one in found.items()}, sys.stdout)
"""


@pytest.fixture(scope="module")
def analyze(linters: Path) -> Analyze:
    def run(policies: Mapping[str, str]) -> dict[str, list[str]]:
        command = [str(linters / "python"), "-W", "ignore", "-c", ANALYZE]
        done = subprocess.run(command, input=json.dumps(policies), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found: dict[str, list[str]] = json.loads(done.stdout)
        return {name: of_one for name, of_one in found.items() if of_one}

    return run


def policies(stack: Stack) -> Iterator[tuple[Resource, str]]:
    """Every policy of a stack: what a role may do, who may use a queue, a topic, a bucket."""
    for resource in resolved(stack):
        if "policy" in resource.values:
            yield resource, resource.values["policy"]


@pytest.fixture
def all_policies(synthesized: Synthesized) -> dict[str, str]:
    return {
        f"{lab}, {variant}: {resource.address}": text
        for lab, variant in CASES
        for resource, text in policies(synthesized(lab, variant))
    }


def test_parliament_finds_nothing(all_policies: dict[str, str], analyze: Analyze) -> None:
    kinds = {name.split(": ")[1].split(".")[0] for name in all_policies}
    assert kinds == {"aws_iam_role_policy", "aws_s3_bucket_policy", "aws_sns_topic", "aws_sqs_queue"}
    assert analyze(all_policies) == {}


def statement(**values: Any) -> str:
    right = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:123456789012:q"}
    return json.dumps({"Version": "2012-10-17", "Statement": [right | values]})


def test_wrong_policies_are_found(analyze: Analyze) -> None:
    wrong = {
        "UNKNOWN_ACTION": statement(Action="sqs:SendMesage"),
        "UNKNOWN_PREFIX": statement(Action="sqz:SendMessage"),
        "RESOURCE_MISMATCH": statement(Resource="arn:aws:sns:us-east-1:123456789012:q"),
        "INVALID_ARN": statement(Resource="arn:aws:sqs:us-east-1:123456789012/q"),
        "UNKNOWN_OPERATOR": statement(Condition={"Boole": {"aws:SecureTransport": "false"}}),
        "UNKNOWN_CONDITION_FOR_ACTION": statement(Condition={"StringEquals": {"s3:prefix": "a"}}),
    }
    found = analyze({"right": statement(), **wrong})
    assert {name: each[0].split(":")[0] for name, each in found.items()} == {name: name for name in wrong}
