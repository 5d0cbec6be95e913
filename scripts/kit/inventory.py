"""Everything of this project in an account and region, by tag and by name, whatever any Terraform state knows.

Each kind that labs consist of is listed by its own service and known by its name, which begins `<prefix>-<lab>-`: some
cannot be tagged (layers, archives), and the local engine's Resource Groups Tagging API lacks many. By the tag `project`
that API finds what is of any other kind.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from kit.aws_errors import has_ended, is_denied
from kit.cli import Exit, Stop
from kit.listings import KINDS, kind_of
from kit.target import Target

import project

TAG = "serverless-labs"
#: A lab's functions have a folder of its name; what all share is no lab.
LABS = tuple(
    sorted(
        path.name
        for path in (project.ROOT / "lambda").iterdir()
        if path.is_dir() and path.name != "layer" and not path.name.startswith(("_", "."))
    )
)


@dataclass(frozen=True)
class Found:
    """A resource in the account. `handle` is what its deletion needs; `running` says why it costs by time, if so."""

    kind: str
    name: str
    lab: str
    handle: str
    running: str = ""


def check_lab(lab: str | None) -> None:
    """Raises Stop for a word that is no lab; None stands for all of them."""
    if lab not in (None, *LABS):
        raise Stop(f"there is no lab {lab!r}; there are {', '.join(LABS)}", Exit.USAGE)


def take(target: Target, lab: str | None = None) -> tuple[list[Found], list[str], list[str]]:
    """Everything of the target's prefix, or of one lab of it, and a line for each kind that could not be listed.

    The lines of the kinds that this user may not list come first, apart from those where something went wrong. Raises
    what boto3 raises where no kind can be listed: no connection, bad credentials, no permission at all.
    """
    found: dict[tuple[str, str], Found] = {}
    denied: list[str] = []
    problems: list[str] = []
    listed: set[str] = set()
    first: ClientError | None = None
    for kind in KINDS:
        try:
            for name, handle, running in kind.listing(target.client(kind.service)):
                if owner := lab_of(name, target.prefix):
                    found[kind.word, handle] = Found(kind.word, _short(name), owner, handle, running)
            listed.add(kind.word)
        except ClientError as error:
            first = first or error
            if is_denied(error):
                denied.append(f"{kind.word}s could not be listed: you may not ({error.operation_name})")
                continue
            if kind is KINDS[0] or has_ended(error):
                raise
            problems.append(f"{kind.word}s could not be listed: {error}")
    if first and not listed:
        raise first
    try:
        for tagged in _tagged(target):
            # What has been deleted keeps its tags for a while; its own service knows better.
            if tagged.kind not in listed:
                found[tagged.kind, tagged.handle] = tagged
    except ClientError as error:
        (denied if is_denied(error) else problems).append(
            f"tagged resources of other kinds could not be listed: {'you may not' if is_denied(error) else error}"
        )
    order = [kind.word for kind in KINDS]
    everything = [each for each in found.values() if lab in (None, each.lab)]
    return sorted(everything, key=lambda each: (each.lab, _rank(order, each.kind), each.name)), denied, problems


def _rank(order: list[str], kind: str) -> int:
    return order.index(kind) if kind in order else len(order)


def lab_of(name: str, prefix: str) -> str | None:
    """The lab that a resource of this name belongs to: `<prefix>-<lab>-<thing>`, or `/<prefix>/<lab>/<port>`."""
    # A prefix may be a word of AWS's own, as in /aws/lambda/lambda-clock-tell-time: only both together are a lab's.
    begins = rf"(?:^|/){re.escape(prefix)}[-/]"
    return next((lab for lab in LABS if re.search(rf"{begins}{re.escape(lab)}[-/]", name)), None)


def _short(name: str) -> str:
    """A queue's name out of its URL; other names as they are."""
    return name.rpartition("/")[2] if name.startswith("http") else name


def _tagged(target: Target) -> Iterator[Found]:
    """What carries the project's tag, but for what tells by its name that it is of another prefix."""
    filters = [{"Key": "project", "Values": [TAG]}]
    pages = target.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(TagFilters=filters)
    for page in pages:
        for mapping in page["ResourceTagMappingList"]:
            arn = mapping["ResourceARN"]
            lab = next((tag["Value"] for tag in mapping["Tags"] if tag["Key"] == "lab"), "?")
            kind, name = kind_of(arn)
            if lab_of(name, target.prefix) or not re.search(rf"[-/]{re.escape(lab)}[-/]", name):
                yield Found(kind, name, lab, arn)
