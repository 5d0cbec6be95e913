"""The report in Markdown: what must be reached, then each case, then how it was measured."""

from collections.abc import Sequence

from bench import cases
from bench.goals import Goal
from bench.process import INTERVAL_S
from bench.samples import Samples


def markdown(samples: Samples, goals: Sequence[Goal]) -> str:
    """The whole of docs/benchmarks.md."""
    parts = ["# Benchmarks", HEAD, _about(samples)]
    if goals:
        parts += ["## Must reach", _goals(goals)]
    for case in cases.ALL:
        if samples.sizes(case.NAME) or case.NAME in samples.notes:
            parts += [f"## {case.TITLE}", case.section(samples).strip()]
            parts += samples.notes.get(case.NAME, [])
    return "\n\n".join([*parts, "## How it is measured", METHOD]) + "\n"


HEAD = """\
Written by `make bench`; do not edit. Absolute figures belong to the machine below. What holds elsewhere are the
ratios: all variants of a case ran in turns (A B C, A B C ...), so that a slow moment of the machine met all of
them. Figures are
`median (min–max)`."""

METHOD = f"""\
- *Seconds* are wall clock around a whole process, from its start to its end.
- *Peak memory* is the maximum over time of the summed resident set sizes of the process and all its descendants
  (Python and Node), read from /proc (elsewhere from `ps`) every {1000 * INTERVAL_S:.0f} ms, in MB of 10⁶ bytes.
  Pages that several processes share count once for each; a peak between two looks is missed.
- Variables that change what a program does (`AWS_*`, `LAB_*`, `CDKTF_*`, `NODE_OPTIONS` ...) are taken out of its
  environment.
- The peers live in virtual environments of their own under `.local/bench`, made from the pinned files in
  `bench/peers/`.
- Engines run on ports of their own, with deployments in a folder of their own.
- `python -m bench --quick` tries the harness, `--only CASE` measures one case; both write elsewhere."""


def _about(samples: Samples) -> str:
    return "\n".join(f"- {name}: {text}" for name, text in samples.about.items())


def _goals(goals: Sequence[Goal]) -> str:
    lines = ["| what | must be | measured | |", "| :-- | --: | --: | :-- |"]
    return "\n".join([*lines, *(f"| {g.text} | {g.must} | {measured(g)} | {verdict(g)} |" for g in goals)])


def measured(goal: Goal) -> str:
    return "not measured" if goal.figure is None else f"{goal.figure:.{0 if goal.figure >= 100 else 2}f}{goal.unit}"


def verdict(goal: Goal) -> str:
    return "pass" if goal.reached else "**fail**"
