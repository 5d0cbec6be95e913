#!/usr/bin/env python3
"""Draw the labs from their stacks, and their workflows from the definitions, into docs/img/.

scripts/draw.py all
scripts/draw.py calculator

For each lab: <lab>.svg and <lab>.png, and <lab>.json, the graph that was drawn, which watch.py and console.py follow.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from kit.cli import Exit, Parser, Stop, run
from kit.output import say
from kit.pictures.album import Picture, draw_all, write

import project

#: Dedicated roles say who may do what; the rest of the stack is the same.
OPTIONS = "role=dedicated"


def main() -> int:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        stacks = synthesize(Path(folder))
    if arguments.lab != "all" and arguments.lab not in stacks:
        raise Stop(f"there is no lab {arguments.lab}; labs are {', '.join(stacks)}", Exit.USAGE)
    chosen = stacks if arguments.lab == "all" else {arguments.lab: stacks[arguments.lab]}
    pictures: list[Picture] = draw_all(chosen)
    for picture in pictures:
        write(picture)
        say(f"  {picture.path('svg').relative_to(project.ROOT)}")
    return Exit.DONE


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", nargs="?", default="all", help="a lab, or `all` (default)")
    return parser.parse_args()


def synthesize(folder: Path) -> dict[str, Any]:
    """The Terraform JSON of every lab, by its name, whatever this shell's target and options are. Raises Stop."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAB_"))}
    environment = {**kept, "LAB_CONTEXT": OPTIONS, "CDKTF_OUTDIR": str(folder)}
    command = [sys.executable, str(project.ROOT / "main.py")]
    done = subprocess.run(command, cwd=project.ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise Stop(f"the stacks could not be synthesized: {done.stderr.strip()[-2000:]}", Exit.ERROR_REPLY)
    return {path.parent.name: json.loads(path.read_text()) for path in sorted(folder.glob("stacks/*/cdk.tf.json"))}


if __name__ == "__main__":
    run(main)
