"""Each stack as the Terraform JSON that it becomes; `pytest --snapshot-update` accepts a change after a look at it."""

from collections.abc import Callable
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from main import LABS
from stacks.calculator import CalculatorStack
from stacks.clock import ClockStack

Synth = Callable[..., Any]


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.lab)
def test_stack(lab: Any, synth: Synth, snapshot: SnapshotAssertion) -> None:
    assert synth(lab) == snapshot


def test_dedicated_roles(synth: Synth, snapshot: SnapshotAssertion) -> None:
    resources = synth(CalculatorStack, role="dedicated")["resource"]
    assert {kind: resources[kind] for kind in resources if kind.startswith("aws_iam")} == snapshot


def test_clock_options(synth: Synth, snapshot: SnapshotAssertion) -> None:
    options = {"clock__schedule": "cron(0 8 ? * MON-FRI *)", "clock__enabled": "false", "clock__foo": "baz"}
    resources = synth(ClockStack, **options)["resource"]
    rule, function = resources["aws_cloudwatch_event_rule"], resources["aws_lambda_function"]
    assert {"rule": rule, "environment": function["tell-time"]["environment"]} == snapshot
