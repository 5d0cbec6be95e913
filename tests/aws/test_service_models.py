"""Every value of every lab, as the calls of AWS's API that create its resources, against the models of the services.

What the models do not hold, others know: cfn-lint (test_cloudformation.py) most ranges and formats of values that the
API takes as text, the provider (test_plans.py) some lengths, parliament (test_policies.py) actions.
"""

from collections.abc import Callable
from typing import Any

import pytest

from kit.synthesized import Stack

import calls
from edits import edited, with_another
from main import LABS
from variants import CASES, VARIANTS, options

Synthesized = Callable[[str, str], Stack]


@pytest.mark.parametrize(("lab", "variant"), CASES)
def test_the_models_allow_every_value(synthesized: Synthesized, lab: str, variant: str) -> None:
    stack = synthesized(lab, variant)
    assert calls.findings(stack) == []
    assert calls.count(stack) > 2 * len(stack.resources)  # they were looked at


def test_the_variants_set_every_option() -> None:
    known = options().union(*map(options, LABS))
    assert known == {key for context in VARIANTS.values() for key in context}


RULE, FUNCTION = "aws_cloudwatch_event_rule.schedule", "aws_lambda_function.tell-time"
MAPPING, BUCKET = "aws_lambda_event_source_mapping.", "aws_s3_bucket.code"
#: A lab, a resource, a wrong value, and how the first finding begins.
WRONG: list[tuple[str, str, dict[str, Any], str]] = [
    ("clock", FUNCTION, {"runtime": "python3.99"}, "lambda.CreateFunction.Runtime: must be one of"),
    ("clock", FUNCTION, {"memory_size": 64}, "lambda.CreateFunction.MemorySize: must be 128 to"),
    ("clock", FUNCTION, {"memory_size": "much"}, "lambda.CreateFunction.MemorySize: must be a integer, not 'much'"),
    ("clock", FUNCTION, {"timeout": 0}, "lambda.CreateFunction.Timeout: must be 1 to"),
    ("clock", FUNCTION, {"handler": "a b"}, "lambda.CreateFunction.Handler: must match"),
    ("clock", FUNCTION, {"role": "LabRole"}, "lambda.CreateFunction.Role: must match arn:"),
    ("clock", FUNCTION, {"role": None}, "lambda.CreateFunction: Role is required"),
    ("clock", FUNCTION, {"environment": {"variables": {"A-B": ""}}}, "lambda.CreateFunction.Environment.Variables (n"),
    ("clock", RULE, {"name": "n" * 65}, "events.PutRule.Name: must be 1 to 64 long, not 65"),
    ("clock", RULE, {"state": "OFF"}, "events.PutRule.State: must be one of ENABLED"),
    ("calculator", MAPPING, {"scaling_config": {"maximum_concurrency": 1}}, "lambda.CreateEventSourceMapping.Scaling"),
    ("calculator", MAPPING, {"function_response_types": ["All"]}, "lambda.CreateEventSourceMapping.FunctionResponseT"),
    ("calculator", MAPPING, {"batch_size": 10001}, "lambda.CreateEventSourceMapping.BatchSize: must be 1 to 10000"),
    ("accounts", "aws_sfn_state_machine", {"name": "n" * 81}, "stepfunctions.CreateStateMachine.name: must be 1 to 80"),
    ("accounts", "aws_sfn_state_machine", {"type": "FAST"}, "stepfunctions.CreateStateMachine.type: must be one of"),
    ("accounts", "aws_dynamodb_table", {"attribute": [{"name": "a", "type": "X"}]}, "dynamodb.CreateTable.AttributeDe"),
    (
        "bus",
        "aws_cloudwatch_event_archive.",
        {"retention_days": 2**31},
        "events.CreateArchive.RetentionDays: must have 32",
    ),
    ("orders", "aws_kinesis_stream.", {"shard_count": 0}, "kinesis.CreateStream.ShardCount: must be 1 to"),
    ("orders", "aws_kinesis_stream.", {"encryption_type": "AES"}, "kinesis.StartStreamEncryption.EncryptionType: mus"),
    ("orders", "aws_cloudwatch_log_group", {"name": "a b"}, "logs.CreateLogGroup.logGroupName: must match"),
    ("orders", "aws_ssm_parameter", {"type": "Text"}, "ssm.PutParameter.Type: must be one of"),
]


@pytest.mark.parametrize(("lab", "address", "values", "words"), WRONG, ids=[each[3][:60] for each in WRONG])
def test_a_wrong_value_is_found(
    synthesized: Synthesized, lab: str, address: str, values: dict[str, Any], words: str
) -> None:
    found = [line.split(": ", 2)[2] for line in calls.findings(edited(synthesized(lab, "as it is"), address, **values))]
    assert found and found[0].startswith(words), found


def test_what_the_models_do_not_know_is_left_to_others(synthesized: Synthesized) -> None:
    """When it finds one of these, the test that is named there is not needed for it any more."""
    clock, calculator = synthesized("clock", "as it is"), synthesized("calculator", "as it is")
    for stack, address, values in (
        (clock, FUNCTION, {"timeout": 901}),  # test_cloudformation.py: the model has 5,400 s, for managed instances
        (clock, RULE, {"schedule_expression": "cron(0 8 * * * *)"}),  # test_cloudformation.py, stacks/cron.py
        (clock, FUNCTION, {"function_name": "n" * 65}),  # test_plans.py
        (calculator, "aws_sqs_queue.input", {"visibility_timeout_seconds": 50_000}),  # both: the API takes text
        (calculator, "aws_sqs_queue.input", {"name": "n" * 81}),  # test_plans.py
    ):
        assert calls.findings(edited(stack, address, **values)) == [], address


def test_what_has_no_mapping_is_said(synthesized: Synthesized) -> None:
    clock = synthesized("clock", "as it is")
    assert calls.findings(with_another(clock, "aws_mq_broker", "b", broker_name="b")) == [
        "clock: aws_mq_broker.b: no call is known that makes it: add its kind to tests/aws/kinds.py"
    ]
    assert calls.findings(edited(clock, FUNCTION, ephemeral={"gigabytes": [1]})) == [
        "clock: aws_lambda_function.tell-time: ephemeral.gigabytes: no parameter is known that it becomes: "
        "add it to tests/aws/kinds.py"
    ]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("${aws_sqs_queue.nobody.url}", "clock has no aws_sqs_queue.nobody"),
        ("${aws_sqs_queue.output.next_rotation}", "what AWS makes of it is not known: add it to tests/aws/kinds.py"),
        ('${format("%s", 1)}', "Terraform works it out; what AWS gets is not known here"),
    ],
)
def test_a_reference_that_leads_nowhere_is_said(synthesized: Synthesized, reference: str, words: str) -> None:
    stack = edited(synthesized("clock", "as it is"), FUNCTION, description=reference)
    with pytest.raises(LookupError, match=words):
        calls.findings(stack)
