"""The cases. Each module has NAME (for --only), TITLE, `measure` and `section`, its part of the report."""

from types import ModuleType

from bench.cases import deploy, growth, producer, start, synth, throughput

#: In the order of the run and of the report; a run that is stopped keeps the cases that are done.
ALL: tuple[ModuleType, ...] = (synth, throughput, producer, start, growth, deploy)
