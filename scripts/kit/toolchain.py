"""The programs behind a deployment (cdktf, Terraform, Node) and the environment in which they work here."""

import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kit.cli import Exit, Stop
from kit.output import say

import project

if TYPE_CHECKING:
    from kit.target import Target

CDKTF = project.ROOT / "node_modules" / ".bin" / "cdktf"
#: Where schools and offline images keep a filesystem mirror of providers.
MIRROR_ROOTS = (Path("/opt"), Path("/usr/local/share"), Path("/usr/share"))
MIRROR_DEPTH = 3
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
#: This machine, as programs look for it in NO_PROXY: a domain is meant with all below it.
LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: Resources at a time; more than Terraform's 10, because most of the time goes by in waiting for AWS.
PARALLELISM = 30


def terraform() -> str:
    """The Terraform command: TERRAFORM_BINARY_NAME (cdktf's own variable), terraform, or tofu. Raises Stop."""
    names = [os.environ.get("TERRAFORM_BINARY_NAME", ""), "terraform", "tofu"]
    for name in filter(None, names):
        if shutil.which(name):
            return name
    raise Stop("Terraform is missing: install Terraform 1.5 or newer, or OpenTofu, and put it on the PATH", Exit.USAGE)


def check() -> None:
    """Raises Stop, naming everything that a deployment needs and that is missing."""
    missing = []
    if not shutil.which("node"):
        missing.append("Node.js is missing: install version 20 or newer")
    if not CDKTF.exists():
        missing.append("cdktf-cli is not installed: run `make setup`")
    if missing:
        raise Stop("; ".join(missing), Exit.USAGE)
    terraform()


def environment() -> dict[str, str]:
    """Variables that cdktf and Terraform need on this machine, whatever the target."""
    variables = {
        "CHECKPOINT_DISABLE": "1",  # no calls home
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        "TERRAFORM_BINARY_NAME": terraform(),
    }
    mirror = None if _is_configured() else find_mirror()
    if mirror:
        variables["TF_CLI_CONFIG_FILE"] = str(_mirror_configuration(mirror))
        variables |= _cache(mirror)
        # cdktf would ask the registry for the checksums of other platforms.
        variables["CDKTF_SKIP_PROVIDER_LOCK"] = "true"
    return variables


def clean(environ: Mapping[str, str], *, local: bool, profile: str | None = None) -> dict[str, str]:
    """The user's environment for a child process, without credentials that would win over the chosen ones.

    For the local engine nothing of a real account is left. With a profile, keys in variables go: the AWS CLI lets the
    profile win, Terraform would let the variables.
    """
    if local:
        kept = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
        return kept | {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {name: value for name, value in environ.items() if not (profile and name in KEYS)}


def environment_at(target: "Target", environ: Mapping[str, str]) -> dict[str, str]:
    """The user's environment for the app, cdktf and Terraform, turned to the target."""
    own = clean(environ, local=target.local, profile=target.profile)
    if target.local:
        return own | local_environment(target.endpoint or "")
    profile = {"AWS_PROFILE": target.profile} if target.profile else {}
    return own | {"AWS_REGION": target.region, **profile, **environment()}


def local_environment(url: str) -> dict[str, str]:
    """The variables that turn Terraform and cdktf to the local engine, and those of `environment`."""
    return {**sdk_environment(url), **environment()}


def sdk_environment(url: str) -> dict[str, str]:
    """The variables that turn the AWS SDKs to the local engine, with no proxy in between.

    The second name of the region is for Python's, which does not know the first.
    """
    region = project.region(project.context())
    return {
        "AWS_ENDPOINT_URL": url,
        **project.emulator_credentials(),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **no_proxy(os.environ),
    }


def no_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's NO_PROXY and this machine, under both its names, as some programs read only one; nothing where there
    are no proxies, as on macOS Python takes any such variable for all that there is to know, and not the system's.
    """
    if not any(environ.get(name) or environ.get(name.upper()) for name in ("http_proxy", "https_proxy", "all_proxy")):
        return {}
    text = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    names = [name.strip() for name in text.split(",") if name.strip()]
    value = text if "*" in names else ",".join(dict.fromkeys([*names, *LOOPBACK]))
    return {"NO_PROXY": value, "no_proxy": value}


def _is_configured() -> bool:
    """Whether the user has a Terraform CLI configuration. A variable that names a missing file is none."""
    named = os.environ.get("TF_CLI_CONFIG_FILE") or os.environ.get("TERRAFORM_CONFIG")
    if named and Path(named) != _CONFIGURATION:
        return Path(named).is_file()
    return (Path.home() / ".terraformrc").is_file()


_CONFIGURATION = project.LOCAL_DIR / "terraform.rc"


_MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
#: The AWS provider in a mirror or a cache, in any version for this platform.
_PACKAGES = f"registry.terraform.io/hashicorp/aws/*/{platform.system().lower()}_{_MACHINE}"


@cache
def find_mirror() -> Path | None:
    """A filesystem mirror on this machine that holds the AWS provider, in any version for this platform."""
    for folder in _folders(MIRROR_ROOTS):
        if any(folder.glob(_PACKAGES)):
            say(f"Terraform takes the AWS provider from the mirror {folder}")
            return folder
    return None


def _folders(roots: tuple[Path, ...], depth: int = MIRROR_DEPTH) -> Iterator[Path]:
    for root in roots:
        try:
            inside = [Path(entry.path) for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        if any(path.name == "registry.terraform.io" for path in inside):
            yield root
        elif depth:
            yield from _folders(tuple(inside), depth - 1)


def _cache(mirror: Path) -> dict[str, str]:
    """Terraform's cache of providers, in which the mirror's are linked already.

    Where there is no lock file yet, Terraform makes such a link anew at every init, also while another deployment opens
    it, and that one then misses its provider. Told that the lock file may lack other platforms, it takes what is there.
    """
    if os.environ.get("TF_PLUGIN_CACHE_DIR"):
        return {}
    folder = project.LOCAL_DIR / "plugin-cache"
    for package in mirror.glob(_PACKAGES):
        link = folder / package.relative_to(mirror)
        if link.resolve() != package.resolve():
            link.parent.mkdir(parents=True, exist_ok=True)
            made = link.with_name(f"{link.name}.{os.getpid()}")
            made.symlink_to(package)
            made.replace(link)
    return {"TF_PLUGIN_CACHE_DIR": str(folder), "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "true"}


def _mirror_configuration(mirror: Path) -> Path:
    """A Terraform CLI configuration that takes the AWS provider from the mirror, and others from where they are."""
    source = "registry.terraform.io/hashicorp/aws"
    text = f"""provider_installation {{
  filesystem_mirror {{
    path    = {json.dumps(str(mirror))}
    include = ["{source}"]
  }}
  direct {{
    exclude = ["{source}"]
  }}
}}
"""
    if not _CONFIGURATION.is_file() or _CONFIGURATION.read_text() != text:  # it may be there, and not to be written
        _CONFIGURATION.parent.mkdir(exist_ok=True)
        _CONFIGURATION.write_text(text)
    return _CONFIGURATION
