"""Case `growth`: one stack of 1 to 1,000 queues, with stock cdktf and with this project."""

from functools import partial

from bench import HERE, synths
from bench.interleave import interleave
from bench.plan import Plan
from bench.samples import Samples
from bench.tables import median_and_range, table

NAME = "growth"
TITLE = "Growth: a stack of queues"


def measure(plan: Plan, samples: Samples) -> None:
    """Whole processes."""
    runs = {}
    for count in map(str, plan.resources):
        for synth in synths.ours(HERE / "programs" / "queues.py", count):
            runs[f"{synth.variant}, {count}"] = partial(synth.run, samples, NAME, count)
    interleave("growth", plan.rounds, runs)


def section(samples: Samples) -> str:
    sizes = samples.sizes(NAME)
    variants = samples.variants(NAME, sizes[0]) if sizes else []
    rows = [
        [variant, *(median_and_range(samples.get(NAME, size, variant, "seconds")) for size in sizes)]
        for variant in variants
    ]
    slopes = [f"{variant} {slope:.1f}" for variant in variants if (slope := _milliseconds_each(samples, variant))]
    return f"""
![Time of a synth by the number of resources](img/benchmarks-growth.svg)

Seconds for so many `aws_sqs_queue` in one stack:

{table(["program", *(f"{int(size):,}" for size in sizes)], rows)}

Each further queue costs, in milliseconds: {", ".join(slopes)}.
"""


def _milliseconds_each(samples: Samples, variant: str) -> float | None:
    """The slope between the smallest and the largest stack."""
    sizes = samples.sizes(NAME)
    small, large = (samples.get(NAME, size, variant, "seconds") for size in (sizes[0], sizes[-1]))
    if not small or not large or len(sizes) < 2:
        return None
    return 1000 * (large.median - small.median) / (int(sizes[-1]) - int(sizes[0]))
