"""Draws the charts that come as JSON on standard input (see bench/charts.py), each to the SVG file that it names.

Runs in an environment of its own, with matplotlib. Bars and points are medians, thin lines the range from the
smallest to the largest value.
"""

# mypy: disable-error-code=import-not-found

import json
import sys
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter

STRONG, WEAK = "#0b6e4f", "#a9b4bd"
INK, FAINT = "#1f2933", "#d5dbe0"
#: For lines that are not the strong one; distinguishable in grey and for colour-blind readers by their marks too.
COLOURS = ("#52606d", "#c46210", "#3c6fb0", "#8e5ea2")
MARKS = ("s", "^", "D", "v")
ROW_INCHES, WIDTH_INCHES = 0.33, 9.0

matplotlib.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "text.color": INK,
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "svg.hashsalt": "bench",  # the same figures give the same file
        "figure.facecolor": "white",  # also on a dark page
    }
)


def bars(spec: dict[str, Any]) -> None:
    """Horizontal bars, a row for each variant and a panel for each quantity; headings stand between the rows."""
    rows, panels = spec["rows"], spec["panels"]
    height = ROW_INCHES * len(rows) + 1.1
    figure, all_axes = pyplot.subplots(1, len(panels), sharey=True, squeeze=False, figsize=(WIDTH_INCHES, height))
    for number, (panel, axes) in enumerate(zip(panels, all_axes[0], strict=True)):
        longest = max(row["values"][number][2] for row in rows if "label" in row and row["values"][number])
        for place, row in enumerate(rows):
            if "heading" in row:
                heading(axes, place, row["heading"] if number == 0 else "", longest)
            elif row["values"][number]:
                bar(axes, place, row, row["values"][number], panel["digits"], longest)
        axes.set_title(panel["title"], fontsize=10, loc="left")
        axes.set_xlim(0, longest * 1.22)
        axes.set_xticks([])
        for side in ("top", "right", "bottom"):
            axes.spines[side].set_visible(False)
        axes.tick_params(axis="y", length=0)
    first = all_axes[0][0]
    first.set_ylim(len(rows) - 0.4, -0.6)
    first.set_yticks(range(len(rows)), [row.get("label", "") for row in rows])
    for row, text in zip(rows, first.get_yticklabels(), strict=True):
        text.set_fontweight("bold" if row.get("strong") else "normal")
    finish(figure, spec)


def heading(axes: Any, place: int, text: str, longest: float) -> None:
    axes.text(longest * 0.01, place + 0.1, text, va="center", fontsize=10, fontstyle="italic")


def bar(axes: Any, place: int, row: dict[str, Any], value: list[float], digits: int, longest: float) -> None:
    median, low, high = value
    axes.barh(place, median, height=0.62, color=STRONG if row["strong"] else WEAK)
    axes.plot([low, high], [place, place], color=INK, linewidth=1)
    weight = "bold" if row["strong"] else "normal"
    axes.text(max(median, high) + longest * 0.02, place, f"{median:,.{digits}f}", va="center", fontweight=weight)


def lines(spec: dict[str, Any]) -> None:
    """Lines over a logarithmic axis; the legend is in the order in which the lines end."""
    figure, axes = pyplot.subplots(figsize=(WIDTH_INCHES, 4.6))
    weak = iter(zip(COLOURS, MARKS, strict=True))
    for line in spec["lines"]:
        points = [(x, *value) for x, value in zip(spec["x"], line["values"], strict=True) if value]
        x, median, low, high = zip(*points, strict=True)
        colour, mark = (STRONG, "o") if line["strong"] else next(weak)
        width = 2.6 if line["strong"] else 1.5
        axes.plot(x, median, color=colour, marker=mark, markersize=6, linewidth=width, label=line["label"], zorder=3)
        axes.vlines(x, low, high, color=colour, linewidth=1)
    axes.set_xscale("log")
    axes.set_xticks(spec["x"])
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylim(bottom=0)
    axes.set_xlabel(spec["x_title"])
    axes.set_ylabel(spec["y_title"])
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    ends = [line["values"][-1][0] if line["values"][-1] else 0 for line in spec["lines"]]
    order = sorted(range(len(labels)), key=lambda place: -ends[place])
    axes.legend(
        [handles[place] for place in order],
        [labels[place] for place in order],
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
    )
    finish(figure, spec)


def finish(figure: Any, spec: dict[str, Any]) -> None:
    figure.suptitle(spec["title"], fontsize=12, fontweight="bold", x=0.01, ha="left")
    figure.tight_layout()
    figure.savefig(spec["file"], format="svg", metadata={"Date": None, "Title": spec["title"]})


if __name__ == "__main__":
    for spec in json.load(sys.stdin):
        {"bars": bars, "lines": lines}[spec["kind"]](spec)
