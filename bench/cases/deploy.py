"""Case `deploy`: deploying and destroying one lab and all labs on the local engine."""

from functools import partial

from bench.interleave import interleave
from bench.laboratory import Laboratory
from bench.plan import Plan
from bench.samples import Samples
from bench.tables import median_and_range, table

NAME = "deploy"
TITLE = "Deploy and destroy on the local engine"
LABS = {"one lab": "calculator", "all labs": "all"}


def measure(plan: Plan, samples: Samples) -> None:
    """`scripts/lab.py deploy|destroy LAB --local` as whole processes, while the engine runs."""
    with Laboratory() as laboratory:

        def run(command: str, size: str) -> None:
            done = laboratory.script("lab.py", command, LABS[size], "--local")
            samples.add(NAME, size, command, seconds=done.seconds)

        interleave(
            "deploy",
            plan.deploy_rounds,
            {f"{command} {size}": partial(run, command, size) for size in LABS for command in ("deploy", "destroy")},
        )


def section(samples: Samples) -> str:
    rows = [
        [size, *(median_and_range(samples.get(NAME, size, command, "seconds"), 0) for command in ("deploy", "destroy"))]
        for size in samples.sizes(NAME)
    ]
    return f"""
{table(["", "deploy, seconds", "destroy, seconds"], rows)}

The whole of `scripts/lab.py deploy|destroy`: synth, Terraform's plan and everything that Terraform waits for. Most
of it is waiting that no emulator can shorten: the AWS provider watches each new queue for 25 s before it believes
in it, and side by side for all queues. On AWS these waits are the same.
"""
