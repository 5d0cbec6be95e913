"""What the stacks and the scripts must agree on: names, region, endpoint, and the guard between laptop and AWS.

Both sides read the same places, in the same order, so that a script always looks where the stack was deployed:

- names and options: `context` in cdktf.json, each value replaceable for one command by the variable LAB_CONTEXT
  (`LAB_CONTEXT="prefix=ana clock.enabled=false"`);
- region: AWS_REGION, AWS_DEFAULT_REGION, then `region` of the context;
- endpoint: AWS_ENDPOINT_URL, as the AWS SDKs and the Terraform AWS provider read it.

Imports nothing but the standard library: scripts start in a blink.
"""

import ipaddress
import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
LOCAL_DIR = ROOT / ".local"

#: What the local engine accepts as an identity. AWS never issues such keys: its access key ids have 20 characters
#: and begin with AKIA or ASIA (IAM User Guide, "IAM identifiers").
EMULATOR_KEY = "test"

ContextValue = str | bool | int
#: What the context says of the whole project; a lab's options are named LAB.OPTION, and its stack knows them.
COMMON = ("prefix", "region", "role", "state")

#: What holds where cdktf.json says nothing.
DEFAULTS: Mapping[str, ContextValue] = {"prefix": "lab", "region": "us-east-1", "role": "LabRole"}


class ProjectError(Exception):
    """Something the user can put right. Its text is one plain line per problem, shown without a traceback."""


def context(environ: Mapping[str, str] = os.environ) -> dict[str, ContextValue]:
    """The project's context: the defaults, cdktf.json's values over them, those of LAB_CONTEXT on top.

    Raises ProjectError when LAB_CONTEXT is not a list of `name=value`, or has names that neither the project nor a lab
    can have.
    """
    values: dict[str, ContextValue] = {**DEFAULTS, **json.loads((ROOT / "cdktf.json").read_text()).get("context", {})}
    text = environ.get("LAB_CONTEXT", "")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ProjectError(f"LAB_CONTEXT: {error}: {text}") from None
    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if not equals or not name:
            example = "for example clock.enabled=false"
            if not equals and number:  # it may belong to the value before it
                example = f"and a value with blanks in quotes: {shlex.quote(f'{words[number - 1]} {word}')}"
            raise ProjectError(f"LAB_CONTEXT: expected name=value, not {word!r}, {example}")
        if name not in values and name not in COMMON and "." not in name:
            known = ", ".join(COMMON)
            raise ProjectError(
                f"context {name}: there is no such option; known: {known}, and those of a lab, such as clock.enabled"
            )
        values[name] = value
    return values


def region(values: Mapping[str, ContextValue], environ: Mapping[str, str] = os.environ) -> str:
    """The region of everything deployed, as the module's docstring orders the sources."""
    return (
        environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or str(values.get("region", DEFAULTS["region"]))
    )


def partition(where: str) -> str:
    """The partition of a region, which begins every ARN of it (IAM User Guide, "Amazon Resource Names", Format)."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(where.rpartition("-")[0].rpartition("-")[0], "aws")


def endpoint(environ: Mapping[str, str] = os.environ) -> str | None:
    """The endpoint in force instead of AWS, or None. Raises ProjectError when it is no http(s) address."""
    url = environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
    if not url:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        usable = False
    if not usable:
        raise ProjectError(f"AWS_ENDPOINT_URL is not an address like http://127.0.0.1:4566: {url}")
    return url


def local_endpoint(environ: Mapping[str, str] = os.environ) -> str:
    """Where the local engine is: the endpoint in force, or port 4566 (LOCAL_AWS_PORT) of this machine.

    Raises ProjectError when an endpoint is in force that is not on this machine.
    """
    url = endpoint(environ)
    if url and not is_loopback(url):
        raise ProjectError(
            f"AWS_ENDPOINT_URL is {url}, not this machine: nothing was sent. Unset it, or leave out --local"
        )
    return url or f"http://127.0.0.1:{local_port(environ)}"


def local_port(environ: Mapping[str, str] = os.environ) -> int:
    """The local engine's port: LOCAL_AWS_PORT or 4566. Raises ProjectError when it is no port."""
    text = environ.get("LOCAL_AWS_PORT", "4566")
    if not re.fullmatch(r"\d{1,5}", text) or not 0 < int(text) < 65536:
        raise ProjectError(f"LOCAL_AWS_PORT must be a port number, not {text!r}")
    return int(text)


def is_loopback(url: str) -> bool:
    """Whether the address can only be this machine (RFC 1122 127/8, RFC 4291 ::1, RFC 6761 localhost)."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_emulator_key(access_key_id: str) -> bool:
    """Whether the access key id is the local engine's: `test`, or an account number of 12 digits."""
    return access_key_id == EMULATOR_KEY or bool(re.fullmatch(r"\d{12}", access_key_id))


def emulator_credentials(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The credentials for the local engine: those of the environment if they are an emulator's, else `test`."""
    key = environ.get("AWS_ACCESS_KEY_ID", "")
    return {"AWS_ACCESS_KEY_ID": key if is_emulator_key(key) else EMULATOR_KEY, "AWS_SECRET_ACCESS_KEY": EMULATOR_KEY}


def guard(url: str | None, access_key_id: str | None) -> None:
    """Stop before a mix of laptop and AWS is sent anywhere.

    Raises ProjectError for anything but the emulator's credentials on their way to another endpoint than AWS, and
    for the emulator's credentials on their way to AWS.
    """
    if url and not (access_key_id and is_emulator_key(access_key_id)):
        raise ProjectError(
            f"AWS_ENDPOINT_URL points to {url}, but the credentials are not the local engine's: nothing was sent. "
            "For the local engine use --local or LOCAL=1, for AWS unset AWS_ENDPOINT_URL"
        )
    if not url and access_key_id and is_emulator_key(access_key_id):
        raise ProjectError(
            "the credentials are the local engine's, but no endpoint is set, so this would go to AWS: nothing was "
            "sent. For the local engine use --local or LOCAL=1, for AWS set your account's credentials"
        )


def state_file(lab: str, url: str | None, prefix: str) -> Path:
    """Where Terraform keeps the lab's state: one file per lab for AWS, another per lab and endpoint elsewhere.

    The lab under another prefix is another lab. Whichever is deployed first has `terraform.<lab>.tfstate`; one beside
    it has `terraform.<prefix>.<lab>.tfstate`, from then on.
    """
    folder = ROOT if url is None else endpoint_dir(url)
    first, own = folder / f"terraform.{lab}.tfstate", folder / f"terraform.{prefix}.{lab}.tfstate"
    return own if own.exists() or prefix not in (_prefixes(first, lab) or {prefix}) else first


def _prefixes(state: Path, lab: str) -> set[str]:
    """The prefixes of the labs of this name that a state holds: by their ports, or by other names if none is there yet.

    Empty where it holds no lab, or is no state.
    """
    try:
        resources = json.loads(state.read_text())["resources"]
        values = [instance["attributes"] or {} for resource in resources for instance in resource["instances"]]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    names = [
        str(each[key]) for each in values for key in ("name", "function_name", "bucket", "alarm_name") if key in each
    ]
    ports = (re.fullmatch(rf"/([^/]+)/{re.escape(lab)}/[^/]+", name) for name in names)
    others = (re.fullmatch(rf"([a-z][a-z0-9-]*?)-{re.escape(lab)}-.+", name) for name in names)
    return {found[1] for found in ports if found} or {found[1] for found in others if found}


def state_object(lab: str, values: Mapping[str, ContextValue], where: str) -> tuple[str, str] | None:
    """The bucket and key of the lab's state in region `where`, when the context's `state` names a bucket; or None.

    One object for each region, prefix and lab, so that several people can share a bucket.
    """
    match = re.fullmatch(r"s3://([^/]+)/?(.*?)/?", str(values.get("state", "")))
    if not match:
        return None
    return match[1], "/".join(
        filter(None, [match[2], where, str(values.get("prefix", DEFAULTS["prefix"])), f"{lab}.tfstate"])
    )


def endpoint_dir(url: str) -> Path:
    """The folder of everything that belongs to one endpoint: engine data, log, process id, Terraform state."""
    host = urlsplit(url).hostname or ""
    name = "127.0.0.1" if is_loopback(url) else host
    port = urlsplit(url).port or (443 if url.startswith("https") else 80)
    return LOCAL_DIR / f"{name}-{port}"
