"""Starts a program in a box, from the engine's side."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from engine.box import room, seatbelt

LAUNCHER = str(Path(__file__).with_name("launcher.py"))


def started(
    program: room.Program, confinement: str, engine: dict[str, str], function: dict[str, Any], **pipes: Any
) -> "subprocess.Popen[str]":
    """The process that stands for the box: when it is terminated, so is everything in it. `pipes` as for Popen.

    `engine` is the environment that the engine has for the function, `function` the function's configuration.
    """
    folder = tempfile.TemporaryDirectory(prefix="ministack-lambda-box-")
    spec = room.spec(program, confinement, Path(folder.name))
    process = subprocess.Popen(command(spec), cwd="/", env=room.environment(engine, function, spec), **pipes)
    process.box = folder  # type: ignore[attr-defined]  # removed with the last reference to the process
    return process


def command(spec: dict[str, Any]) -> list[str]:
    """What to run: the base interpreter, without the project's packages (`-I -S` see to the rest)."""
    interpreter: str = getattr(sys, "_base_executable", sys.executable)
    kept = seatbelt.command(spec) if spec["confinement"] == "seatbelt" else []
    return [*kept, interpreter, "-I", "-S", "-X", "utf8", LAUNCHER, json.dumps(spec)]


def most_memory_kb(process: "subprocess.Popen[str]") -> int:
    """The most memory that a box has had, in KB, as far as its watch has seen it."""
    try:
        return int(room.memory_file(Path(process.box.name)).read_text())  # type: ignore[attr-defined]
    except (OSError, ValueError, AttributeError):
        return 0
