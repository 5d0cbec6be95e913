"""The throw-away virtual environments of the peers and of the charts: made on first use, kept, never the project's."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench import WORK, BenchError


def python(name: str, requirements: Path) -> Path:
    """The Python of the environment `.local/bench/<name>`, with exactly the pinned packages of `requirements`.

    Made anew when the requirements or the project's Python change. Raises BenchError when it cannot be made.
    """
    folder = WORK / name
    interpreter = folder / "bin" / "python"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest() + " " + sys.version.split()[0]
    stamp = folder / ".made-of"
    if interpreter.exists() and stamp.exists() and stamp.read_text() == wanted:
        return interpreter
    print(f"making the environment {name} (once) ...", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    # The interpreter below the project's environment: that environment may be removed at any time.
    base = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    _run(base, "-m", "venv", str(folder))
    _run(interpreter, "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", str(requirements))
    stamp.write_text(wanted)
    return interpreter


def pinned(requirements: Path, package: str) -> str:
    """The version of `package` that the requirements pin."""
    for line in requirements.read_text().splitlines():
        name, _, version = line.partition("==")
        if name.strip() == package:
            return version.strip()
    raise BenchError(f"{requirements.name} does not pin {package}")


def _run(program: Path, *arguments: str) -> None:
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run([program, *arguments], env=environ, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"{program.name} {' '.join(arguments)} failed:\n{(done.stdout + done.stderr)[-2000:]}")
