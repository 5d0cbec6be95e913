"""The project's settings and each lab's options: read from the context, checked, wrong ones reported together.

A lab declares its options as a frozen dataclass whose fields are made by `option`; their context keys are
`<lab>.<field>`. Nothing else has to be told about them.
"""

import dataclasses
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import project
from stacks import cron

#: Keys of cdktf's own in `context`; they are not ours to judge.
CDKTF_KEYS = {"excludeStackIdFromLogicalIds", "allowSepCharsInLogicalIds"}

#: What names of parameters (Systems Manager User Guide, "Parameter names": aws, ssm) and of buckets (Amazon S3 User
#: Guide, "General purpose bucket naming rules": the rest) must not begin with.
RESERVED = ("aws", "ssm", "xn--", "sthree-", "amzn-s3-demo-")

Check = Callable[[str], object]


def option(default: Any, check: Check | None = None, key: str = "") -> Any:
    """A dataclass field read from the context: its type is that of `default`, `check` raises ValueError.

    `key` is its name there, where that is not the field's.
    """
    return dataclasses.field(default=default, metadata={"check": check, "key": key})


def name_part(text: str) -> None:
    """Names end up in queue, function and bucket names: the common subset of what AWS allows in them."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,14}[a-z0-9]", text):
        raise ValueError("must be 2 to 16 lower-case letters, digits or dashes, beginning with a letter")
    if text.startswith(RESERVED):
        raise ValueError(f"must not begin with {', '.join(RESERVED)}, which AWS keeps for itself")


def region_name(text: str) -> None:
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", text):
        raise ValueError("is no AWS region, for example us-east-1")


def role_name(text: str) -> None:
    """IAM API reference, CreateRole: up to 64 letters, digits and +=,.@-_ ."""
    if not re.fullmatch(r"[\w+=,.@-]{1,64}", text, re.ASCII):
        raise ValueError("must be the name of an existing role, such as LabRole, or `dedicated`")


def one_line(text: str) -> None:
    if not text.isprintable():
        raise ValueError("must be one line of printable text")


def state_place(text: str) -> None:
    """S3 User Guide, "General purpose bucket naming rules"; empty means files in the project's folder."""
    if text and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w./-]*)?", text, re.ASCII):
        raise ValueError("must be like s3://bucket or s3://bucket/folder, or empty for files in this folder")


def email_or_none(text: str) -> None:
    if text and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", text):
        raise ValueError("must be an e-mail address")


def schedule_expression(text: str) -> None:
    """EventBridge User Guide, "Creating a rule that runs on a schedule": rate(value unit) or cron(6 fields)."""
    rate = re.fullmatch(r"rate\(([1-9]\d*) (minute|hour|day)(s?)\)", text)
    if rate and (rate[1] == "1") == (rate[3] == ""):
        return
    expected = "must be like rate(1 minute), rate(5 minutes) or cron(0 8 ? * MON-FRI *)"
    cron_fields = re.fullmatch(r"cron\(([^()]*)\)", text)
    if not cron_fields:
        raise ValueError(expected)
    if found := cron.problem(cron_fields[1]):
        raise ValueError(f"{expected}: {found}")


def between(least: int, most: int) -> Check:
    """A check for whole numbers."""

    def check(text: str) -> None:
        if not least <= int(text) <= most:
            raise ValueError(f"must be {least} to {most}")

    return check


def one_of(*choices: str) -> Check:
    """A check for one of these words."""

    def check(text: str) -> None:
        if text not in choices:
            raise ValueError(f"must be {' or '.join(choices)}")

    return check


@dataclass(frozen=True)
class NoOptions:
    """For a lab that has nothing to choose."""


@dataclass(frozen=True)
class Settings:
    """What holds for all labs, and the options of each."""

    prefix: str = option(project.DEFAULTS["prefix"], name_part)
    region: str = option(project.DEFAULTS["region"], region_name)
    #: `LabRole` (a student account cannot create roles), another existing role, or `dedicated`: one role per function.
    role: str = option(project.DEFAULTS["role"], role_name)
    #: Where Terraform keeps its state: empty for files in the project's folder, or s3://bucket/folder.
    state: str = option("", state_place)
    #: Whether dead-letter queues get a head start instead of being waited for (stacks/blocks/queue.py).
    queue_head_start: bool = option(True, key="queue.head_start")
    #: Whether workflows write logs, which their role must be allowed to deliver.
    workflow_logs: bool = option(True, key="workflow.logs")
    #: The endpoint in force instead of AWS.
    endpoint: str | None = None
    labs: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def load(options: Mapping[str, type]) -> Settings:
    """The settings of the project, from its context and the environment; `options` holds each lab's dataclass.

    Raises project.ProjectError with one line per wrong or unknown value, or when laptop and AWS are mixed: a synth
    sends nothing, but the deployment behind it would.
    """
    context = project.context()
    context["region"] = project.region(context)
    endpoint = project.endpoint()
    project.guard(endpoint, os.environ.get("AWS_ACCESS_KEY_ID"))
    return read(options, context, endpoint)


def read(options: Mapping[str, type], context: Mapping[str, project.ContextValue], endpoint: str | None) -> Settings:
    """The settings that `context` says, defaults elsewhere. Raises project.ProjectError as `load` does."""
    problems: list[str] = []
    known: set[str] = set(CDKTF_KEYS)
    common = _read(Settings, "", context, problems, known)
    labs = {lab: kind(**_read(kind, f"{lab}.", context, problems, known)) for lab, kind in options.items()}
    for key in sorted(set(context) - known):
        problems.append(f"context {key}: there is no such option; known: {', '.join(sorted(known - CDKTF_KEYS))}")
    if problems:
        raise project.ProjectError("\n".join(problems))
    return Settings(**common, endpoint=endpoint, labs=labs)


def _read(
    kind: type, prefix: str, context: Mapping[str, project.ContextValue], problems: list[str], known: set[str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        if "check" not in field.metadata:
            continue
        key = prefix + (field.metadata["key"] or field.name)
        known.add(key)
        try:
            values[field.name] = _value(context.get(key, field.default), field)
        except ValueError as error:
            problems.append(f"context {key}: {error}, not {str(context[key])!r}")
            values[field.name] = field.default
    return values


def _value(given: object, field: "dataclasses.Field[Any]") -> object:
    """`given` as the type of the field's default; text comes from LAB_CONTEXT, the rest from JSON."""
    if isinstance(field.default, bool):
        if str(given).lower() not in ("true", "false"):
            raise ValueError("must be true or false")
        return str(given).lower() == "true"
    if isinstance(field.default, int):
        if not re.fullmatch(r"\d+", str(given)):
            raise ValueError("must be a whole number")
        given = int(str(given))
    if field.metadata["check"]:
        field.metadata["check"](str(given))
    return given if isinstance(field.default, int) else str(given)
