"""The one-off warm-up: makes jsii write its on-disk index of every installed prebuilt provider.

jsii parses a provider's assembly (120 MB of JSON for aws) at every start until the index exists, and
builds the index in a background thread. A fast program ends before that thread does, so it would never
become fast. The warm-up waits for the thread; where none went before, a program waits at its end (`heal`).
jsii drops cache entries that were not used for 30 days; then it is due again.
"""

import functools
import importlib
import importlib.util
import os
import pkgutil
import re
import sys
import time
from pathlib import Path
from typing import NamedTuple

from . import enable, load_ahead, switch
from .lazy_python import is_provider

_LOAD_CALL = re.compile(r'JSIIAssembly\.load\(\s*"([^"]+)",\s*"([^"]+)"')
_POLL_S = 0.1
#: The exit code when jsii's index is not there in time: programs run all the same, slowly.
NOT_FINISHED = 3
#: How long a program that found no index stays for the sake of the next one; jsii takes 2 to 4 s for the index of aws.
_HEAL_S = 30


class Assembly(NamedTuple):
    """What a Python package loads into jsii, and where jsii keeps what it made of it."""

    package: str
    name: str
    version: str

    @property
    def cache(self) -> Path:
        """The folder that holds one folder per build of this version."""
        return cache_root().joinpath(*self.name.split("/"), self.version)

    def is_warm(self) -> bool:
        """Tell whether jsii's index has been written; jsii writes this file last."""
        return any(self.cache.glob(f"*/{_index_file()}"))

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def warm_up(timeout_s: float) -> int:
    """Prepare every installed prebuilt provider; return the exit code.

    Says what it does on stdout. 1: an assembly cannot be loaded at all; NOT_FINISHED: no index in time, said on stderr.
    """
    if switch.is_off():
        print(f"fastsynth: switched off by {switch.VARIABLE}, nothing to warm up")
        return 0
    if _cache_is_disabled():
        print("fastsynth: JSII_RUNTIME_PACKAGE_CACHE disables jsii's cache, nothing to warm up")
        return 0
    assemblies = installed_assemblies()
    if not any(is_provider(assembly.package) for assembly in assemblies):
        print("fastsynth: no prebuilt provider is installed, nothing to warm up")
        return 0
    enable()
    deadline = time.monotonic() + timeout_s
    codes = {_warm_up_one(assembly, deadline) for assembly in assemblies}
    return next(code for code in (1, NOT_FINISHED, 0) if code in codes)


def _warm_up_one(assembly: Assembly, deadline: float) -> int:
    if assembly.is_warm():
        print(f"fastsynth: {assembly} is ready")
        return 0
    print(f"fastsynth: preparing {assembly} for fast starts (once, up to 20 s) ...", end=" ", flush=True)
    start = time.monotonic()
    try:
        importlib.import_module(f"{assembly.package}._jsii")
        # Until then jsii has not made its folder, and a load that failed has not been told.
        load_ahead.wait_for_answers()
    except Exception as error:
        print("failed", flush=True)
        print(f"fastsynth: {assembly} cannot be loaded: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if not _wait_for_index(assembly, deadline):
        print("not finished", flush=True)
        print(f"fastsynth: warning: no index in {assembly.cache} yet; starts stay slow", file=sys.stderr)
        return NOT_FINISHED
    print(f"done in {time.monotonic() - start:.1f} s", flush=True)
    return 0


def _wait_for_index(assembly: Assembly, deadline: float) -> bool:
    """Wait for the index that our Node is writing; False when it will not be written, or not in time."""
    while not assembly.is_warm():
        # A jsii without a cache makes no folder. Where its thread cannot write, it fails and does not say so.
        if not assembly.cache.is_dir() or time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def heal() -> None:
    """Stay until the providers that this program used have an index, which its own Node is writing; say so.

    Due once: after a warm-up that did not finish, in another HOME, or where jsii has dropped its cache.
    """
    if _cache_is_disabled():
        return
    for assembly in filter(None, map(_find_assembly, filter(is_provider, list(sys.modules)))):
        if assembly.is_warm():
            continue
        print(f"fastsynth: {assembly} had no index: preparing it for fast starts (once)", file=sys.stderr, flush=True)
        if is_loaded := f"{assembly.package}._jsii" in sys.modules:
            load_ahead.wait_for_answers()
        if not (is_loaded and _wait_for_index(assembly, time.monotonic() + _HEAL_S)):
            print("fastsynth: no index yet; `python -m fastsynth --warm-up` makes it, or says why", file=sys.stderr)


def installed_assemblies() -> list[Assembly]:
    """List the assemblies of cdktf and of the installed prebuilt providers, in loading order."""
    providers = sorted({module.name for module in pkgutil.iter_modules() if is_provider(module.name)})
    found = (_find_assembly(package) for package in ["constructs", "cdktf", *providers])
    return [assembly for assembly in found if assembly is not None]


def _find_assembly(package: str) -> Assembly | None:
    # Read, not imported: importing starts Node, and a warm cache shall be recognised at once.
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or []:
        source = Path(folder, "_jsii", "__init__.py")
        if source.is_file() and (call := _LOAD_CALL.search(source.read_text(encoding="utf-8"))):
            return Assembly(package, *call.groups())
    return None


def cache_root() -> Path:
    """Return jsii's package cache: where the user put it, or the place that jsii chooses by itself."""
    if root := os.environ.get("JSII_RUNTIME_PACKAGE_CACHE_ROOT"):
        return Path(root)
    home = Path.home()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local or home / "AppData" / "Local") / "AWS" / "jsii" / "package-cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "com.amazonaws.jsii" / "package-cache"
    return home / ".cache" / "aws" / "jsii" / "package-cache"


def _cache_is_disabled() -> bool:
    return os.environ.get("JSII_RUNTIME_PACKAGE_CACHE", "enabled").lower() != "enabled"


@functools.cache
def _index_file() -> str:
    """Return the name of the index that the installed jsii reads; a wildcard if it does not tell."""
    # After an upgrade of jsii an index of the older version may lie there and be of no use.
    spec = importlib.util.find_spec("jsii")
    for folder in (spec and spec.submodule_search_locations) or []:
        program = Path(folder, "_embedded", "jsii", "lib__program.js")
        if program.is_file() and (
            version := re.search(r"\.RUNTIME_INDEX_VERSION=(\d+)", program.read_text(encoding="utf-8"))
        ):
            return f".jsii.runtime.v{version[1]}.json"
    return ".jsii.runtime.v*.json"
