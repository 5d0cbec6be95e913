"""cfn-lint, which knows the schemas of CloudFormation and rules beyond them, has nothing against any lab.

It finds what AWS's models of its calls lack (test_service_models.py): limits of values that the API takes as text,
schedules, definitions of workflows, names of keys, what depends on each other, what has been withdrawn.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from kit.synthesized import Stack

from cloudformation import TYPES
from edits import edited
from kinds import KINDS
from variants import CASES

Synthesized = Callable[[str, str], Stack]
Lint = Callable[[Mapping[str, Stack]], set[tuple[str, str]]]


def test_every_kind_is_known() -> None:
    assert set(TYPES) == set(KINDS)


@pytest.mark.slow
def test_cfn_lint_finds_nothing(synthesized: Synthesized, lint: Lint) -> None:
    assert lint({f"{lab}, {variant}": synthesized(lab, variant) for lab, variant in CASES}) == set()


RULE, FUNCTION, QUEUE = "aws_cloudwatch_event_rule.", "aws_lambda_function.", "aws_sqs_queue.input"
MACHINE = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pas", "End": True}}})
#: Lab, resource, a wrong value, and cfn-lint's rule; the models know none of them.
WRONG: Mapping[str, tuple[str, str, dict[str, Any], str]] = {
    "time-out": ("clock", FUNCTION, {"timeout": 901}, "E3717"),
    "name of a function": ("clock", FUNCTION, {"function_name": "n" * 65}, "E3031"),
    "runtime withdrawn": ("clock", FUNCTION, {"runtime": "python3.6"}, "E2533"),
    "environment": ("clock", FUNCTION, {"environment": {"variables": {"foo": "x" * 5000}}}, "E3697"),
    "both days": ("clock", RULE, {"schedule_expression": "cron(0 8 * * * *)"}, "E3027"),
    "one minutes": ("clock", RULE, {"schedule_expression": "rate(1 minutes)"}, "E3027"),
    "visibility": ("calculator", QUEUE, {"visibility_timeout_seconds": 50_000}, "E3034"),
    "retention": ("calculator", QUEUE, {"message_retention_seconds": 10}, "E3034"),
    "effect": ("calculator", QUEUE, {"policy": '{"Statement": [{"Effect": "Alow"}]}'}, "E3512"),
    "taking on a role": (
        "calculator",
        "aws_iam_role.",
        {"assume_role_policy": '{"Statement": [{"Effect": "Alow"}]}'},
        "E3530",
    ),
    "days of logs": ("calculator", "aws_cloudwatch_log_group.", {"retention_in_days": 15}, "E3030"),
    "missing data": ("calculator", "aws_cloudwatch_metric_alarm.", {"treat_missing_data": "ok"}, "E3030"),
    "bucket": ("calculator", "aws_s3_bucket.", {"bucket": "Upper_Case"}, "E3031"),
    "key": ("accounts", "aws_dynamodb_table.", {"hash_key": "nobody"}, "E3039"),
    "state": ("accounts", "aws_sfn_state_machine.", {"definition": MACHINE}, "E3601"),
    "hours of a stream": ("orders", "aws_kinesis_stream.", {"retention_period": 9000}, "E3034"),
    "where to begin": ("orders", "aws_lambda_event_source_mapping.", {"starting_position": None}, "E3633"),
}


@pytest.mark.slow
def test_wrong_values_are_found(synthesized: Synthesized, lint: Lint) -> None:
    stacks = {
        name: edited(synthesized(lab, "every option"), address, **values)
        for name, (lab, address, values, _) in WRONG.items()
    }
    found = lint(stacks)
    rules = {name: {line.split()[0] for each, line in found if each == name} for name in WRONG}
    assert {name: rule for name, (*_, rule) in WRONG.items() if rule not in rules[name]} == {}, rules
