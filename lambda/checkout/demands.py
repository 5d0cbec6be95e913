"""Failures on demand: an order may say which step fails and how, so that a student can watch what follows.

`{"fail_at": "pay", "how": "declined"}` declines the step; `"crash"` ends it with an error each time, after its effect;
`"slow"` makes it sleep beyond the time that the workflow gives it. `{"stuck_at": "refund"}` makes a compensation crash.
"""

from collections.abc import Callable, Mapping
from typing import Any

Sleep = Callable[[], None]


def decline_on_demand(order: Mapping[str, Any], step: str) -> str:
    """The reason to decline the step, or nothing."""
    return f"{step}: declined, as the order asks" if _asked(order, step, "declined") else ""


def wait_on_demand(order: Mapping[str, Any], step: str, sleep: Sleep) -> None:
    """Sleep longer than the step may take."""
    if _asked(order, step, "slow"):
        sleep()


def fail_on_demand(order: Mapping[str, Any], field: str, step: str) -> None:
    """Fail as a defect would. Raises RuntimeError, which is no answer: the workflow tries again, then compensates."""
    if order.get(field) == step and (field == "stuck_at" or order.get("how", "crash") == "crash"):
        raise RuntimeError(f"{step}: crashed, as the order asks")


def _asked(order: Mapping[str, Any], step: str, how: str) -> bool:
    return order.get("fail_at") == step and order.get("how", "crash") == how
