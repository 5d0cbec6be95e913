"""Case `producer`: events of orders onto a stream of one shard, one by one, in full calls, and aggregated."""

from functools import partial

from bench.interleave import interleave
from bench.laboratory import Laboratory
from bench.plan import Plan
from bench.producers import AGGREGATED, BATCHED, ONE_BY_ONE, InvalidRun, Producers
from bench.samples import Samples
from bench.tables import median_and_range, table, times

NAME = "producer"
TITLE = "Producer of a stream"
#: Kinesis Data Streams Developer Guide, "Quotas and limits".
SHARD_LIMIT = 1_000
FREE, LIMITED = "no limits", "limits of a shard"


def measure(plan: Plan, samples: Samples) -> None:
    """Each way in turns, on an engine without limits, and on one that throttles as a shard of AWS does."""
    for size, variables in ((FREE, {}), (LIMITED, {"LAB_KINESIS_LIMITS": "1"})):
        with Laboratory(**variables) as laboratory:
            producers = Producers(laboratory, plan.events)
            ways = {way: partial(_run, producers, way, size, samples) for way in (ONE_BY_ONE, BATCHED, AGGREGATED)}
            interleave(f"producer, {size}", plan.rounds, ways)


def _run(producers: Producers, way: str, size: str, samples: Samples) -> None:
    try:
        samples.add(NAME, size, way, **producers.run(way).figures())
    except InvalidRun as problem:
        samples.note(NAME, f"A run of {way}, {size}, did not count: {problem}.")


def section(samples: Samples) -> str:
    rows = []
    for size in samples.sizes(NAME):
        for way in samples.variants(NAME, size):
            ratio = samples.ratio(NAME, "events_per_s", (size, way), (size, ONE_BY_ONE))
            reached = samples.get(NAME, size, way, "events_per_s")
            of_limit = f"{reached.median / SHARD_LIMIT:.0%}" if reached and size == LIMITED else ""
            rows.append(
                [
                    f"{size}, {way}",
                    median_and_range(reached, 0),
                    times(ratio),
                    of_limit,
                    median_and_range(samples.get(NAME, size, way, "megabytes_per_s")),
                    median_and_range(samples.get(NAME, size, way, "throttled"), 0),
                ]
            )
    head = ["", "events/s", "times one by one", "of 1,000 records/s", "MB/s", "throttled"]
    return f"""
{table(head, rows)}

The events of whole orders (`scripts/produce_orders.py`), in order per order, onto a stream of one shard with nobody
reading. *One by one* is a `put_record` for each event, as it is written first. *Batched* is `PutRecords` with up to 500
records, where only what was refused is sent again. *Aggregated* puts many events into one record, so that the limit of
1,000 records/s does not count events; the limit of 1 MB/s stays.

On *{LIMITED}* the engine throttles as AWS documents it (`LAB_KINESIS_LIMITS=1`); the second's worth that an idle
shard takes at once is used up before the clock starts. A run counts when every event is on the stream once, those of
each order in their order.
"""
