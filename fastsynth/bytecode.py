"""Bytecode for the stock path, where the installer left it out (`pip install --no-compile`).

A fast program compiles the few modules of a provider that it names, as it imports them. A stock one imports all of
them, 2,135 in aws: as they come that takes a minute the first time, compiled beforehand on all cores half of it.
"""

import importlib.util
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .lazy_python import is_provider


def compile_providers() -> None:
    """Compile every installed prebuilt provider that lacks bytecode, and say so on stderr; often nothing is to do."""
    if sys.dont_write_bytecode:
        return
    for folder in _providers():
        if os.access(folder, os.W_OK) and not _is_compiled(folder):
            print(f"fastsynth: compiling {folder.name}, once, for stock starts ...", file=sys.stderr, flush=True)
            # In processes of its own: this one's are not to be forked, and a spawned one would run the program again.
            command = [sys.executable, "-m", "compileall", "-q", "-j", "0", str(folder)]
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _providers() -> Iterator[Path]:
    # Found, not imported: importing one is what shall be fast.
    for name in sorted({module.name for module in pkgutil.iter_modules() if is_provider(module.name)}):
        spec = importlib.util.find_spec(name)
        yield from map(Path, (spec and spec.submodule_search_locations) or [])


def _is_compiled(folder: Path) -> bool:
    return all(Path(importlib.util.cache_from_source(str(module))).exists() for module in folder.glob("*/__init__.py"))
