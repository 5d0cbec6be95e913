"""What Terraform's state knows of a lab, and whether that is what is deployed: no duplicates, and nothing forgotten.

The state is a file of this checkout (`project.state_file`), or an object in S3 that several checkouts share.
"""

import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from kit.cli import Exit, Stop
from kit.target import Target

import project


def place_of(target: Target, lab: str) -> str:
    """Where the lab's state lies, for a person."""
    place = project.state_object(lab, project.context() | {"prefix": target.prefix}, target.region)
    return f"s3://{place[0]}/{place[1]}" if place else str(project.state_file(lab, target.endpoint, target.prefix))


def read(target: Target, lab: str) -> dict[str, Any]:
    """The lab's state; empty where there is none. Raises Stop when there is no such bucket, or no state in a file."""
    place = project.state_object(lab, project.context() | {"prefix": target.prefix}, target.region)
    try:
        if place:
            body = target.client("s3").get_object(Bucket=place[0], Key=place[1])["Body"].read()
        else:
            body = project.state_file(lab, target.endpoint, target.prefix).read_bytes()
        found: dict[str, Any] = json.loads(body)
        return found
    except FileNotFoundError:
        return {}
    except ValueError:
        raise Stop(f"{place_of(target, lab)} is no Terraform state: restore it, or move it away", Exit.USAGE) from None
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchBucket" and place:
            make = f"`aws s3 mb s3://{place[0]} --region {target.region}`"
            raise Stop(f"the bucket for the state, {place[0]}, does not exist: {make}", Exit.USAGE) from None
        if code in ("NoSuchKey", "404"):
            return {}
        raise


def own_file(target: Target, lab: str) -> Path:
    """The file that is the lab's state under the target's prefix and no other, once it is there."""
    folder = project.ROOT if target.endpoint is None else project.endpoint_dir(target.endpoint)
    return folder / f"terraform.{target.prefix}.{lab}.tfstate"


def begin_own(target: Target, lab: str) -> Path:
    """Make that file, empty: a first lab would have the common name without it.

    For what must touch no other lab, whatever prefix that has. Context `state` must name no bucket.
    """
    path = own_file(target, lab)
    empty = {"version": 4, "terraform_version": "1.5.0", "serial": 0, "lineage": str(uuid.uuid4()), "outputs": {}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**empty, "resources": []}))
    return path


def arns(state: dict[str, Any]) -> set[str]:
    """The ARNs of what this state manages."""
    return {
        str(instance["attributes"]["arn"])
        for resource in state.get("resources", [])
        if resource.get("mode") == "managed"
        for instance in resource.get("instances", [])
        if instance.get("attributes", {}).get("arn")
    }


def knows(target: Target, lab: str) -> bool:
    """Whether the lab's state holds anything."""
    return bool(arns(read(target, lab)))


def check(target: Target, labs: Sequence[str], command: str) -> None:
    """Raises Stop, with a line for each lab whose state is not that of what is deployed at the target."""
    account = str(target.client("sts").get_caller_identity()["Account"])
    problems = [problem for lab in labs for problem in _problems(target, account, lab)]
    if problems:
        raise Stop("\n  ".join([f"nothing was {command}ed, for these reasons:", *problems]), Exit.USAGE)


def _problems(target: Target, account: str, lab: str) -> Iterator[str]:
    known = arns(read(target, lab))
    # S3's ARNs name neither region nor account; those of IAM no region.
    places = {tuple(arn.split(":")[3:5]) for arn in known if all(arn.split(":")[3:5])}
    if places and (target.region, account) not in places:
        region, owner = sorted(places)[0]
        yield (
            f"{lab}: {place_of(target, lab)} is the state of account {owner}, region {region}, and this is {account}, "
            f"{target.region}: destroy it there; if that account is gone, move the file away"
        )
        return
    forgotten = {arn: since for arn, since in _deployed(target, lab) if arn not in known}
    if forgotten:
        local = " --local" if target.local else ""
        since = min(forgotten.values())
        yield (
            f"{lab}: it is deployed at {target} since {since:%Y-%m-%d %H:%M}, and the state of this checkout does not "
            f"know it: go on where it was deployed, or `scripts/leftovers.py {lab} --delete{local}` first"
        )


def _deployed(target: Target, lab: str) -> Iterator[tuple[str, datetime]]:
    """The ports of the lab that are published at the target, as ARNs, and since when."""
    pages = target.client("ssm").get_paginator("get_parameters_by_path")
    for page in pages.paginate(Path=f"/{target.prefix}/{lab}"):
        for parameter in page["Parameters"]:
            yield parameter["ARN"], parameter["LastModifiedDate"]
