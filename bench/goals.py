"""What must be reached, as ratios of medians of one run where it is a comparison."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench import producers, synths
from bench.cases import producer, start, synth, throughput
from bench.samples import Samples

SYNTH_RATIO = 9.0
MEMORY_MB = 400.0
THROUGHPUT_RATIO = 3.0
PRODUCER_RATIO = 3.0
START_S = 0.5
ENGINE_START_S = 1.5


@dataclass(frozen=True)
class Goal:
    """One line of the report: what must be, what was measured, and whether that is enough.

    `figure` is None when nothing could be measured, which is a miss.
    """

    text: str
    must: str
    figure: float | None
    unit: str
    reached: bool


def judge(samples: Samples) -> list[Goal]:
    """The goals of all cases that were measured."""
    judges = {synth.NAME: _synth, throughput.NAME: _throughput, producer.NAME: _producer, start.NAME: _start}
    return [goal for case, judged in judges.items() if samples.sizes(case) for goal in judged(samples)]


def _synth(samples: Samples) -> Iterator[Goal]:
    fast = (synth.ALL_LABS, "fast")
    ratio = samples.ratio(synth.NAME, "seconds", (synth.ALL_LABS, "stock"), fast)
    yield at_least("synth of all labs, times faster than stock", SYNTH_RATIO, ratio, "×")
    for peer in synths.PACKAGES:
        ratio = samples.ratio(synth.NAME, "seconds", (synth.ONE_LAB, peer), fast)
        yield above(f"synth of all labs, times faster than one lab with {peer}", 1.0, ratio, "×")
    memory = samples.get(synth.NAME, *fast, "megabytes")
    yield below("peak memory of a synth of all labs", MEMORY_MB, memory.high if memory else None, " MB")


def _throughput(samples: Samples) -> Iterator[Goal]:
    for size in samples.sizes(throughput.NAME):
        ratio = samples.ratio(throughput.NAME, "throughput", (size, throughput.OURS), (size, throughput.NAIVE))
        text = f"calculator with {int(size):,} messages, times the naive handler's throughput"
        yield at_least(text, THROUGHPUT_RATIO, ratio, "×")


def _producer(samples: Samples) -> Iterator[Goal]:
    free = producer.FREE
    ratio = samples.ratio(producer.NAME, "events_per_s", (free, producers.BATCHED), (free, producers.ONE_BY_ONE))
    yield at_least("producer, times one put_record per event", PRODUCER_RATIO, ratio, "×")
    reached = samples.get(producer.NAME, producer.LIMITED, producers.AGGREGATED, "events_per_s")
    median = reached.median if reached else None
    yield above("aggregated events through one shard, a second", producer.SHARD_LIMIT, median, "")


def _start(samples: Samples) -> Iterator[Goal]:
    starts = [samples.get(start.NAME, start.HELP, name, "seconds") for name in samples.variants(start.NAME, start.HELP)]
    slowest = max((sample.median for sample in starts if sample), default=None)
    yield below("start of the slowest script (--help)", START_S, slowest, " s")
    for script in samples.variants(start.NAME, start.ENGINE):
        engine = samples.get(start.NAME, start.ENGINE, script, "seconds")
        yield below("start of the local engine", ENGINE_START_S, engine.median if engine else None, " s")


def at_least(text: str, limit: float, figure: float | None, unit: str) -> Goal:
    return Goal(text, f"at least {limit:g}{unit}", figure, unit, figure is not None and figure >= limit)


def above(text: str, limit: float, figure: float | None, unit: str) -> Goal:
    return Goal(text, f"above {limit:g}{unit}", figure, unit, figure is not None and figure > limit)


def below(text: str, limit: float, figure: float | None, unit: str) -> Goal:
    return Goal(text, f"under {limit:g}{unit}", figure, unit, figure is not None and figure < limit)
