"""What a deployment must keep to, checked in the synthesized stacks. All findings at once, a line each."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from kit import account_rules, safety_rules
from kit.synthesized import Resource, Stack


class Finding(NamedTuple):
    """A resource of a lab that breaks a rule, and why that matters."""

    lab: str
    resource: str
    rule: str
    why: str

    def __str__(self) -> str:
        return f"{self.lab}: {self.resource}: {self.rule}: {self.why}"


#: A rule yields what breaks it (a resource, or None for the stack as a whole) and why it matters.
Rule = Callable[[Stack], Iterator[tuple[Resource | None, str]]]

#: For the role that a student account has, whose owner can make no other.
ACCOUNT_RULES: tuple[Rule, ...] = (
    account_rules.no_iam,
    account_rules.region_allowed,
    account_rules.service_available,
    account_rules.no_reserved_concurrency,
    account_rules.within_limits,
)
#: For every target.
SAFETY_RULES: tuple[Rule, ...] = (
    safety_rules.bucket_private,
    safety_rules.encrypted,
    safety_rules.no_wildcard,
    safety_rules.policy_closed,
    safety_rules.function_timeout,
    safety_rules.log_retention,
    safety_rules.dead_letter_queue,
    safety_rules.visibility_timeout,
    safety_rules.stream_consumer,
)


def check(stacks: Sequence[Stack], role: str) -> list[Finding]:
    """Every finding in these stacks, for the role that they run as."""
    rules = (*(ACCOUNT_RULES if role == account_rules.ROLE else ()), *SAFETY_RULES)
    findings = [
        Finding(stack.lab, resource.address if resource else "the stack", rule.__name__.replace("_", "-"), why)
        for stack in stacks
        for rule in rules
        for resource, why in rule(stack)
    ]
    return sorted([*findings, *_collisions(stacks)])


def _collisions(stacks: Iterable[Stack]) -> Iterator[Finding]:
    """Two resources of a kind that would have the same name in the account: the second deployment fails, or takes over.

    AWS compares the names of most things as they are; buckets and tables of one account and region, too.
    """
    owners: dict[tuple[str, str], Resource] = {}
    for stack in stacks:
        for resource in stack.resources:
            if not _is_own_name(resource):
                continue
            first = owners.setdefault((resource.kind, str(resource.name)), resource)
            if first is not resource:
                why = f"{first.address} of {first.lab} has the name {resource.name}, too"
                yield Finding(stack.lab, resource.address, "name-unique", why)


def _is_own_name(resource: Resource) -> bool:
    """Whether its name is its own, and not that of what it belongs to (a policy's name is one within its role)."""
    if resource.name is None or re.match(r"\$\{aws_", resource.name):
        return False
    return not {"role", "function_name", "log_group_name", "bucket", "key"} & set(resource.values) or resource.kind in (
        "aws_lambda_function",
        "aws_s3_bucket",
    )
