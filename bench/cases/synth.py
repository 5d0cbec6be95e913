"""Case `synth`: all labs of the project, and the calculator alone, against stock cdktf and the peers."""

from functools import partial

from bench import HERE, ROOT, synths
from bench.interleave import interleave
from bench.plan import Plan
from bench.samples import Samples
from bench.tables import median_and_range, table, times

NAME = "synth"
TITLE = "Synth: from the Python program to Terraform's JSON"
ALL_LABS, ONE_LAB = "all labs", "one lab"


def measure(plan: Plan, samples: Samples) -> None:
    """Whole processes, an unmeasured round first so that all files are in the page cache."""
    synths.prepare_peers()
    everything = synths.ours(ROOT / "main.py")
    calculators = [*synths.ours(HERE / "programs" / "calculator.py"), *synths.peers()]
    runs = [(ALL_LABS, synth) for synth in everything] + [(ONE_LAB, synth) for synth in calculators]
    for title, rounds, into in (("synth, unmeasured", 1, Samples()), ("synth", plan.rounds, samples)):
        interleave(title, rounds, {f"{s.variant}, {size}": partial(s.run, into, NAME, size) for size, s in runs})
    for synth in calculators[2:]:
        samples.add(NAME, ONE_LAB, synth.variant, index=synths.has_index(synth))


def section(samples: Samples) -> str:
    rows = []
    for size in samples.sizes(NAME):
        for variant in samples.variants(NAME, size):
            resources = samples.get(NAME, size, variant, "resources")
            rows.append(
                [
                    f"{size}, {_title(variant)}",
                    f"{resources.median:.0f}" if resources else "–",
                    median_and_range(samples.get(NAME, size, variant, "seconds")),
                    times(samples.ratio(NAME, "seconds", (size, variant), (size, "fast"))),
                    median_and_range(samples.get(NAME, size, variant, "megabytes"), 0),
                ]
            )
    without = [
        variant
        for variant in samples.variants(NAME, ONE_LAB)
        if (index := samples.get(NAME, ONE_LAB, variant, "index")) and not index.median
    ]
    head = ["program", "resources", "seconds", "times fast", "peak memory, MB"]
    return f"""
![Time and peak memory of a synth](img/benchmarks-synth.svg)

{table(head, rows)}

*stock* is cdktf as it is installed (`FASTSYNTH=off python main.py`), *fast* this project (`python -m fastsynth
main.py`). The peers synthesize a calculator with the same queues, function, layer, log group, event source mapping,
alarm, bucket and parameters, written plainly (`bench/peers/`); aws-cdk-lib uploads code by itself, which is two
resources fewer and queue policies more. They are handed ready-made zips; this project packs its own in the measured
time.

jsii keeps an index of each large package on disk, written in the background by programs that run long enough, and
read by later ones. This project's set-up makes it. The peers ran twice before the measurement, as in daily use;
after that jsii had no index for: {", ".join(without) or "none of them"}. "{synths.INDEXED}" is what a user gets who
makes it with a program of their own (`bench/peers/with_index.py`), or whose programs are long enough.
"""


def _title(variant: str) -> str:
    return f"**{variant}**" if variant == "fast" else variant
