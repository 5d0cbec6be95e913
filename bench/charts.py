"""The charts of the report. What they show is chosen here; `chart/draw.py` draws it in an environment of its own."""

import json
import subprocess
from pathlib import Path
from typing import Any

from bench import HERE, BenchError
from bench.cases import growth, synth, throughput
from bench.environments import python
from bench.samples import Sample, Samples

CHART = HERE / "chart"
Spec = dict[str, Any]


def draw(samples: Samples, folder: Path) -> None:
    """Write the charts of the measured cases as benchmarks-<case>.svg. Raises BenchError."""
    makers = {synth.NAME: _synth, growth.NAME: _growth, throughput.NAME: _throughput}
    specs = [
        {**maker(samples), "file": str(folder / f"benchmarks-{case}.svg")}
        for case, maker in makers.items()
        if samples.sizes(case)
    ]
    if not specs:
        return
    folder.mkdir(parents=True, exist_ok=True)
    command = [python("chart", CHART / "requirements.txt"), CHART / "draw.py"]
    done = subprocess.run(command, input=json.dumps(specs), capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"the charts could not be drawn:\n{done.stderr[-2000:]}")


def _synth(samples: Samples) -> Spec:
    rows: list[Spec] = []
    for size in samples.sizes(synth.NAME):
        rows.append({"heading": _heading(samples, size)})
        seconds = {v: samples.get(synth.NAME, size, v, "seconds") for v in samples.variants(synth.NAME, size)}
        for variant in sorted(seconds, key=lambda variant: _median(seconds[variant]), reverse=True):
            memory = samples.get(synth.NAME, size, variant, "megabytes")
            rows.append(_row(variant, variant == "fast", seconds[variant], memory))
    panels = [{"title": "seconds", "digits": 1}, {"title": "peak memory, MB", "digits": 0}]
    return {"kind": "bars", "title": "Synth of a whole process (shorter is better)", "rows": rows, "panels": panels}


def _heading(samples: Samples, size: str) -> str:
    fast = samples.get(synth.NAME, size, "fast", "resources")
    return f"{size}: {fast.median:.0f} resources" if fast else size


def _throughput(samples: Samples) -> Spec:
    sizes = samples.sizes(throughput.NAME)
    variants = samples.variants(throughput.NAME, sizes[0])
    rows = [
        _row(
            variant,
            variant == throughput.OURS,
            *(samples.get(throughput.NAME, size, variant, "throughput") for size in sizes),
        )
        for variant in variants
    ]
    panels = [{"title": f"burst of {int(size):,} messages", "digits": 0} for size in sizes]
    return {"kind": "bars", "title": "Messages per second (longer is better)", "rows": rows, "panels": panels}


def _growth(samples: Samples) -> Spec:
    sizes = samples.sizes(growth.NAME)
    lines = [
        {
            "label": variant,
            "strong": variant == "fast",
            "values": [_values(samples.get(growth.NAME, size, variant, "seconds")) for size in sizes],
        }
        for variant in samples.variants(growth.NAME, sizes[0])
    ]
    return {
        "kind": "lines",
        "title": "Synth of one stack of queues (lower is better)",
        "x_title": "queues in the stack",
        "y_title": "seconds",
        "x": [int(size) for size in sizes],
        "lines": lines,
    }


def _row(label: str, strong: bool, *panels: Sample | None) -> Spec:
    return {"label": label, "strong": strong, "values": [_values(sample) for sample in panels]}


def _values(sample: Sample | None) -> tuple[float, float, float] | None:
    return (sample.median, sample.low, sample.high) if sample else None


def _median(sample: Sample | None) -> float:
    return sample.median if sample else 0.0
