"""Costs against sums done by hand, from the price table's own numbers."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit.cost_report import remarks
from kit.costs import Estimate, estimate, total
from kit.prices import TABLE, all_prices
from kit.synthesized import Resource, Stack, load

from project import ROOT

PRICES = all_prices("us-east-1")
REQUEST, RUN, GB_S, MONTH = 0.40e-6, 0.20e-6, 0.0000166667, 730

#: Five states: two of them are branches of another.
BRANCH = {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}}}
WORKFLOW = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Parallel", "Branches": [BRANCH, BRANCH], "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "D"}], "Default": "D"},
        "D": {"Type": "Succeed"},
    },
}


def stack(*resources: tuple[str, str, dict[str, Any]], lab: str = "x") -> Stack:
    return Stack(lab, "us-east-1", tuple(Resource(lab, kind, id, values) for kind, id, values in resources))


def cost(*resources: tuple[str, str, dict[str, Any]]) -> Estimate:
    return estimate(stack(*resources), PRICES)


def test_the_calculator_by_hand(synthesized: Callable[[str], Path]) -> None:
    """Two queues with three requests for each message, one function of 256 MB, 2 KB of logs, an alarm, polling."""
    (calculator,) = load(synthesized(""), "calculator")
    found = estimate(calculator, PRICES)
    message = 2 * 3 * REQUEST + RUN + 0.1 * 0.25 * GB_S + 2 / 1024**2 * 0.50
    assert found.usd_message == pytest.approx(message)
    assert found.usd_hour == pytest.approx(900 * REQUEST + 0.10 / MONTH)
    assert found.usd_month == pytest.approx(730 * 900 * REQUEST + 0.10)
    assert total([found], 10_000, 4) == pytest.approx(10_000 * message + 4 * found.usd_hour)
    assert found.running[0].what == "queue lab-calculator-input, polled by its consumer"


def test_a_schedule_costs_a_message_a_run(synthesized: Callable[[str], Path]) -> None:
    (clock,) = load(synthesized(""), "clock")
    found = estimate(clock, PRICES)
    assert found.usd_hour == pytest.approx(60 * found.usd_message + 0.10 / MONTH)
    rules = tuple(
        Resource(each.lab, each.kind, each.id, {**each.values, "state": "DISABLED"})
        if each.kind == "aws_cloudwatch_event_rule"
        else each
        for each in clock.resources
    )
    assert estimate(Stack("clock", clock.region, rules), PRICES).usd_hour == pytest.approx(0.10 / MONTH)


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("rate(1 minute)", 60),
        ("rate(5 minutes)", 12),
        ("rate(2 hours)", 0.5),
        ("rate(1 day)", 1 / 24),
        ("cron(0 8 ? * MON-FRI *)", 1 / 24),
        ("cron(0/15 * * * ? *)", 4),
        ("cron(*/10 8-17 * * ? *)", 60 / 24),
        ("cron(0,30 6,18 * * ? *)", 4 / 24),
    ],
)
def test_how_often_a_schedule_runs(expression: str, runs: float) -> None:
    rule = ("aws_cloudwatch_event_rule", "r", {"name": "r", "schedule_expression": expression})
    function = ("aws_lambda_function", "f", {"function_name": "f", "memory_size": 1024})
    assert cost(rule, function).usd_hour == pytest.approx(runs * (RUN + 0.1 * GB_S))


@pytest.mark.parametrize(
    ("kind", "values", "hour", "message"),
    [
        ("aws_kinesis_stream", {"shard_count": 3}, 3 * 0.015, 0.014e-6),
        ("aws_kinesis_stream", {"shard_count": 2, "retention_period": 48}, 2 * (0.015 + 0.020), 0.014e-6),
        ("aws_kinesis_stream", {"stream_mode_details": {"stream_mode": "ON_DEMAND"}}, 0.04, 0.08 / 1024**2),
        ("aws_kinesis_firehose_delivery_stream", {}, 0, 5 / 1024**2 * 0.029),
        ("aws_dynamodb_table", {"billing_mode": "PAY_PER_REQUEST"}, 0, 0.75e-6),
        ("aws_dynamodb_table", {"write_capacity": 5, "read_capacity": 5}, 5 * (0.00065 + 0.00013), 0),
        ("aws_sfn_state_machine", {"definition": json.dumps(WORKFLOW)}, 0, (5 + 1) * 25e-6),
        ("aws_sfn_state_machine", {"definition": json.dumps(WORKFLOW, separators=(",", ":"))}, 0, (5 + 1) * 25e-6),
        ("aws_sfn_state_machine", {"type": "EXPRESS"}, 0, 1e-6 + 0.0625 * 0.00001667),
        ("aws_sqs_queue", {"fifo_queue": True}, 0, 3 * 0.50e-6),
        ("aws_sns_topic", {}, 0, 0.5e-6),
        ("aws_kms_key", {}, 1 / MONTH, 0),
    ],
)
def test_resources_by_hand(kind: str, values: dict[str, Any], hour: float, message: float) -> None:
    found = cost((kind, "it", {"name": "it", **values}))
    assert found.usd_hour == pytest.approx(hour)
    assert found.usd_message == pytest.approx(message)


def test_no_lab_has_a_resource_without_a_price(labs: Callable[[str], list[Stack]]) -> None:
    for context in ("", "role=dedicated", "fanout.fifo=true bus.schemas=true accounts.type=express"):
        assert [each for lab in labs(context) for each in estimate(lab, PRICES).unknown] == []


def test_what_has_no_price_is_said_and_much_is_warned_of() -> None:
    broker = estimate(stack(("aws_mq_broker", "b", {})), PRICES)
    assert "not counted: aws_mq_broker.b: no price is known" in list(remarks([broker], PRICES))
    shard = estimate(stack(("aws_kinesis_stream", "s", {"name": "s"})), PRICES)
    lines = list(remarks([shard], PRICES))
    assert lines[0].startswith("costs on after the session ends, until destroyed: 10.95 USD a month: stream s: 1 shard")
    assert lines[1].startswith("warning: left running, this takes 22% of a budget of 50 USD in a month")
    assert not [line for line in remarks([shard], PRICES, budget=110) if line.startswith("warning")]


def test_the_table_says_its_date_and_a_page_for_each_service() -> None:
    table = json.loads(TABLE.read_text())
    assert set(table["regions"]) == {"us-east-1", "us-west-2"}
    for services in table["regions"].values():
        assert set(services) == set(table["source"])
    assert all(page.startswith("https://aws.amazon.com/") for page in table["source"].values())


def test_the_script(synthesized: Callable[[str], Path]) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "estimate_cost.py"), "all", "--out", str(synthesized(""))]
    done = subprocess.run([*command, "--messages", "100"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    labs = {line["lab"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert labs["clock"]["usd"] == pytest.approx(labs["clock"]["usd_message"] * 100 + labs["clock"]["usd_hour"] * 4)
    assert labs["cdktf_lambda"]["usd_hour"] == pytest.approx(900 * REQUEST) and labs["DynamoDBStack"]["usd"] == 0
    assert "costs on after the session ends" in done.stderr


@pytest.mark.parametrize("option", ["--messages=-1", "--hours=nan", "--hours=inf", "--budget=nan", "--budget=inf"])
def test_what_cannot_be_summed_is_refused(option: str) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "estimate_cost.py"), "all", option]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: --messages and --hours must be 0 or more, --budget above 0")
    assert done.stderr.count("\n") == 1
