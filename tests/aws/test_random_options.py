"""Whatever the options are: what synthesizes is what AWS takes, and the rest is refused by name before.

The values are drawn from all that an option may be, its limits and what lies beyond them included; always the same
ones, so that a failure is nobody's bad luck. `--hypothesis-seed=random` and more examples look further.
"""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.synthesized import Stack, load

import calls
from edits import with_another
from main import LABS
from project import ProjectError
from stacks.bus import BusStack
from stacks.clock import ClockStack
from stacks.lab import LabStack
from stacks.settings import schedule_expression
from variants import options

Folder = Callable[[str, frozenset[tuple[str, Any]]], Path]
Lint = Callable[[Mapping[str, Stack]], set[tuple[str, str]]]


def number_or(*words: str) -> st.SearchStrategy[str]:
    """One part of an item of a cron field: a number, or one of these."""
    return st.one_of(st.integers(0, 61).map(str), st.sampled_from(words))


def cron_field(*words: str) -> st.SearchStrategy[str]:
    part = number_or(*words)
    item = st.one_of(
        part, st.tuples(part, st.sampled_from("-/#"), part).map("".join), part.map(lambda each: f"{each}L")
    )
    return st.one_of(st.just("*"), st.just("?"), part, st.lists(item, min_size=1, max_size=3).map(",".join))


MINUTES = HOURS = cron_field("*", "0")
DAYS, WEEKDAYS = cron_field("*", "L", "15W", "LW"), cron_field("*", "MON", "FRI", "SUN", "6#3", "2L")
MONTHS, YEARS = cron_field("*", "JAN", "DEC"), cron_field("*", "1970", "2025", "2199")
CRONS = st.tuples(MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS, YEARS).map(lambda fields: f"cron({' '.join(fields)})")
#: Those in which only the days are unusual are taken more often.
DAYS_ONLY = st.tuples(DAYS, MONTHS, WEEKDAYS).map(lambda fields: f"cron(0 8 {' '.join(fields)} *)")
RATES = st.tuples(st.integers(0, 10**6), st.sampled_from(["minute", "minutes", "hour", "hours", "days"])).map(
    lambda rate: f"rate({rate[0]} {rate[1]})"
)
EMAILS = st.one_of(st.just(""), st.emails())
TRUTH = st.booleans()
#: As long in bytes as here, or up to four times as long.
LONG = st.tuples(st.sampled_from("aé😀"), st.sampled_from([0, 1000, 3000, 4096])).map(lambda each: each[0] * each[1])

VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "prefix": st.from_regex(r"[a-z][a-z0-9-]{0,15}[a-z0-9]?", fullmatch=True),
    # Not of other partitions: cfn-lint knows no ARN of them in the definition of a workflow.
    "region": st.sampled_from(["us-east-1", "us-west-2", "eu-west-3", "ap-southeast-2"]),
    "role": st.one_of(st.just("dedicated"), st.from_regex(r"[A-Za-z0-9_+=,.@-]{1,65}", fullmatch=True)),
    "queue.head_start": TRUTH,
    "workflow.logs": TRUTH,
    "accounts.type": st.sampled_from(["standard", "express"]),
    "accounts.email": EMAILS,
    "bus.archive_days": st.one_of(st.integers(0, 10**4), st.sampled_from([2**31 - 1, 2**31, 2**63])),
    "bus.schemas": TRUTH,
    "checkout.approval_above": st.integers(0, 10**20),
    "clock.schedule": st.sampled_from(["rate(1 minute)", "rate(1 minutes)", "cron(0 8 ? * MON-FRI *)"]),
    "clock.enabled": TRUTH,
    "clock.foo": st.one_of(st.text(), LONG),
    "fanout.fifo": TRUTH,
    "fanout.email": EMAILS,
    "fanout.https": st.one_of(st.just(""), st.from_regex(r"https?://[a-z]{1,9}(:\d+)?/?[!-~]{0,90}", fullmatch=True)),
    "fanout.sms": st.one_of(st.just(""), st.from_regex(r"\+?[0-9]{5,16}", fullmatch=True)),
    "orders.mode": st.sampled_from(["provisioned", "on-demand"]),
    "orders.shards": st.one_of(st.just(1), st.integers(0, 501)),
    "orders.retention_h": st.integers(23, 169),
    "orders.enhanced_fan_out": st.lists(st.sampled_from(["notifications", "inventory", "projection"])).map(",".join),
    "orders.email": EMAILS,
    "orders.stock": st.integers(0, 10**9 + 1),
}


def looked_at(folder_of: Folder, lab: type[LabStack], examples: int) -> list[Stack]:
    """The stacks of a lab that were synthesized, each after AWS's models had nothing against it."""
    stacks: list[Stack] = []
    own = {name: VALUES[name] for name in sorted(options(lab))}
    common = {name: VALUES[name] for name in sorted(options())}

    @settings(max_examples=examples, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.fixed_dictionaries(own, optional=common))
    def look(context: dict[str, Any]) -> None:
        try:
            (stack,) = load(folder_of(lab.lab, frozenset(context.items())))
        except ProjectError as error:
            assert any(name in str(error) for name in context)  # which option is wrong
            return
        assert calls.findings(stack) == []
        stacks.append(stack)

    look()
    return stacks


def test_every_option_has_values() -> None:
    assert set(VALUES) == options().union(*map(options, LABS))


@pytest.mark.parametrize("lab", [ClockStack, BusStack], ids=lambda lab: lab.lab)
def test_what_synthesizes_is_allowed_by_the_models(folder_of: Folder, lab: type[LabStack]) -> None:
    assert looked_at(folder_of, lab, examples=6)


@pytest.mark.slow
@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.lab)
def test_what_synthesizes_is_allowed_by_all(folder_of: Folder, lint: Lint, lab: type[LabStack]) -> None:
    stacks = looked_at(folder_of, lab, examples=20)
    assert len(stacks) >= 5
    assert lint({str(number): stack for number, stack in enumerate(stacks)}) == set()


@pytest.mark.slow
def test_every_schedule_that_is_taken_is_allowed(synthesized: Callable[[str, str], Stack], lint: Lint) -> None:
    """A thousand drawn; those that the option takes are the rules of one stack."""
    taken: set[str] = set()

    @settings(max_examples=1000, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(RATES, CRONS, DAYS_ONLY))
    def draw(schedule: str) -> None:
        with contextlib.suppress(ValueError):
            schedule_expression(schedule)
            taken.add(schedule)

    draw()
    stack = synthesized("clock", "as it is")
    for number, schedule in enumerate(sorted(taken)):
        stack = with_another(
            stack, "aws_cloudwatch_event_rule", f"r{number}", name=f"r{number}", schedule_expression=schedule
        )
    assert len(taken) > 50
    assert lint({"schedules": stack}) == set()
