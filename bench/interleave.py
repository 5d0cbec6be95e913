"""Runs variants in turns (A B C, A B C ...), so that a slow moment of the machine meets all of them."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Step = Callable[[str], None]


def interleave(title: str, rounds: int, runs: Mapping[str, Callable[[], object]]) -> None:
    """Run every variant once per round; progress on stderr."""
    with steps(title, rounds * len(runs)) as step:
        for number in range(1, rounds + 1):
            for name, run in runs.items():
                step(f"round {number} of {rounds}: {name}")
                run()


@contextlib.contextmanager
def steps(title: str, total: int) -> Iterator[Step]:
    """Long work of `total` steps: a bar on a terminal, else a line for each step. Call what it gives before a step."""
    if not sys.stderr.isatty():
        started = time.monotonic()

        def say(text: str) -> None:
            print(f"{title} {time.monotonic() - started:4.0f} s  {text}", file=sys.stderr, flush=True)

        yield say
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)
        done = -1

        def show(text: str) -> None:
            nonlocal done
            done += 1
            bar.update(task, completed=done, description=f"{title}, {text}")

        yield show
        bar.update(task, completed=total, description=title)
