#!/usr/bin/env python3
"""A monolith moves to lab `orders`: it saves orders in its own database, and its events go on the stream, with crashes.

scripts/monolith_example.py --orders 200 --crashes 10 --local            with an outbox: nothing is lost
scripts/monolith_example.py --orders 200 --crashes 10 --naive --local    writing twice: events are lost

See docs/migration.md.
"""

import argparse
import contextlib
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from kit.backlog import Backlog, Record
from kit.cli import MAX_WAIT_S, Exit, Parser, Stop, run
from kit.monolith import Crash, Crashes, Database, Waiting, dual_write, relay, write_with_outbox
from kit.order_lives import Wish, lives
from kit.output import progress, say
from kit.ports import ports_of
from kit.putting import Putter
from kit.streams import Stream
from kit.tables import TableReader
from kit.target import Target, add_arguments

import project
from read_model import STATUS

LAB = "orders"
POLL_S = 0.5
#: A day's events are made up before it begins.
MAX_ORDERS = 10_000


def main() -> int:
    arguments = parse_arguments()
    target = Target.of(arguments)
    ports = ports_of(target, LAB)
    stream = Stream(target, ports["input"])
    folder = project.LOCAL_DIR / "monolith"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid.uuid4()}.db"
    crashes = Crashes(arguments.crashes / 100, arguments.seed)
    wish = Wish(orders=arguments.orders, users=20, catalogue=ports["input"]["catalogue"])
    try:
        work(Database(path), stream, crashes, wish, arguments.naive)
        saved = Database(path).orders()
    finally:
        path.unlink(missing_ok=True)
    say(f"{len(saved)} orders in the monolith's database, after {crashes.count} crashes")
    return compare(saved, TableReader(target, ports["output"]), arguments.wait)


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("--orders", type=int, default=100, metavar="N", help="how many orders (default: 100)")
    parser.add_argument("--crashes", type=float, default=5, metavar="PERCENT", help="of all chances (default: 5)")
    parser.add_argument("--naive", action="store_true", help="write twice, without an outbox")
    parser.add_argument("--wait", type=float, default=20, metavar="SECONDS", help="for the read model (default: 20)")
    parser.add_argument("--seed", type=int, help="the same seed gives the same crashes")
    add_arguments(parser)
    arguments = parser.parse_args()
    orders, crashes, wait = arguments.orders, arguments.crashes, arguments.wait
    if not (1 <= orders <= MAX_ORDERS and 0 <= crashes <= 99 and 0 <= wait <= MAX_WAIT_S):
        parser.error(f"--orders must be 1 to {MAX_ORDERS}, --crashes 0 to 99, --wait 0 to {MAX_WAIT_S}")
    return arguments


def work(database: Database, stream: Stream, crashes: Crashes, wish: Wish, naive: bool) -> None:
    """A day of the monolith: every step of every order. Who gets no answer asks again, until it is done."""

    def publish(events: Sequence[Waiting]) -> list[int]:
        backlog = Backlog(Record(index, event.key, event.body.encode()) for index, event in enumerate(events))
        placed = [one for settled in Putter(stream.put).put_all(backlog) for one in settled]
        if refused := [one.problem for one in placed if one.problem]:
            raise Stop(f"{len(refused)} events were not taken: {refused[0]}", Exit.ERROR_REPLY)
        return [event.number for event in events]

    steps = list(steps_of(wish))
    with progress("orders", len(steps)) as advance:
        for event, status in steps:
            while database.status(event.key) != status:
                with contextlib.suppress(Crash):
                    if naive:
                        dual_write(database, publish, crashes, event, status)
                    else:
                        write_with_outbox(database, crashes, event, status)
            advance(1)
    while not naive and database.waiting():
        with contextlib.suppress(Crash):
            relay(database, publish, crashes)


def steps_of(wish: Wish) -> Iterator[tuple[Waiting, str]]:
    for step in lives(wish, lambda: datetime.now(timezone.utc)):
        event = json.loads(step.body)
        yield Waiting(0, event["data"]["orderId"], step.body), STATUS[event["type"]]


def compare(saved: dict[str, str], reader: TableReader, wait_s: float) -> Exit:
    """Say which orders the read model knows otherwise than the monolith, once it had time."""
    deadline = time.monotonic() + wait_s
    while True:
        known = {item["orderId"]: item["status"] for item in reader.get(sorted(saved))}
        wrong = {order_id: status for order_id, status in saved.items() if known.get(order_id) != status}
        if not wrong or time.monotonic() > deadline:
            break
        time.sleep(POLL_S)
    for order_id, status in sorted(wrong.items())[:5]:
        say(f"  {order_id}: {status} in the database, {known.get(order_id, 'unknown')} in the read model")
    if wrong:
        say(f"{len(wrong)} of {len(saved)} orders are wrong in the read model: their events are lost")
        return Exit.ERROR_REPLY
    say(f"the read model has all {len(saved)} orders as they are: no event is lost")
    return Exit.DONE


if __name__ == "__main__":
    run(main)
