"""Options from the context: types, checks, and all problems at once."""

import contextlib
from dataclasses import dataclass, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project import COMMON, ProjectError
from stacks.settings import Settings, option, read, schedule_expression


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
    assert "known: lab.enabled, lab.schedule, lab.shards, prefix, queue.head_start, region, role" in lines[-1]


@pytest.mark.parametrize("prefix", ["aws", "aws-lab", "ssm1", "xn--lab", "sthree-x"])
def test_prefixes_that_aws_keeps_for_itself(prefix: str) -> None:
    with pytest.raises(ProjectError, match=rf"prefix: must not begin with aws, ssm, .*not '{prefix}'"):
        read({}, {"prefix": prefix}, None)


@pytest.mark.parametrize("prefix", ["lab", "my-aws", "as", "saws", "x-ssm"])
def test_prefixes_that_aws_takes(prefix: str) -> None:
    assert read({}, {"prefix": prefix}, None).prefix == prefix


def test_cdktfs_own_keys_are_left_to_cdktf() -> None:
    read({}, {"excludeStackIdFromLogicalIds": "true", "allowSepCharsInLogicalIds": "true"}, None)


@pytest.mark.parametrize(
    "text",
    [
        *("rate(1 minute)", "rate(2 minutes)", "rate(1 day)", "rate(36 hours)", "cron(0 8 ? * MON-FRI *)"),
        # From the EventBridge User Guide, "Cron expressions reference".
        *("cron(0 10 * * ? *)", "cron(15 12 * * ? *)", "cron(0 8 1 * ? *)", "cron(0/15 * * * ? *)"),
        *("cron(0/10 * ? * MON-FRI *)", "cron(0/5 8-17 ? * MON-FRI *)", "cron(0/30 20-2 ? * MON-FRI *)"),
        *("cron(0 8 3W * ? *)", "cron(0 8 L * ? *)", "cron(0 8 ? * 3#2 *)", "cron(0 8 ? * FRIL *)"),
        *("cron(*/5 0,12 ? JAN,MAR-JUN 1-7 2026-2199)", "cron(0 8 ? jan sun 2026/2)", "cron(1,2,59 8 1-15/3 12 ? *)"),
    ],
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
        "cron(0 8 * * ? *",
        "cron(0 8 * * ? *) ",
    ],
)
def test_schedules_that_eventbridge_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="must be like"):
        schedule_expression(text)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("a-b 8 * * ? *", "its minutes must be 0-59, a list, a range or *, not a-b"),
        ("0/0 8 * * ? *", "its minutes must be 0-59, a list, a range or *, not 0/0"),
        ("61 8 * * ? *", "its minutes must be 0-59, a list, a range or *, not 61"),
        ("0/60 8 * * ? *", "not 0/60"),
        ("/5 8 * * ? *", "not /5"),
        ("-5 8 * * ? *", "not -5"),
        ("5- 8 * * ? *", "not 5-"),
        ("1,,2 8 * * ? *", "a range or *, not "),
        ("0 8 * * ? 2027-2026", "not 2027-2026"),
        ("\u0661 8 * * ? *", "not \u0661"),
        ("? 8 * * ? *", "its minutes must be"),
        ("0 24 * * ? *", "its hours must be 0-23"),
        ("0 8 32 * ? *", "its day of month must be 1-31"),
        ("0 8 0W * ? *", "its day of month must be 1-31"),
        ("0 8 3W,4W * ? *", "its day of month must be 1-31"),
        ("0 8 * 13 ? *", "its month must be 1-12 or JAN-DEC"),
        ("0 8 * JANUARY ? *", "its month must be 1-12 or JAN-DEC"),
        ("0 8 ? * 0 *", "its day of week must be 1-7 or SUN-SAT"),
        ("0 8 ? * 8L *", "its day of week must be 1-7 or SUN-SAT"),
        ("0 8 ? * FOO#2 *", "its day of week must be 1-7 or SUN-SAT"),
        ("0 8 ? * 3#6 *", "its day of week must be 1-7 or SUN-SAT"),
        ("0 8 ? * 3#1,6#3 *", "its day of week must be 1-7 or SUN-SAT"),
        ("0 8 * * ? 1969", "its year must be 1970-2199"),
        ("0 8 * * * *", "one of its day of month and day of week must be ?, and the other not"),
        ("0 8 1 * MON *", "one of its day of month and day of week must be ?, and the other not"),
        ("0 8 ? * ? *", "one of its day of month and day of week must be ?, and the other not"),
        ("0 8 * * ?", "it must have six fields: minutes, hours, day of month, month, day of week, year"),
    ],
)
def test_what_is_wrong_with_a_cron_expression_is_said(fields: str, problem: str) -> None:
    with pytest.raises(ProjectError) as error:
        read({"lab": Options}, {"lab.schedule": f"cron({fields})"}, None)
    (line,) = str(error.value).splitlines()
    assert problem in line and line.startswith("context lab.schedule: must be like rate(1 minute)")


@given(st.text("0123456789-*/,?LW#SUNMAR ", max_size=30))
def test_no_text_is_too_strange_for_a_schedule(text: str) -> None:
    with contextlib.suppress(ValueError):
        schedule_expression(f"cron({text})")


def test_the_tools_know_the_names_of_the_common_settings() -> None:
    """Those with a dot in them are not asked for: they may be a lab's."""
    names = {field.metadata["key"] or field.name for field in fields(Settings) if "check" in field.metadata}
    assert set(COMMON) == {name for name in names if "." not in name}
