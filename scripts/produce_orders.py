#!/usr/bin/env python3
"""Put whole lives of orders on the stream of lab `orders`: created, paid, shipped or cancelled, at a given rate.

scripts/produce_orders.py --rate 200 --orders 1000 --users 50 --local
scripts/produce_orders.py --rate 0 --orders 5000 --aggregate --shard-plan --local
"""

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone

from kit.aggregates import Aggregator
from kit.backlog import Backlog, Record
from kit.cli import Exit, Parser, Stop, run
from kit.order_lives import KEYS, Step, Wish, lives
from kit.output import Printer, say, status
from kit.ports import ports_of
from kit.prices import price_table
from kit.putting import Counts, Placed, Putter, plainly
from kit.shard_plan import Demand, plan, report
from kit.streams import Stream
from kit.target import Target, add_arguments

LAB = "orders"
#: How long events gather before a call when there is a rate to keep: few calls, and yet a smooth flow.
LINGER_S = 0.2
#: So many orders, whose events are remembered until the end, fit in the memory of any machine.
MAX_ORDERS = 100_000
#: An event in 1,000 seconds, and far more than one machine puts on a stream.
MIN_RATE, MAX_RATE = 0.001, 1_000_000
#: Of an event of this producer, with its key, for the plan.
EVENT_KB = 0.4


def main() -> int:
    arguments = parse_arguments()
    target = Target.of(arguments)
    port = ports_of(target, LAB)["input"]
    stream = Stream(target, port)
    shards = stream.open_shards()
    if arguments.shard_plan:
        show_plan(arguments, len(shards), target.region)
    wish = Wish(
        orders=arguments.orders,
        users=arguments.users,
        catalogue=port["catalogue"],
        key=arguments.key,
        malformed=arguments.malformed / 100,
        duplicates=arguments.duplicates / 100,
        stumbles=arguments.stumbles / 100,
        seed=arguments.seed,
    )
    putter = Putter(stream.put, Aggregator(shards) if arguments.aggregate else plainly)
    return produce(putter, lives(wish, lambda: datetime.now(timezone.utc)), arguments.rate, Printer(arguments.json))


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("--rate", type=float, default=100, metavar="R", help="events per second; 0: as fast as it goes")
    parser.add_argument("--orders", type=int, default=100, metavar="N", help="how many orders (default: 100)")
    parser.add_argument("--users", type=int, default=20, metavar="U", help="how many users they are of (default: 20)")
    parser.add_argument(
        "--key", choices=sorted(KEYS), default="order", help="partition key: order id (default), user id, or user#n"
    )
    parser.add_argument("--aggregate", action="store_true", help="many events in one record (KPL format)")
    parser.add_argument("--malformed", type=float, default=0, metavar="PERCENT", help="bad events in between")
    parser.add_argument("--duplicates", type=float, default=0, metavar="PERCENT", help="events that are put twice")
    parser.add_argument("--stumbles", type=float, default=0, metavar="PERCENT", help="events that fail the first time")
    parser.add_argument("--seed", type=int, help="the same seed gives the same orders")
    parser.add_argument("--shard-plan", action="store_true", help="say first how many shards this takes")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, as when piped")
    add_arguments(parser)
    arguments = parser.parse_args()
    good_rate = arguments.rate == 0 or MIN_RATE <= arguments.rate <= MAX_RATE
    if not (1 <= arguments.orders <= MAX_ORDERS and arguments.users >= 1 and good_rate):
        parser.error(f"--orders must be 1 to {MAX_ORDERS}, --users 1 or more, --rate 0, or {MIN_RATE} to {MAX_RATE}")
    if not all(0 <= share <= 100 for share in (arguments.malformed, arguments.duplicates, arguments.stumbles)):
        parser.error("--malformed, --duplicates and --stumbles are percentages, from 0 to 100")
    return arguments


def show_plan(arguments: argparse.Namespace, open_shards: int, region: str) -> None:
    """Say how many shards the rate takes, and how many there are."""
    if not arguments.rate:
        raise Stop("--shard-plan needs a --rate above 0", Exit.USAGE)
    demand = Demand(records_per_second=arguments.rate, record_kb=EVENT_KB, consumers=4)
    for line in report(plan(demand, price_table(region))):
        say(line)
    say(f"open now        {open_shards}")


def produce(putter: Putter, steps: Iterator[Step], rate: float, printer: Printer) -> Exit:
    """Put all events on the stream, at `rate` a second; what was not taken is said and makes exit 2."""
    backlog = Backlog()
    sent: list[Step] = []
    problems: list[Placed] = []
    started = time.monotonic()
    with status() as show:
        more = True
        while more or len(backlog):
            more = more and gather(backlog, sent, steps, allowed(rate, time.monotonic() - started))
            if not len(backlog):
                time.sleep(LINGER_S if more else 0)
                continue
            for placed in putter.put_some(backlog):
                if placed.problem:
                    problems.append(placed)
                elif printer.as_json:
                    show_placed(printer, placed, sent[placed.record.index])
            show(line(putter.counts, time.monotonic() - started))
            if rate and more:
                time.sleep(LINGER_S)
    sys.stdout.flush()
    say(f"put {putter.counts.records} of {len(sent)}: {line(putter.counts, time.monotonic() - started)}")
    for placed in problems[:10]:
        say(f"error: event {placed.record.index + 1} was not taken: {placed.problem}")
    return Exit.USAGE if problems else Exit.DONE


def show_placed(printer: Printer, placed: Placed, step: Step) -> None:
    """Print an event, and where it is in the stream."""
    where = {"sequence_number": placed.sequence_number, "shard": placed.shard}
    printer.result({"key": placed.record.key, **where, "faulty": step.faulty}, step.body)


def gather(backlog: Backlog, sent: list[Step], steps: Iterator[Step], allowed: float) -> bool:
    """Add the events that are due by now. Returns whether there are more."""
    while len(sent) < allowed:
        step = next(steps, None)
        if step is None:
            return False
        backlog.add(Record(len(sent), step.key, step.body.encode()))
        sent.append(step)
        if len(backlog) >= BACKLOG:
            break
    return True


#: How many events wait at most when there is no rate to keep; enough for several full calls.
BACKLOG = 5_000


def allowed(rate: float, seconds: float) -> float:
    """How many events are due after so many seconds."""
    return rate * (seconds + LINGER_S) if rate else float("inf")


def line(counts: Counts, seconds: float) -> str:
    """How fast it goes, on average."""
    seconds = max(seconds, 0.001)
    return (
        f"{counts.records / seconds:,.0f} events/s, {counts.bytes / seconds / 1e6:.2f} MB/s, "
        f"{counts.entries} records in {counts.calls} calls, {counts.retries} retries, {counts.throttled} throttled"
    )


if __name__ == "__main__":
    run(main)
