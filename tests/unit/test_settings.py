"""Options from the context: types, checks, and all problems at once."""

from dataclasses import dataclass

import pytest

from project import ProjectError
from stacks.settings import option, read, schedule_expression


@dataclass(frozen=True)
class Options:
    schedule: str = option("rate(1 minute)", schedule_expression)
    enabled: bool = option(True)
    shards: int = option(1)


def test_defaults_hold_where_the_context_is_silent() -> None:
    settings = read({"lab": Options}, {}, None)
    assert (settings.prefix, settings.region, settings.role) == ("lab", "us-east-1", "LabRole")
    assert settings.labs["lab"] == Options()


def test_text_and_json_values_become_the_type_of_the_default() -> None:
    text = read({"lab": Options}, {"lab.enabled": "false", "lab.shards": "2"}, None)
    json = read({"lab": Options}, {"lab.enabled": False, "lab.shards": 2}, None)
    assert text == json
    assert json.labs["lab"] == Options(enabled=False, shards=2)


def test_all_problems_are_reported_together_and_by_name() -> None:
    context = {
        "prefix": "Lab_1",
        "region": "France",
        "role": "arn:aws:iam::1:role/x",
        "lab.enabled": "yes",
        "lab.shards": "two",
        "lab.schedule": "every minute",
        "lab.shcedule": "rate(1 minute)",
    }
    with pytest.raises(ProjectError) as error:
        read({"lab": Options}, context, None)
    lines = str(error.value).splitlines()
    assert sorted(line.split(":")[0] for line in lines) == sorted(f"context {key}" for key in context)
    assert "known: lab.enabled, lab.schedule, lab.shards, prefix, region, role" in lines[-1]


def test_cdktfs_own_keys_are_left_to_cdktf() -> None:
    read({}, {"excludeStackIdFromLogicalIds": "true", "allowSepCharsInLogicalIds": "true"}, None)


@pytest.mark.parametrize(
    "text", ["rate(1 minute)", "rate(2 minutes)", "rate(1 day)", "rate(36 hours)", "cron(0 8 ? * MON-FRI *)"]
)
def test_schedules_that_eventbridge_takes(text: str) -> None:
    schedule_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 minute",
        "rate(1 minutes)",
        "rate(2 minute)",
        "rate(0 minutes)",
        "rate(1 second)",
        "cron(0 8 * * *)",
        "cron()",
    ],
)
def test_schedules_that_eventbridge_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="must be like"):
        schedule_expression(text)
