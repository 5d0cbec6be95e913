"""The command line of the benchmarks: `make bench`, or `python -m bench --quick` to try them.

Exits with 1 when something that must be reached was missed, with 2 when a benchmark could not run.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from bench import ROOT, WORK, BenchError, cases, charts, goals, machine, report
from bench.plan import FULL, QUICK
from bench.samples import Samples

LAST_RUN = WORK / "last-run.json"
#: What a shell reports of a program that SIGTERM ended.
EXIT_STOPPED = 128 + signal.SIGTERM


def main(words: list[str] | None = None) -> int:
    arguments = parse_arguments(words)
    # Ends like an interrupt, so that the engines and programs of a stopped run end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_STOPPED))
    try:
        samples = Samples.from_json(LAST_RUN.read_text()) if arguments.again else Samples(about=machine.describe())
        measure(samples, arguments)
        full = arguments.again or not (arguments.quick or arguments.only)
        return write(samples, ROOT / "docs" if full else Path(tempfile.mkdtemp(prefix="bench-report-")))
    except (BenchError, FileNotFoundError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2


def parse_arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [case.NAME for case in cases.ALL]
    parser.add_argument("--quick", action="store_true", help="few runs and sizes; the report goes to a new folder")
    parser.add_argument(
        "--only", action="append", choices=names, metavar="CASE", help=f"one of {', '.join(names)}; may be repeated"
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="write the last full run's report again; with --only, after measuring that case anew",
    )
    arguments = parser.parse_args(words)
    if arguments.again and arguments.quick:
        parser.error("--again belongs to full runs, not to --quick")
    return arguments


def measure(samples: Samples, arguments: argparse.Namespace) -> None:
    """Measure the chosen cases. What belongs to a full run is kept after each case, for --again."""
    for case in cases.ALL:
        chosen = case.NAME in arguments.only if arguments.only else not arguments.again
        if not chosen:
            continue
        samples.forget(case.NAME)
        case.measure(QUICK if arguments.quick else FULL, samples)
        if arguments.again:
            samples.note(case.NAME, f"Measured later than the rest, {machine.now()}.")
        if arguments.again or not (arguments.quick or arguments.only):
            LAST_RUN.parent.mkdir(parents=True, exist_ok=True)
            LAST_RUN.write_text(samples.to_json())


def write(samples: Samples, folder: Path) -> int:
    """Write the report and its charts, and say on stdout what was reached. Returns the exit code."""
    judged = goals.judge(samples)
    folder.mkdir(parents=True, exist_ok=True)
    charts.draw(samples, folder / "img")
    (folder / "benchmarks.md").write_text(report.markdown(samples, judged))
    for goal in judged:
        print(f"{'pass' if goal.reached else 'FAIL'}  {goal.text}: {report.measured(goal)} ({goal.must})")
    print(f"the report is in {folder / 'benchmarks.md'}")
    return 0 if all(goal.reached for goal in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
