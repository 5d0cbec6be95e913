"""Finds where a deployed lab takes messages in and gives results out: its ports, published in SSM Parameter Store."""

import json
import re
from typing import Any

from kit.cli import Exit, Stop
from kit.target import Target

#: What a lab publishes under one name: {"kind": "sqs", "url": ...}; see LabStack.publish.
Port = dict[str, Any]


def ports_of(target: Target, lab: str) -> dict[str, Port]:
    """The ports of `lab`, by name. Raises Stop when the lab is not deployed at the target."""
    check_name(lab)
    ports = _read(target, f"/{target.prefix}/{lab}")
    if not ports:
        deployed = labs_at(target)
        others = f"; deployed there: {', '.join(deployed)}" if deployed else ""
        local = " LOCAL=1" if target.endpoint else ""
        raise Stop(
            f"lab {lab} is not deployed at {target}{others}. Deploy it with `make deploy LAB={lab}{local}`",
            Exit.NOT_DEPLOYED,
        )
    return ports


def check_name(lab: str) -> None:
    """Raises Stop when no lab can have this name."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", lab):
        raise Stop(f"{lab!r} is no name of a lab, for example calculator", Exit.USAGE)


def labs_at(target: Target) -> list[str]:
    """The labs that are deployed at the target."""
    return sorted({path.split("/")[2] for path in _read(target, f"/{target.prefix}", whole_path=True)})


def _read(target: Target, path: str, whole_path: bool = False) -> dict[str, Port]:
    pages = target.client("ssm").get_paginator("get_parameters_by_path")
    found: dict[str, Any] = {}
    for page in pages.paginate(Path=path, Recursive=whole_path):
        for parameter in page["Parameters"]:
            name = parameter["Name"] if whole_path else parameter["Name"].rpartition("/")[2]
            found[name] = json.loads(parameter["Value"])
    return found
