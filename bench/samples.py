"""What was measured: every value of every quantity, with its median, range and ratios."""

import dataclasses
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sample:
    """One quantity of one variant at one size, measured several times; the values have the case's unit.

    For example case `synth`, size `all labs`, variant `fast`, quantity `seconds`.
    """

    case: str
    size: str
    variant: str
    quantity: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)


@dataclass
class Samples:
    """All that one run of the benchmarks measured, in the order in which it was measured first."""

    #: About the machine and the run, as the report prints it.
    about: dict[str, str] = field(default_factory=dict)
    #: What a reader must know of a case beside its figures, such as a run that did not count.
    notes: dict[str, list[str]] = field(default_factory=dict)
    _samples: dict[tuple[str, str, str, str], Sample] = field(default_factory=dict)

    def add(self, case: str, size: str, variant: str, **quantities: float) -> None:
        """Add one value to each quantity."""
        for quantity, value in quantities.items():
            key = (case, size, variant, quantity)
            known = self._samples.get(key)
            self._samples[key] = Sample(*key, values=(*(known.values if known else ()), value))

    def note(self, case: str, text: str) -> None:
        """Note something for the reader of the report, once."""
        if text not in self.notes.setdefault(case, []):
            self.notes[case].append(text)

    def get(self, case: str, size: str, variant: str, quantity: str) -> Sample | None:
        """The sample, or None when it was not measured."""
        return self._samples.get((case, size, variant, quantity))

    def sizes(self, case: str) -> list[str]:
        """The sizes of a case."""
        return list(dict.fromkeys(sample.size for sample in self._samples.values() if sample.case == case))

    def variants(self, case: str, size: str) -> list[str]:
        """The variants of a case that were measured at a size."""
        samples = self._samples.values()
        return list(dict.fromkeys(one.variant for one in samples if (one.case, one.size) == (case, size)))

    def ratio(self, case: str, quantity: str, over: tuple[str, str], under: tuple[str, str]) -> float | None:
        """The ratio of two medians, each named by (size, variant); None when one of them was not measured."""
        numerator, denominator = self.get(case, *over, quantity), self.get(case, *under, quantity)
        return numerator.median / denominator.median if numerator and denominator else None

    def forget(self, case: str) -> None:
        """Drop all that was measured and noted for a case, so that it can be measured again."""
        self.notes.pop(case, None)
        self._samples = {key: sample for key, sample in self._samples.items() if sample.case != case}

    def to_json(self) -> str:
        samples = [dataclasses.asdict(sample) for sample in self._samples.values()]
        return json.dumps({"about": self.about, "notes": self.notes, "samples": samples}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Samples":
        data: dict[str, Any] = json.loads(text)
        found = [Sample(**{**sample, "values": tuple(sample["values"])}) for sample in data["samples"]]
        return cls(data["about"], data["notes"], {(s.case, s.size, s.variant, s.quantity): s for s in found})


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: the smallest value that at least `percent` % of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
