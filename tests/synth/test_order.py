"""When Terraform comes to each resource, in the graph of what is synthesized: what must lie between two of them does.

Terraform walks the graph with some slots (10 by default). What is ready waits for a slot in the order in which it
became ready; of what becomes ready together, any may be first. Times are drawn at random, around the provider's.
"""

import heapq
import json
import random
import re
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from main import LABS
from stacks.blocks.function import LAST_LINES_LOCAL_S, LAST_LINES_S
from stacks.blocks.queue import HEAD_START_S
from stacks.calculator import CalculatorStack
from stacks.clock import ClockStack
from stacks.fanout import FanoutStack

Synth = Callable[..., Any]
Graph = dict[str, set[str]]
Times = dict[str, tuple[float, float]]
#: Asks AWS who one is, before any resource of AWS; what is Terraform's own waits for nobody.
PROVIDER = "provider"
SLOTS = 10
RUNS = 300
#: Seconds that the provider takes for a resource, least and most; others are quick.
USUAL = {"aws_sqs_queue": (25, 28), "aws_lambda_function": (5, 20), "aws_dynamodb_table": (6, 15), PROVIDER: (0.3, 4)}
QUICK = (0.2, 3)


def graph_of(stack: Any) -> Graph:
    """Every resource, and what must be there before it."""
    blocks = {f"{kind}.{id}": block for kind, of_kind in stack["resource"].items() for id, block in of_kind.items()}
    graph: Graph = {PROVIDER: set()}
    for name, block in blocks.items():
        text = json.dumps({key: value for key, value in block.items() if key not in ("//", "depends_on")})
        named = {*block.get("depends_on", ()), *re.findall(r"\$\{(\w+\.[\w-]+)\.", text)}
        graph[name] = (named & set(blocks)) | ({PROVIDER} if name.startswith("aws_") else set())
    return graph


def walk(graph: Graph, fixed: Mapping[str, float], seed: int, slots: int = SLOTS) -> Times:
    """When each begins and ends; `fixed` are the seconds of those that are known."""
    chance = random.Random(seed)
    left = {name: set(before) for name, before in graph.items()}
    waiting: deque[str] = deque()
    running: list[tuple[float, str]] = []
    times: Times = {}
    now = 0.0

    def make_ready() -> None:
        ready = sorted(name for name, before in left.items() if not before)
        chance.shuffle(ready)
        for name in ready:
            del left[name]
        waiting.extend(ready)

    make_ready()
    while waiting or running:
        while waiting and len(running) < slots:
            name = waiting.popleft()
            seconds = fixed.get(name, chance.uniform(*USUAL.get(name.partition(".")[0], QUICK)))
            times[name] = now, now + seconds
            heapq.heappush(running, (now + seconds, name))
        now, done = heapq.heappop(running)
        for before in left.values():
            before.discard(done)
        make_ready()
    assert not left, "the graph has a circle"
    return times


@pytest.mark.parametrize("lab", [CalculatorStack, FanoutStack], ids=lambda lab: lab.lab)
def test_a_dead_letter_queue_has_its_head_start_whatever_comes_first(lab: Any, synth: Synth) -> None:
    graph = graph_of(synth(lab))
    starts = {name: float(HEAD_START_S) for name in graph if name.endswith("-head-start")}
    assert starts
    for seed in range(RUNS):
        times = walk(graph, starts, seed)
        for start in starts:
            queue = start.removeprefix("terraform_data.").removesuffix("-head-start")
            ahead = times[f"aws_sqs_queue.{queue}"][0] - times[f"aws_sqs_queue.{queue}-dead-letters"][0]
            assert ahead > HEAD_START_S - 0.001, f"{queue}: {ahead:.1f} s with seed {seed}"


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.lab)
def test_a_log_group_outlives_its_functions_last_lines(lab: Any, synth: Synth) -> None:
    """A destroy goes the other way. Lambda writes last lines after the function is gone, and makes the group again."""
    graph = graph_of(synth(lab))
    backwards: Graph = {name: {after for after, before in graph.items() if name in before} for name in graph}
    pauses = {name: float(LAST_LINES_S) for name in graph if "last-lines" in name}
    functions = [name for name in graph if name.startswith("aws_lambda_function.")]
    assert len(pauses) == len(functions)
    for seed in range(20):
        times = walk(backwards, pauses, seed)
        for function in functions:
            of_function = function.replace("lambda_function", "cloudwatch_log_group") + "_logs_"
            (group,) = (name for name in graph if name.startswith(of_function))
            assert times[group][0] - times[function][1] > LAST_LINES_S - 0.001


@pytest.mark.parametrize(
    ("environ", "seconds"), [({}, LAST_LINES_S), ({"AWS_ENDPOINT_URL": "http://x"}, LAST_LINES_LOCAL_S)]
)
def test_the_pause_is_for_the_end_of_a_function_alone(
    environ: dict[str, str], seconds: int, synth: Synth, tmp_path: Path
) -> None:
    """The command as Terraform runs it, with a `sleep` that says how long it was to be."""
    (pause,) = (each for id, each in synth(ClockStack)["resource"]["terraform_data"].items() if "last-lines" in id)
    ((provisioner,),) = [block.values() for block in pause["provisioner"]]
    assert provisioner["when"] == "destroy"
    (tmp_path / "sleep").write_text("#!/bin/sh\necho $1\n")
    (tmp_path / "sleep").chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(["/bin/sh", "-c", provisioner["command"]], env=path | environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{seconds}\n")


@pytest.mark.parametrize("lab", [CalculatorStack, FanoutStack], ids=lambda lab: lab.lab)
def test_without_a_head_start_a_queue_waits_until_its_dead_letter_queue_is_there(lab: Any, synth: Synth) -> None:
    stack = synth(lab, queue__head_start="false")
    graph = graph_of(stack)
    assert "terraform_data" not in stack["resource"] or not [name for name in graph if name.endswith("-head-start")]
    redriven = [id for id, queue in stack["resource"]["aws_sqs_queue"].items() if "redrive_policy" in queue]
    assert redriven
    for id in redriven:
        assert f"aws_sqs_queue.{id}-dead-letters" in graph[f"aws_sqs_queue.{id}"]
