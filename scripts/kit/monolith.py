"""A monolith that keeps its orders in a database of its own, and two ways to get its events on a stream as well.

Dual write: the order is saved, then the event is put on the stream. A crash in between loses the event for good, and
nobody notices. Outbox: the order and its event are saved in one transaction, and a relay puts the events on the stream
until each is known to be there. A crash then makes an event come twice at worst, which consumers do not mind.
(microservices.io, "Transactional outbox"; AWS Prescriptive Guidance, "Transactional outbox pattern".)
"""

import random
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

#: Events that the relay takes from the outbox at a time.
RELAYED = 100


class Crash(Exception):
    """The process ends here, between two steps; what was not committed is gone."""


class Waiting(NamedTuple):
    """An event in the outbox."""

    number: int
    key: str
    body: str


class Database:
    """The old store: orders, and the outbox beside them."""

    def __init__(self, path: Path | str) -> None:
        self._connection = sqlite3.connect(path)
        # What is committed survives the process at once, and the machine a moment later.
        self._connection.execute("PRAGMA synchronous = OFF")
        with self._connection:
            self._connection.execute("CREATE TABLE IF NOT EXISTS orders (order_id TEXT PRIMARY KEY, status TEXT)")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS outbox (number INTEGER PRIMARY KEY, key TEXT NOT NULL, body TEXT NOT NULL)"
            )

    def save(self, order_id: str, status: str, body: str | None = None) -> None:
        """Save an order; with an event, both in one transaction."""
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO orders VALUES (?, ?)", (order_id, status))
            if body is not None:
                self._connection.execute("INSERT INTO outbox (key, body) VALUES (?, ?)", (order_id, body))

    def waiting(self) -> list[Waiting]:
        """The oldest events that are not known to be on the stream, in the order in which they were saved."""
        rows = self._connection.execute("SELECT number, key, body FROM outbox ORDER BY number LIMIT ?", (RELAYED,))
        return [Waiting(*row) for row in rows]

    def relayed(self, numbers: Sequence[int]) -> None:
        """Forget events that are on the stream."""
        with self._connection:
            self._connection.executemany("DELETE FROM outbox WHERE number = ?", [(number,) for number in numbers])

    def status(self, order_id: str) -> str | None:
        """The status of an order, or None."""
        row = self._connection.execute("SELECT status FROM orders WHERE order_id = ?", (order_id,)).fetchone()
        return row[0] if row else None

    def orders(self) -> dict[str, str]:
        """The status of every order."""
        return dict(self._connection.execute("SELECT order_id, status FROM orders"))


#: Puts events on the stream, in order per key; returns the numbers of those that are there.
Publish = Callable[[Sequence[Waiting]], list[int]]


class Crashes:
    """Decides by lot, at each point where a process may end, whether it does."""

    def __init__(self, share: float, seed: int | None = None) -> None:
        self._dice = random.Random(seed)
        self._share = share
        self.count = 0

    def maybe(self) -> None:
        """Raises Crash, or does nothing."""
        if self._dice.random() < self._share:
            self.count += 1
            raise Crash


def dual_write(database: Database, publish: Publish, crashes: Crashes, event: Waiting, status: str) -> None:
    """Write twice, as it is written first. Raises Crash."""
    database.save(event.key, status)
    crashes.maybe()
    publish([event])


def write_with_outbox(database: Database, crashes: Crashes, event: Waiting, status: str) -> None:
    """Write once. Raises Crash."""
    crashes.maybe()
    database.save(event.key, status, event.body)
    crashes.maybe()


def relay(database: Database, publish: Publish, crashes: Crashes) -> None:
    """Put on the stream what waits in the outbox; to be run again and again, by one process at a time. Raises Crash."""
    while events := database.waiting():
        numbers = publish(events)
        crashes.maybe()
        database.relayed(numbers)
