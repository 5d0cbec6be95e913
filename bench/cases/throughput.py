"""Case `throughput`: the calculator's handler against the naive one, on the local engine."""

from functools import partial

from bench import HERE
from bench.bursts import Calculator, InvalidRun, zipped
from bench.interleave import interleave
from bench.laboratory import Laboratory
from bench.plan import Plan
from bench.samples import Samples
from bench.tables import median_and_range, table, times

NAME = "throughput"
TITLE = "Throughput and latency of the calculator"
OURS, NAIVE = "this project", "naive"


def measure(plan: Plan, samples: Samples) -> None:
    """One deployment; before each burst the function's code is swapped and all its workers are started."""
    with Laboratory() as laboratory:
        laboratory.script("lab.py", "deploy", "calculator", "--local")
        calculator = Calculator(laboratory)
        codes = {OURS: calculator.deployed_code, NAIVE: zipped(HERE / "naive" / "handler.py")}

        def run(variant: str, count: int) -> None:
            try:
                calculator.install(codes[variant])
                samples.add(NAME, str(count), variant, **calculator.burst(count).figures())
            except InvalidRun as problem:
                samples.note(NAME, f"A run of {variant} with {count:,} messages did not count: {problem}.")

        for count in plan.messages:
            interleave(
                f"throughput {count:,}",
                plan.rounds,
                {variant: partial(run, variant, count) for variant in codes},
            )


def section(samples: Samples) -> str:
    rows = []
    for size in samples.sizes(NAME):
        for variant in samples.variants(NAME, size):
            ratio = samples.ratio(NAME, "throughput", (size, variant), (size, NAIVE))
            rows.append(
                [
                    f"{int(size):,} messages, {variant}",
                    median_and_range(samples.get(NAME, size, variant, "throughput"), 0),
                    times(ratio),
                    median_and_range(samples.get(NAME, size, variant, "p50"), 0),
                    median_and_range(samples.get(NAME, size, variant, "p99"), 0),
                    median_and_range(samples.get(NAME, size, variant, "sending")),
                ]
            )
    head = ["", "messages/s", "times naive", "p50, ms", "p99, ms", "sending took, s"]
    return f"""
![Messages per second](img/benchmarks-throughput.svg)

{table(head, rows)}

*naive* (`bench/naive/handler.py`) makes a boto3 client and a `send_message` call for each message, inside the
handler, as it is written first in the course; everything else is the same deployment: queue, batches of 10, at most
5 functions at once.

All messages are sent at once, so the latency is mostly time in the queue: it tells how long a burst takes to work
off, not how long a single message takes. Throughput is from the first message sent until the last reply is in the
output queue; latency from a message's sending until its reply is there. Sent by 8 threads with boto3 directly,
because `scripts/send_message.py` would be measured as well. A run counts when every message has exactly one reply,
with the right result.
"""
