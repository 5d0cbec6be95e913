"""What the doctor looks at on this machine: the programs, the packages, the Terraform provider, the local engine."""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from kit import toolchain
from kit.checkup import Check
from kit.cli import Stop
from kit.engines import engine_on

import project
from engine.box import confinement

PYTHONS = ((3, 10), (3, 13))
NODE = 20
TERRAFORM = (1, 5)
#: From this version on, Terraform and OpenTofu lock a state in S3 without a table.
TERRAFORM_S3_LOCK = (1, 10)
#: The provider that the pinned cdktf package belongs to, and what it takes on the disk.
PROVIDER = "5.100.0"
PROVIDER_MB = 750
REGISTRY = "https://registry.terraform.io/.well-known/terraform.json"


def python() -> Iterator[Check]:
    here = ".".join(map(str, sys.version_info[:3]))
    well = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    yield Check("Python", well, here, "" if well else "install Python 3.10 to 3.13, then `make clean setup`")


def node() -> Iterator[Check]:
    found = _output("node", "--version")
    well = bool(found) and int((re.findall(r"\d+", found) or ["0"])[0]) >= NODE
    missing = f"install Node.js {NODE} or newer, with npm"
    yield Check("Node.js", well, found.removeprefix("v") or "missing", "" if well else missing)


def terraform() -> Iterator[Check]:
    try:
        command = toolchain.terraform()
    except Stop as stop:
        yield Check("Terraform", False, "missing", str(stop).partition(": ")[2])
        return
    try:
        found = json.loads(_output(command, "version", "-json") or "{}").get("terraform_version", "")
    except ValueError:
        found = ""
    least = TERRAFORM_S3_LOCK if project.context().get("state") else TERRAFORM
    well = _numbers(found) >= least
    needed = f"install {command} {'.'.join(map(str, least))} or newer" if not well else ""
    yield Check("Terraform", well, f"{command} {found or 'does not answer'}", needed)


def packages() -> Iterator[Check]:
    """Whether what is installed is what the lock files say."""
    lock = json.loads((project.ROOT / "Pipfile.lock").read_text())
    wrong = [
        f"{name} {found or 'missing'} instead of {entry['version'].removeprefix('==')}"
        for section in ("default", "develop")
        for name, entry in lock[section].items()
        if (found := _installed(name)) != entry["version"].removeprefix("==") and _applies(entry.get("markers", ""))
    ]
    wrong += _node_packages()
    stamp = project.LOCAL_DIR / "layer.synced"
    digest = hashlib.sha256((project.ROOT / "Pipfile.lock").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        wrong.append("the Lambda layer is not that of Pipfile.lock")
    shown = "; ".join(wrong[:3]) + (f"; and {len(wrong) - 3} more" if len(wrong) > 3 else "")
    yield Check("packages", not wrong, shown or "as locked", "`make setup`" if wrong else "")


def provider() -> Iterator[Check]:
    """Where Terraform gets the AWS provider from, and whether there is room for it."""
    cache = Path(os.environ.get("TF_PLUGIN_CACHE_DIR") or Path.home() / ".terraform.d" / "plugin-cache")
    if any(cache.glob(f"*/hashicorp/aws/{PROVIDER}")):
        place, needed = f"in the cache {cache}", 100
    elif mirror := toolchain.find_mirror():
        place, needed = f"in the mirror {mirror}", 100
    else:
        place, needed = "from the Terraform registry", PROVIDER_MB
        if not _reaches(REGISTRY):
            fix = f"connect to the internet, or put a mirror with AWS provider {PROVIDER} under /usr/local/share"
            yield Check("provider", False, f"not here, and {REGISTRY.split('/')[2]} does not answer", fix)
            return
    where = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(where).free // 2**20
    well = free >= needed
    fix = "" if well else f"free {needed} MB on the disk of {where}"
    yield Check("provider", well, f"hashicorp/aws {place}, {free} MB free", fix)


def aws_cli() -> Iterator[Check]:
    """A note: nothing here needs it, but the labs' pages show commands of it."""
    match = re.match(r"aws-cli/((\d+)\S*)", _output("aws", "--version"))
    if not match:
        yield Check("AWS CLI", None, "none; only the commands by hand on the labs' pages need one")
        return
    fix = "on the emulator use it by `scripts/local_aws.py aws`" if match[2] == "1" else ""
    yield Check("AWS CLI", None, f"version {match[2]} ({match[1]})", fix)


def engine(is_target: bool) -> Iterator[Check]:
    """The local engine on its port; another program there matters only to whom wants it."""
    port = project.local_port()
    local = engine_on(port)
    if local.is_healthy():
        yield Check("local engine", True, f"runs at {local.url}")
        yield functions(local.confinement)
    elif local.pid is not None:
        yield Check(
            "local engine", False, f"does not answer at {local.url}", f"`scripts/local_aws.py stop`; {local.log}"
        )
    elif _is_taken(port):
        fix = "stop that program, or `export LOCAL_AWS_PORT=4567`"
        yield Check("local engine", False if is_target else None, f"port {port} is taken by another program", fix)
    else:
        yield Check("local engine", None, f"does not run on port {port}; a local deployment starts it")


def functions(kept: str) -> Check:
    """How the engine keeps functions from the user's files: a note where that is not as good as it might be."""
    well = True if kept == confinement.BOX else None if kept else False
    fix = 'docs/local-engine.md, "What a function can reach"' if well is not True else ""
    return Check("functions", well, confinement.WORDS[kept].removeprefix("functions "), fix)


def _output(*command: str) -> str:
    try:
        environment = {**os.environ, "CHECKPOINT_DISABLE": "1"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _applies(markers: str) -> bool:
    """Whether a locked package is for this Python; `packaging` comes with pytest."""
    try:
        from packaging.markers import Marker
    except ImportError:
        return not markers
    return not markers or Marker(markers).evaluate()


def _node_packages() -> list[str]:
    locked = json.loads((project.ROOT / "package-lock.json").read_text())["packages"]
    wrong = []
    for name in json.loads((project.ROOT / "package.json").read_text())["devDependencies"]:
        try:
            found = json.loads((project.ROOT / "node_modules" / name / "package.json").read_text())["version"]
        except OSError:
            found = "missing"
        if found != locked[f"node_modules/{name}"]["version"]:
            wrong.append(f"{name} {found} instead of {locked[f'node_modules/{name}']['version']}")
    return wrong


def _reaches(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
