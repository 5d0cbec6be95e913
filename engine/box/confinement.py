"""How well this machine can keep a function in: found out by trying, once for each start of the engine."""

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from engine.box import start
from engine.box.room import Program

#: Set to start functions without a box, where none can be made.
UNCONFINED = "LAB_UNCONFINED"
BOX, LANDLOCK, SEATBELT, NONE = "box", "landlock", "seatbelt", "unconfined"
#: The better first.
BY_PLATFORM = {"linux": (BOX, LANDLOCK), "darwin": (SEATBELT,)}
#: Where the engine leaves what it has found, in its folder.
FILE = "confinement"

WORDS = {
    BOX: "functions run in a box of their own",
    LANDLOCK: "functions open their own files only, but have no /tmp of their own: this system allows no namespaces",
    SEATBELT: "functions write to their own folder only, and do not read your files; they have no /tmp of their own",
    NONE: "functions run unconfined: they may read, change and delete whatever you may",
    "": (
        "functions do not run: this system offers nothing to keep them from your files (docs/local-engine.md). Where "
        "you trust their code: `scripts/local_aws.py stop`, then `scripts/local_aws.py start --unconfined`"
    ),
}


@functools.cache
def found() -> str:
    """The best confinement that works here, or NONE if the user wants it so; else nothing."""
    if os.environ.get(UNCONFINED) == "1":
        return NONE
    return next(filter(works, BY_PLATFORM.get(sys.platform, ())), "")


def works(kind: str) -> bool:
    """Whether a program kept in this way runs, and cannot write where it must not."""
    with tempfile.TemporaryDirectory(prefix="ministack-lambda-probe-") as folder:
        outside = Path(folder, "outside")
        program = Program(command=("/bin/sh", "-c", f"echo kept; echo out > {outside}"), speaking=False)
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        try:
            tried = start.started(program, kind, {}, {}, **pipes)
            kept = tried.communicate(timeout=20)[0].strip() == "kept"
        except (OSError, subprocess.TimeoutExpired):
            return False
        return kept and not outside.exists()
