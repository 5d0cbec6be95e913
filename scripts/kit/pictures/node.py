"""Runs `render.mjs`: Graphviz and the SVG renderer, which come with the project's npm packages."""

import base64
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kit.cli import Exit, Stop

SCRIPT = Path(__file__).with_name("render.mjs")
TIMEOUT_S = 120
#: Pixels of a PNG for each of its picture's: sharp on screens with small pixels.
PNG_SCALE = 2


def layouts(dots: Mapping[str, str]) -> dict[str, Any]:
    """Graphviz's layout of each graph in its language, as JSON. Raises Stop."""
    return _run({"layouts": dots})


def pngs(svgs: Mapping[str, str]) -> dict[str, bytes]:
    """Each SVG as PNG. Raises Stop."""
    return {name: base64.b64decode(data) for name, data in _run({"svgs": svgs, "scale": PNG_SCALE}).items()}


def _run(order: dict[str, Any]) -> dict[str, Any]:
    node = shutil.which("node")
    if not node:
        raise Stop("Node.js is missing: install version 20 or newer", Exit.USAGE)
    done = subprocess.run(
        [node, str(SCRIPT)], input=json.dumps(order), capture_output=True, text=True, timeout=TIMEOUT_S
    )
    if done.returncode:
        if "ERR_MODULE_NOT_FOUND" in done.stderr:
            raise Stop("the project's npm packages are missing: run `make setup`", Exit.USAGE)
        raise Stop(f"{SCRIPT.name} failed: {done.stderr.strip()[-400:]}", Exit.ERROR_REPLY)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
