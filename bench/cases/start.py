"""Case `start`: how soon the scripts answer, as whole processes typed in a shell."""

from functools import partial

from bench import ROOT
from bench.interleave import interleave
from bench.laboratory import Laboratory
from bench.plan import Plan
from bench.samples import Samples
from bench.tables import median_and_range, table

NAME = "start"
TITLE = "Start of the scripts"
MESSAGE = '{"number1": 1, "number2": 5, "operation": "+"}'
HELP, CALL, ENGINE = "--help", "call", "engine"


def scripts() -> list[str]:
    """The scripts that a user calls with arguments."""
    return sorted(path.name for path in (ROOT / "scripts").glob("*.py") if "import argparse" in path.read_text())


def measure(plan: Plan, samples: Samples) -> None:
    """Each script with --help; a message sent and its reply read, on a deployed calculator; the engine itself."""
    with Laboratory() as laboratory:
        laboratory.script("lab.py", "deploy", "calculator", "--local")
        laboratory.script("send_message.py", "calculator", MESSAGE, "--wait", "20", "--local")  # the function is warm

        def run(size: str, script: str, *arguments: str) -> None:
            done = laboratory.script(script, *arguments)
            samples.add(NAME, size, script, seconds=done.seconds)

        runs = {f"{script} --help": partial(run, HELP, script, "--help") for script in scripts()}
        interleave("start", plan.start_rounds, runs)
        interleave(
            "start",
            plan.start_rounds,
            {
                "send": lambda: run(CALL, "send_message.py", "calculator", MESSAGE, "--local"),
                "read": lambda: run(CALL, "read_results.py", "calculator", "--max", "1", "--wait", "20", "--local"),
            },
        )
        for _ in range(plan.start_rounds):
            laboratory.script("local_aws.py", "stop")
            run(ENGINE, "local_aws.py", "start")


def section(samples: Samples) -> str:
    shown = {HELP: "{} --help", CALL: "{} calculator ... --local", ENGINE: "{} start"}
    rows = [
        [
            f"`{shown[size].format(f'scripts/{script}')}`",
            median_and_range(samples.get(NAME, size, script, "seconds")),
        ]
        for size in samples.sizes(NAME)
        for script in samples.variants(NAME, size)
    ]
    return f"""
{table(["command", "seconds"], rows)}

Whole processes, from the shell's `exec` to the end, with the restart in the project's virtual environment where the
shell's `python3` is another one. Then a message sent to the deployed calculator, and the wait for its reply, on a
warm function; last the local engine, until it answers with the deployed calculator on it.
"""
