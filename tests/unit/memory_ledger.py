"""The saga's ledger in memory: the same promises as the table's, and a memory of every effect in its order."""

from decimal import Decimal

from saga import Move, Outcome, Record


class MemoryLedger:
    """Balances and records; `effects` are the (checkout id, step, status) of every write that moved a balance."""

    def __init__(self, **balances: int) -> None:
        self.balances = {name.replace("__", "#"): Decimal(amount) for name, amount in balances.items()}
        self.records: dict[tuple[str, str], Record] = {}
        self.effects: list[tuple[str, str, str]] = []

    def record(self, checkout_id: str, step: str) -> Record | None:
        return self.records.get((checkout_id, step))

    def write(self, checkout_id: str, step: str, record: Record, move: Move | None, *, after: str | None) -> Outcome:
        before = self.records.get((checkout_id, step))
        if (before.status if before else None) != after:
            return Outcome.CHANGED
        if move:
            amount = self.balances.get(move.balance, Decimal(0)) + move.by
            if amount < 0:
                return Outcome.SHORT
            self.balances[move.balance] = amount
            self.effects.append((checkout_id, step, record.status))
        self.records[checkout_id, step] = record
        return Outcome.WRITTEN
