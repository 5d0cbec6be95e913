"""Terraform plans every lab with the real provider, whose code checks values alone and against each other.

Nothing is sent: the credentials are nobody's, the endpoint is dead, and the one question that a plan asks, for the
number of the account, is answered beforehand. The provider checks each value first (its schema), and plans when all of
them are right (CustomizeDiff); so wrong values of both sorts need a plan each.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kit import toolchain
from kit.synthesized import Stack

from edits import edited
from resolved import ACCOUNT
from variants import CASES

Synthesized = Callable[[str, str], Stack]
Plan = Callable[[Mapping[str, Stack]], tuple[int, set[str]]]

pytestmark = pytest.mark.slow

CALLER = "${data.aws_caller_identity.caller.account_id}"
#: The access key id of AWS's documentation. The emulator's would be refused on the way to what is no emulator.
NOBODY = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "nobody"}
NOWHERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}


@pytest.fixture
def plan(tmp_path: Path, folder_of: Callable[[str, Any], Path]) -> Plan:
    """Plans stacks, as modules of one configuration: how many resources it would add, and its errors."""
    environment = {**toolchain.clean(os.environ, local=True), **toolchain.environment(), **NOBODY, **NOWHERE}
    lab = json.loads((folder_of("clock", frozenset()) / "stacks" / "clock" / "cdk.tf.json").read_text())

    def terraform(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [toolchain.terraform(), arguments[0], "-input=false", "-no-color", *arguments[1:]]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    def run(stacks: Mapping[str, Stack]) -> tuple[int, set[str]]:
        for name, stack in stacks.items():
            (tmp_path / name).mkdir()
            (tmp_path / name / "main.tf.json").write_text(json.dumps({"resource": _resources(stack)}))
        configuration = {
            "terraform": {"required_providers": lab["terraform"]["required_providers"]},
            "provider": {
                "aws": {
                    **{key: value for key, value in lab["provider"]["aws"][0].items() if key == "default_tags"},
                    "region": "us-east-1",
                    "skip_credentials_validation": True,
                    "skip_requesting_account_id": True,
                }
            },
            "module": {name: {"source": f"./{name}"} for name in stacks},
        }
        (tmp_path / "main.tf.json").write_text(json.dumps(configuration))
        begun = terraform("init")
        assert begun.returncode == 0, begun.stderr
        lines = list(map(json.loads, terraform("plan", "-json", "-refresh=false").stdout.splitlines()))
        (added,) = [each["changes"]["add"] for each in lines if each["type"] == "change_summary"] or [0]
        return added, set(_errors(lines))

    return run


def _resources(stack: Stack) -> dict[str, dict[str, Any]]:
    """The resources as Terraform reads them, with the number of the account in them."""
    by_kind: dict[str, dict[str, Any]] = {}
    for each in stack.resources:
        values = json.loads(json.dumps(each.values).replace(CALLER, ACCOUNT))
        by_kind.setdefault(each.kind, {})[each.id] = values
    return by_kind


def _errors(lines: list[dict[str, Any]]) -> Iterator[str]:
    """Every error as one line, with where it is."""
    for each in lines:
        if each["@level"] == "error":
            found = each.get("diagnostic", {})
            place = found.get("address") or found.get("range", {}).get("filename", "")
            yield " ".join(f"{place}: {found.get('summary')} {found.get('detail')}".split())


def test_every_lab_is_planned(synthesized: Synthesized, plan: Plan) -> None:
    stacks = {f"{lab}-{variant.replace(' ', '-')}": synthesized(lab, variant) for lab, variant in CASES}
    added, errors = plan(stacks)
    assert errors == set()
    assert added == sum(len(stack.resources) for stack in stacks.values())


#: Lab, resource, and a value that the provider's schema refuses.
ALONE = {
    "policy": ("calculator", "aws_sqs_queue.output", {"policy": '{"Statement": '}),
    "visibility": ("calculator", "aws_sqs_queue.input", {"visibility_timeout_seconds": 50_000}),
    "protocol": ("fanout", "aws_sns_topic_subscription.", {"protocol": "fax"}),
}
#: Values that are right alone, and wrong together.
TOGETHER = {
    "queue-name": ("calculator", "aws_sqs_queue.input", {"name": "n" * 81}),
    "fifo-name": ("calculator", "aws_sqs_queue.input", {"fifo_queue": True}),
    "shards": ("orders", "aws_kinesis_stream.", {"stream_mode_details": {"stream_mode": "ON_DEMAND"}}),
    "key": ("accounts", "aws_dynamodb_table.", {"hash_key": "nobody"}),
}


@pytest.mark.parametrize("wrong", [ALONE, TOGETHER], ids=["alone", "together"])
def test_wrong_values_are_found(synthesized: Synthesized, plan: Plan, wrong: dict[str, Any]) -> None:
    stacks = {
        name: edited(synthesized(lab, "as it is"), address, **values) for name, (lab, address, values) in wrong.items()
    }
    _, errors = plan(stacks)
    assert sorted(error.split(".")[1] for error in errors) == sorted(wrong), errors
