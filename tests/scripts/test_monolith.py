"""Writing twice loses events when the process ends in between; with an outbox none is lost, wherever it ends."""

import contextlib
from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from kit.monolith import RELAYED, Crash, Crashes, Database, Waiting, dual_write, relay, write_with_outbox

STATUSES = ("PENDING", "PAID", "SHIPPED")


class Script(Crashes):
    """Crashes where it is told to."""

    def __init__(self, ends: Sequence[bool]) -> None:
        super().__init__(0)
        self._ends = list(ends)

    def maybe(self) -> None:
        if self._ends and self._ends.pop(0):
            self.count += 1
            raise Crash


def work(write: Callable[[Database, Waiting, str], None], orders: int) -> Database:
    """Customers who ask again until they are told that it is done."""
    database = Database(":memory:")
    for status in STATUSES:
        for number in range(orders):
            order_id = f"o-{number}"
            while database.status(order_id) != status:
                with contextlib.suppress(Crash):
                    write(database, Waiting(0, order_id, status), status)
    return database


@given(st.integers(1, 6), st.lists(st.booleans(), max_size=80))
def test_with_an_outbox_every_event_is_on_the_stream_in_order_wherever_the_process_ends(
    orders: int, ends: list[bool]
) -> None:
    stream: list[Waiting] = []

    def publish(events: Sequence[Waiting]) -> list[int]:
        stream.extend(events)
        return [event.number for event in events]

    crashes = Script(ends)
    database = work(lambda base, event, status: write_with_outbox(base, crashes, event, status), orders)
    while database.waiting():
        with contextlib.suppress(Crash):
            relay(database, publish, crashes)
    for order_id, status in database.orders().items():
        # Twice at worst; without the second ones it is the order's life.
        bodies = [body for number, body in dict.fromkeys((e.number, e.body) for e in stream if e.key == order_id)]
        assert tuple(bodies) == STATUSES and status == STATUSES[-1]


def test_writing_twice_loses_the_event_of_a_crash_in_between() -> None:
    stream: list[str] = []

    def publish(events: Sequence[Waiting]) -> list[int]:
        stream.extend(event.body for event in events)
        return []

    crashes = Script([False, True, False])
    database = work(lambda base, event, status: dual_write(base, publish, crashes, event, status), 1)
    assert database.orders() == {"o-0": "SHIPPED"}
    assert stream == ["PENDING", "SHIPPED"]


def test_what_was_refused_stays_in_the_outbox() -> None:
    database = Database(":memory:")
    for number in range(RELAYED + 1):
        database.save(f"o-{number}", "PENDING", "created")
    assert len(database.waiting()) == RELAYED
    database.relayed([event.number for event in database.waiting()[1:]])
    assert [event.key for event in database.waiting()] == ["o-0", f"o-{RELAYED}"]
