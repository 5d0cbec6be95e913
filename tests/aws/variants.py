"""Which stacks are checked against AWS: every lab as it is, and with every option set to something else."""

import dataclasses
from collections.abc import Mapping

from main import LABS
from project import ContextValue
from stacks.lab import LabStack
from stacks.settings import Settings

Context = Mapping[str, ContextValue]

#: Options that exclude each other are in different ones.
VARIANTS: Mapping[str, Context] = {
    "as it is": {},
    "every option": {
        "prefix": "sixteen-letters0",  # names are as long as they can be
        "region": "us-west-2",
        "role": "dedicated",
        "accounts.type": "express",
        "accounts.email": "ana@example.org",
        "bus.archive_days": 30,
        "bus.schemas": True,
        "checkout.approval_above": 1,
        "clock.schedule": "cron(0 8 ? * MON-FRI *)",
        "clock.enabled": False,
        "clock.foo": "déjà vu",
        "fanout.email": "ana@example.org",
        "fanout.https": "https://example.org/x",
        "fanout.sms": "+33612345678",
        "orders.mode": "on-demand",
        "orders.retention_h": 168,
        "orders.enhanced_fan_out": "notifications,projection",
        "orders.email": "ana@example.org",
        "orders.stock": 0,
    },
    "the others": {
        "role": "dedicated",
        "queue.head_start": False,
        "workflow.logs": False,
        "fanout.fifo": True,
        "orders.shards": 2,
    },
}
#: Where Terraform keeps its state is no value that a resource of a lab has.
NOT_IN_RESOURCES = {"state"}


def options(lab: type[LabStack] | None = None) -> set[str]:
    """The context's keys that a lab has, or all have."""
    kind, prefix = (lab.Options, f"{lab.lab}.") if lab else (Settings, "")
    fields = [each for each in dataclasses.fields(kind) if "check" in each.metadata]
    return {f"{prefix}{each.metadata['key'] or each.name}" for each in fields} - NOT_IN_RESOURCES


#: Lab and variant, without those in which the lab is as it is elsewhere. The calculator has no options of its own, and
#: workflows without logs are seen in one lab.
CASES = [
    (lab.lab, variant)
    for lab in LABS
    for variant, context in VARIANTS.items()
    if variant == "as it is" or any(key.startswith(f"{lab.lab}.") for key in context)
] + [("calculator", "every option"), ("calculator", "the others"), ("accounts", "the others")]
