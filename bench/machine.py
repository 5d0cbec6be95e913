"""What the figures belong to: the machine and the versions, in words for the report."""

import os
import platform
import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from bench import synths
from bench.process import environment

OURS = ("cdktf", "cdktf-cdktf-provider-aws", "jsii", "ministack", "boto3")


def describe() -> dict[str, str]:
    """Heading -> text, in the order of the report."""
    load = f"{os.getloadavg()[0]:.1f}"
    return {
        "Date": now(),
        "Machine": f"{os.cpu_count()} cores ({_cpu_model()}), {_memory_gib():.0f} GiB of memory, {_system()}",
        "Load before the start": f"{load} (average of one minute)",
        "Python": platform.python_version(),
        "Node.js": _first_line("node", "--version"),
        "Terraform": _first_line("terraform", "version").removeprefix("Terraform "),
        "This project": ", ".join(f"{name} {version(name)}" for name in OURS),
        **{f"Peer {peer}": text for peer, text in synths.versions().items()},
    }


def now() -> str:
    """The time, in UTC, to the minute."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _system() -> str:
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _first_line(*command: str) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, env=environment()).stdout
    except OSError:
        return "not found"
    # Terraform may first warn about the user's configuration.
    lines = [line for line in answer.splitlines() if any(digit in line for digit in "0123456789")]
    return lines[0] if lines else "unknown"
