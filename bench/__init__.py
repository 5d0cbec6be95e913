"""The benchmarks: this project against what a user would take instead. `make bench` runs them all.

__main__       the command line: what is measured, where the report goes
cases/         one module per case: it measures, and tells what it measured
process        runs one program and measures its time and the memory of its whole process tree
samples        what was measured, with its median, range and ratios
goals          what must be reached
report, charts the figures as docs/benchmarks.md and docs/img/benchmarks-*.svg
programs/      synth programs of this project; peers/: the same with other libraries
naive/         the calculator as a student writes it first
environments   the throw-away virtual environments of the peers and of the charts, under .local/bench
laboratory     an engine on a port of its own, with labs deployed on it
"""

import project

ROOT = project.ROOT
HERE = ROOT / "bench"
#: Everything that the benchmarks keep between two runs; can be deleted at any time.
WORK = project.LOCAL_DIR / "bench"


class BenchError(Exception):
    """A benchmark cannot go on; the text says why, in words for a person."""
