"""The off switch, and the one line that is said whenever a stock path is taken.

Both halves (Python, Node) and the command line share these; nothing here imports cdktf or jsii.
"""

import os
import sys

VARIABLE = "FASTSYNTH"


def is_off() -> bool:
    """Tell whether the user asked for the stock behaviour with FASTSYNTH=off (or 0, false, no)."""
    return os.environ.get(VARIABLE, "").strip().lower() in {"0", "false", "off", "no"}


def say_stock_path(reason: str) -> None:
    """Say in one line on stderr why something stays slow; the program itself goes on unharmed."""
    print(f"fastsynth: {reason}; using the stock path", file=sys.stderr, flush=True)
