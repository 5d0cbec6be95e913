"""Pieces of Markdown that the sections of the report share."""

from collections.abc import Sequence

from bench.samples import Sample


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are numbers, and flush right."""
    align = [":--", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, align, *rows))


def median_and_range(sample: Sample | None, digits: int = 2) -> str:
    """`median (min–max)`, or a dash for what was not measured."""
    if sample is None:
        return "–"
    return f"{sample.median:,.{digits}f} ({sample.low:,.{digits}f}–{sample.high:,.{digits}f})"


def times(ratio: float | None) -> str:
    """A ratio as in `9.3×`, or a dash."""
    return "–" if ratio is None else f"{ratio:.1f}×"
