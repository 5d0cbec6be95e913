"""The steps of a checkout and their compensations: each has its effect once, however often it is asked for it.

A step moves a balance and leaves a record, in one transaction. The record is what makes it idempotent, by (checkout id,
step): a step that is asked again answers from it. A compensation of a step that has no record leaves one, too, so that
a step which comes late, after its time was up and it was compensated, has no effect any more. Knows nothing of AWS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple, Protocol

from demands import Sleep, decline_on_demand, fail_on_demand, wait_on_demand

Order = Mapping[str, Any]
Answer = dict[str, str]


class Move(NamedTuple):
    """A balance, and by how much it changes. No balance goes below zero."""

    balance: str
    by: Decimal


class Record(NamedTuple):
    """What became of a step: `done`, `declined` (it never had an effect) or `undone` (it has none any more)."""

    status: str
    reason: str = ""


class Outcome(Enum):
    """What became of a transaction that the ledger was asked for."""

    WRITTEN = "all of it"
    CHANGED = "nothing: the record is not as expected, somebody else wrote it"
    SHORT = "nothing: the balance would go below zero"


class Ledger(Protocol):
    """Where balances and records are kept. What fails for a moment raises, and may be asked again."""

    def record(self, checkout_id: str, step: str) -> Record | None:
        """The latest record of a step."""
        ...

    def write(self, checkout_id: str, step: str, record: Record, move: Move | None, *, after: str | None) -> Outcome:
        """Write the record and move the balance, both or neither, if the step's status is still `after`."""
        ...


@dataclass(frozen=True)
class Step:
    """A step by its name, its compensation's name, and its effect."""

    name: str
    compensation: str
    move: Callable[[Order], Move]


RESERVE = Step("reserve", "release", lambda order: Move(f"stock#{order['item']}", -Decimal(str(order["quantity"]))))
PAY = Step("pay", "refund", lambda order: Move(f"paid#{order['customer']}", Decimal(str(order["total"]))))
SHIP = Step("ship", "cancel", lambda order: Move(f"shipped#{order['customer']}", Decimal(str(order["quantity"]))))


def perform(step: Step, event: Mapping[str, Any], ledger: Ledger, sleep: Sleep) -> Answer:
    """Do what the event asks for: the step, or its compensation, of one checkout."""
    checkout_id, order = event["checkout_id"], event["order"]
    if event["step"] == step.compensation:
        fail_on_demand(order, "stuck_at", step.compensation)
        return undo(step, checkout_id, order, ledger)
    wait_on_demand(order, step.name, sleep)
    answer = do(step, checkout_id, order, ledger, decline_on_demand(order, step.name))
    fail_on_demand(order, "fail_at", step.name)  # when its work is done: the worst moment
    return answer


def do(step: Step, checkout_id: str, order: Order, ledger: Ledger, declined: str = "") -> Answer:
    """Have the step's effect, unless it is declined, or was undone before it came."""
    while not (record := ledger.record(checkout_id, step.name)):
        if declined:
            ledger.write(checkout_id, step.name, Record("declined", declined), None, after=None)
            continue
        move = step.move(order)
        if ledger.write(checkout_id, step.name, Record("done"), move, after=None) is Outcome.SHORT:
            declined = f"{step.name}: not enough left of {move.balance}"
    if record.status == "undone":
        return {"status": "declined", "reason": f"{step.name}: was undone before"}
    return {"status": record.status, "reason": record.reason}


def undo(step: Step, checkout_id: str, order: Order, ledger: Ledger) -> Answer:
    """Take the step's effect back, if it had one; afterwards it cannot have one any more."""
    outcome = Outcome.CHANGED
    while outcome is Outcome.CHANGED:
        record = ledger.record(checkout_id, step.name)
        if record and record.status != "done":
            return {"status": record.status, "reason": record.reason}
        move = step.move(order)
        back = Move(move.balance, -move.by) if record else None
        after = record.status if record else None
        outcome = ledger.write(checkout_id, step.name, Record("undone"), back, after=after)
    if outcome is Outcome.SHORT:
        raise RuntimeError(
            f"{step.compensation}: {step.move(order).balance} holds less than what {step.name} put there"
        )
    return {"status": "undone", "reason": ""}
