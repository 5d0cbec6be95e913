#!/usr/bin/env python3
"""Check the form and the types of everything: ruff, then mypy. Every finding is shown, then the exit code says."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

RUFF = [["ruff", "check", "."], ["ruff", "format", "--check", "."]]
#: mypy once for each group of files that see each other: a module may have the name of one elsewhere.
MYPY = [
    ["main.py", "project.py", "stacks", "engine", "fastsynth", "bench"],
    ["scripts"],
    *([str(folder.relative_to(ROOT))] for part in ("lambda", "tests") for folder in sorted((ROOT / part).glob("*/"))),
]


def main() -> int:
    commands = [*RUFF, *(["mypy", *group] for group in MYPY)]
    # The modules of a lab's functions import each other by their names alone, as they do in a function.
    environment = {**os.environ, "MYPYPATH": os.pathsep.join(map(str, (ROOT / "lambda").glob("*/")))}
    return max(
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=environment).returncode for command in commands
    )


if __name__ == "__main__":
    sys.exit(main())
