"""The labs keep every rule; a stack that breaks one is refused, with lab, resource and rule, all at once."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit.rules import ACCOUNT_RULES, SAFETY_RULES, check
from kit.synthesized import Resource, Stack, load

from main import LABS
from project import ROOT

Synthesized = Callable[[str], Path]
Labs = Callable[[str], list[Stack]]
#: Every option that changes what a lab consists of.
CONTEXTS = {
    "as it is": "",
    "roles of their own": "role=dedicated",
    "options": "fanout.fifo=true bus.schemas=true accounts.type=express",
}


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_the_labs_keep_every_rule(labs: Labs, context: str) -> None:
    stacks = labs(context)
    assert {stack.lab for stack in stacks} == {lab.lab for lab in LABS}
    assert check(stacks, "dedicated" if "dedicated" in context else "LabRole") == []


def edited(stack: Stack, address: str, **values: Any) -> Stack:
    """The stack with other values of one resource; None takes a value away. A new address is a new resource."""
    kind, _, id = address.partition(".")
    old = next((each.values for each in stack.resources if each.address == address), {})
    merged = {key: value for key, value in {**old, **values}.items() if value is not None}
    rest = tuple(each for each in stack.resources if each.address != address)
    return Stack(stack.lab, stack.region, (*rest, Resource(stack.lab, kind, id, merged)))


def without(stack: Stack, kind: str) -> Stack:
    return Stack(stack.lab, stack.region, tuple(each for each in stack.resources if each.kind != kind))


def allow(action: str, resource: str, **more: str) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]})


INPUT, OUTPUT, FUNCTION = "aws_sqs_queue.input", "aws_sqs_queue.output", "aws_lambda_function.calculate"
MAPPING = "aws_lambda_event_source_mapping.input_event-source_B4ACE735"
STREAM = {"name": "s", "encryption_type": "KMS", "shard_count": 4}
READER = {"event_source_arn": "${aws_kinesis_stream.s.arn}", "function_name": "${aws_lambda_function.calculate.arn}"}
#: Edits of the calculator, and the findings that they must lead to: (resource, rule, the beginning of why).
BROKEN: list[tuple[list[Any], list[tuple[str, str, str]]]] = [
    ([("aws_iam_user.ana", {"name": "ana"})], [("aws_iam_user.ana", "no-iam", "the account lets nobody")]),
    ([("aws_msk_cluster.c", {})], [("aws_msk_cluster.c", "service-available", "the account does not have")]),
    ([("aws_mq_broker.b", {})], [("aws_mq_broker.b", "service-available", "the account does not have")]),
    (
        [(FUNCTION, {"reserved_concurrent_executions": 2})],
        [(FUNCTION, "no-reserved-concurrency", "the account refuses reserved_concurrent_executions")],
    ),
    ([(FUNCTION, {"memory_size": 4096})], [(FUNCTION, "within-limits", "memory_size is 4096, and the most is 3008")]),
    (
        [(MAPPING, {"scaling_config": {"maximum_concurrency": 11}})],
        [(MAPPING, "within-limits", "scaling_config.maximum_concurrency is 11, and the most is 10")],
    ),
    (
        [("aws_lambda_event_source_mapping.more", {"scaling_config": {"maximum_concurrency": 6}})],
        [("the stack", "within-limits", "its queues together would run 11 functions at a time, and the account about")],
    ),
    (
        [
            ("aws_kinesis_stream.s", STREAM | {"retention_period": 200}),
            ("aws_lambda_event_source_mapping.r", READER | {"parallelization_factor": 3}),
        ],
        [
            ("aws_kinesis_stream.s", "within-limits", "retention_period is 200"),
            ("aws_lambda_event_source_mapping.r", "stream-consumer", "a record that always fails"),
            ("aws_lambda_event_source_mapping.r", "within-limits", "it would run 12 functions at a time"),
        ],
    ),
    (
        [("aws_sqs_queue.twin", {"name": "lab-calculator-output", "kms_master_key_id": "alias/aws/sqs"})],
        [("aws_sqs_queue.twin", "name-unique", "aws_sqs_queue.output of calculator has the name lab-calculator-out")],
    ),
    (["aws_s3_bucket_public_access_block"], [("aws_s3_bucket.code*", "bucket-private", "it needs a public access")]),
    (
        ["aws_s3_bucket_server_side_encryption_configuration"],
        [("aws_s3_bucket.code*", "encrypted", "it has no server-side encryption")],
    ),
    (
        [("aws_s3_bucket_acl.a", {"acl": "public-read"})],
        [("aws_s3_bucket_acl.a", "bucket-private", "it makes the bucket public")],
    ),
    ([(OUTPUT, {"sqs_managed_sse_enabled": None})], [(OUTPUT, "encrypted", "it is not encrypted")]),
    ([("aws_sns_topic.t", {"name": "t"})], [("aws_sns_topic.t", "encrypted", "it is not encrypted")]),
    ([("aws_kinesis_stream.s", {"name": "s"})], [("aws_kinesis_stream.s", "encrypted", "it is not encrypted")]),
    (
        [("aws_kinesis_firehose_delivery_stream.d", {"name": "d"})],
        [("aws_kinesis_firehose_delivery_stream.d", "encrypted", "it is not encrypted")],
    ),
    (
        [(OUTPUT, {"policy": allow("sqs:SendMessage", "*", Principal="*")})],
        [(OUTPUT, "policy-closed", "its policy allows anybody")],
    ),
    (
        [("aws_lambda_permission.p", {"principal": "sns.amazonaws.com"})],
        [("aws_lambda_permission.p", "policy-closed", "the service may run it for other accounts")],
    ),
    (
        [("aws_lambda_function_url.u", {"authorization_type": "NONE"})],
        [("aws_lambda_function_url.u", "policy-closed", "anybody may call")],
    ),
    (
        [(FUNCTION, {"timeout": None})],
        [(FUNCTION, "function-timeout", "it has no timeout of its own")],
    ),
    (["aws_cloudwatch_log_group"], [(FUNCTION, "log-retention", "it has no log group /aws/lambda/lab-calculator-c")]),
    (
        [("aws_cloudwatch_log_group.more", {"name": "more"})],
        [("aws_cloudwatch_log_group.more", "log-retention", "it keeps logs for ever")],
    ),
    ([(INPUT, {"redrive_policy": None})], [(INPUT, "dead-letter-queue", "lab-calculator-calculate reads from it")]),
    (
        [("aws_cloudwatch_event_target.t", {"arn": "x"})],
        [("aws_cloudwatch_event_target.t", "dead-letter-queue", "an event that its target does not take")],
    ),
    (
        [(INPUT, {"visibility_timeout_seconds": 59})],
        [(INPUT, "visibility-timeout", "its visibility timeout is 59 s; 6 x the timeout of")],
    ),
    (
        [(INPUT, {"visibility_timeout_seconds": 59, "sqs_managed_sse_enabled": False}), ("aws_iam_role.r", {})],
        [
            ("aws_iam_role.r", "no-iam", "the account lets nobody"),
            (INPUT, "encrypted", "it is not encrypted"),
            (INPUT, "visibility-timeout", "its visibility timeout is 59 s"),
        ],
    ),
]


@pytest.mark.parametrize(("edits", "expected"), BROKEN, ids=[str(i) for i in range(len(BROKEN))])
def test_a_stack_that_breaks_rules(synthesized: Synthesized, edits: Any, expected: list[tuple[str, str, str]]) -> None:
    (stack,) = load(synthesized(""), "calculator")
    for edit in edits:
        stack = without(stack, edit) if isinstance(edit, str) else edited(stack, edit[0], **edit[1])
    findings = check([stack], "LabRole")
    assert len(findings) == len(expected), findings
    for finding, (resource, rule, why) in zip(findings, expected, strict=True):
        assert finding.lab == "calculator" and finding.rule == rule
        assert finding.resource.startswith(resource.rstrip("*")) and finding.why.startswith(why), finding


@pytest.mark.parametrize(
    ("address", "policy", "why"),
    [
        (
            "aws_iam_role_policy.x",
            allow("sqs:*", "arn:aws:sqs:us-east-1:1:q"),
            "it allows actions by a wildcard: sqs:*",
        ),
        ("aws_iam_role_policy.x", allow("sqs:SendMessage", "*"), "it allows sqs:SendMessage on everything"),
        ("aws_iam_role.x", allow("sts:AssumeRole", "*", Principal="*"), "anybody may take it on"),
    ],
)
def test_wildcards_in_a_dedicated_role(synthesized: Synthesized, address: str, policy: str, why: str) -> None:
    (stack,) = load(synthesized("role=dedicated"), "calculator")
    key = "assume_role_policy" if address.startswith("aws_iam_role.") else "policy"
    (finding,) = check([edited(stack, address, role="x", **{key: policy})], "dedicated")
    assert (finding.resource, finding.rule) == (address, "no-wildcard") and finding.why.startswith(why)


#: What each of the plain stacks breaks; what it leaves to Terraform or to the environment counts for neither.
PLAIN = {
    "cdktf_lambda": {"dead-letter-queue", "encrypted", "log-retention", "visibility-timeout"},
    "graded_lab": {"bucket-private", "encrypted", "function-timeout", "log-retention", "no-iam"},
    "DynamoDBStack": set(),
    "cdktf_serverless": {"dead-letter-queue", "encrypted"},
    "tp_server": {"service-available"},
}


@pytest.mark.parametrize(("stack", "broken"), PLAIN.items(), ids=PLAIN)
def test_a_plain_stack_is_checked_as_far_as_it_says_what_it_is(
    synthesized: Synthesized, stack: str, broken: set[str]
) -> None:
    assert {finding.rule for finding in check(load(synthesized(""), stack), "LabRole")} == broken


def test_a_region_that_the_account_has_not(synthesized: Synthesized) -> None:
    (stack,) = load(synthesized(""), "clock")
    elsewhere = Stack(stack.lab, "eu-west-3", stack.resources)
    (finding,) = check([elsewhere], "LabRole")
    assert str(finding).startswith(
        "clock: the stack: region-allowed: the account works in us-east-1 and us-west-2, not"
    )
    assert check([elsewhere], "dedicated") == []


def test_every_rule_has_been_seen_broken() -> None:
    seen = {rule for _, findings in BROKEN for _, rule, _ in findings} | {"region-allowed", "no-wildcard"}
    assert {rule.__name__.replace("_", "-") for rule in (*ACCOUNT_RULES, *SAFETY_RULES)} | {"name-unique"} == seen


def test_the_script_says_every_finding_and_fails(synthesized: Synthesized, tmp_path: Path) -> None:
    path = synthesized("") / "stacks" / "calculator" / "cdk.tf.json"
    copy = tmp_path / "stacks" / "calculator" / "cdk.tf.json"
    copy.parent.mkdir(parents=True)
    content = json.loads(path.read_text())
    content["resource"]["aws_sqs_queue"]["output"]["sqs_managed_sse_enabled"] = False
    content["resource"]["aws_lambda_function"]["calculate"]["reserved_concurrent_executions"] = 1
    copy.write_text(json.dumps(content))
    manifest = {"stacks": {"calculator": {"synthesizedStackPath": "stacks/calculator/cdk.tf.json"}}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    done = check_rules("--out", str(tmp_path))
    assert done.returncode == 1 and done.stderr == "error: 2 findings\n"
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["resource"], line["rule"]) for line in lines] == [
        (FUNCTION, "no-reserved-concurrency"),
        (OUTPUT, "encrypted"),
    ]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--out", "/nowhere"], "/nowhere holds no synthesized stacks: run `npx cdktf synth`"),
        (["nolab"], "there is no lab 'nolab'; there are "),
    ],
)
def test_what_cannot_be_checked(arguments: list[str], line: str) -> None:
    done = check_rules(*arguments)
    assert done.returncode == 2 and done.stderr.startswith(f"error: {line}") and done.stderr.count("\n") == 1


def check_rules(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "scripts" / "check_rules.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)
