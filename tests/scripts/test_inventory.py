"""Which names are of which lab, and which ARNs of which kind."""

import pytest

from kit.inventory import LABS, lab_of
from kit.listings import KINDS, kind_of
from kit.removal import DELETE

from main import LABS as STACKS


@pytest.mark.parametrize(
    ("name", "lab"),
    [
        ("lab-calculator-input", "calculator"),
        ("http://127.0.0.1:4566/000000000000/lab-fanout-audit-queue", "fanout"),
        ("/aws/lambda/lab-clock-tell-time", "clock"),
        ("/lab/checkout/output", "checkout"),
        ("lab-bus-events", "bus"),
        ("lab-input-queue", None),  # the course's own
        ("lab-calculators-input", None),
        ("ana-calculator-input", None),
        ("my-lab-calculator-input", None),
        ("lab", None),
    ],
)
def test_the_lab_of_a_name(name: str, lab: str | None) -> None:
    assert lab_of(name, "lab") == lab


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("lambda", "/aws/lambda/lambda-clock-tell-time"),
        ("aws", "/aws/lambda/aws-clock-tell-time"),
        ("states", "/aws/vendedlogs/states/states-clock-workflow"),
        ("lambda", "/lambda/clock/output"),
    ],
)
def test_a_prefix_may_be_a_word_of_aws(prefix: str, name: str) -> None:
    assert lab_of(name, prefix) == "clock"


@pytest.mark.parametrize(
    ("arn", "kind", "name"),
    [
        ("arn:aws:sqs:us-east-1:1:lab-clock-output", "queue", "lab-clock-output"),
        ("arn:aws:lambda:us-east-1:1:function:lab-clock-tell-time", "function", "lab-clock-tell-time"),
        ("arn:aws:lambda:us-east-1:1:event-source-mapping:6ef3", "event source", "6ef3"),
        ("arn:aws:events:us-east-1:1:rule/lab-bus-events/lab-bus-by-item", "rule", "lab-bus-by-item"),
        ("arn:aws:events:us-east-1:1:rule/lab-clock-schedule", "rule", "lab-clock-schedule"),
        ("arn:aws:s3:::lab-clock-code-1-us-east-1", "bucket", "lab-clock-code-1-us-east-1"),
        ("arn:aws:ssm:us-east-1:1:parameter/lab/clock/output", "parameter", "/lab/clock/output"),
        ("arn:aws:logs:us-east-1:1:log-group:/aws/lambda/lab-x", "log group", "/aws/lambda/lab-x"),
        ("arn:aws:iam::1:role/lab-clock-tell-time", "role", "lab-clock-tell-time"),
        ("arn:aws:kinesis:us-east-1:1:stream/lab-orders-events/consumer/x:1", "stream", "lab-orders-events"),
        ("arn:aws:apigateway:us-east-1::/apis/abc", "other", "arn:aws:apigateway:us-east-1::/apis/abc"),
    ],
)
def test_the_kind_of_an_arn(arn: str, kind: str, name: str) -> None:
    assert kind_of(arn) == (kind, name)


def test_the_labs_and_kinds_are_complete() -> None:
    assert set(LABS) == {lab.lab for lab in STACKS}
    assert {kind.word for kind in KINDS} == set(DELETE)
