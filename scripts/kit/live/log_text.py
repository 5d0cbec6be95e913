"""A log line as it is shown in a terminal."""

import time
from collections.abc import Sequence

from rich.text import Text

from kit.cli import escaped
from kit.live.logs import Line

COLOURS = ("cyan", "magenta", "green", "blue", "yellow", "bright_cyan", "bright_magenta", "bright_green")


def as_text(line: Line, functions: Sequence[str]) -> Text:
    """A log line for a terminal: one colour for each function, errors in red."""
    colour = COLOURS[functions.index(line.function) % len(COLOURS)]
    text = Text(f"{clock(line.time_ms)} ", style="dim")
    text.append(f"{line.function} ", style=colour)
    text.append(escaped(line.text), style="red" if line.is_error else "yellow" if line.level == "WARNING" else "")
    for name, value in line.details.items():
        told = ", ".join(map(str, value)) if isinstance(value, list) else value
        text.append(escaped(f" {name}={told}"), style="dim")
    return text


def clock(at_ms: int) -> str:
    """The time of day, where the reader is."""
    return time.strftime("%H:%M:%S", time.localtime(at_ms / 1000))
