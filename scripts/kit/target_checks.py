"""What the doctor looks at where the labs go: endpoint, credentials, account, region, role, what is deployed there."""

import json
import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from kit import account_rules, inventory, state
from kit.aws_errors import explain, has_ended
from kit.checkup import Check
from kit.cli import Exit, Stop
from kit.target import Target

import project

#: The services that run as the role, as the labs' dedicated roles name them.
TRUSTED = ("events", "firehose", "lambda", "states")
SESSION_S = 4 * 3600
#: The role by which a Learner Lab's user works in the account.
STUDENT = "assumed-role/voclabs/"
#: A line for every kind that goes on costing; more of a kind are counted.
WHAT_COSTS = {
    "event source": "event sources that poll",
    "rule": "schedules",
    "schedule": "schedules",
    "stream": "streams",
    "alarm": "alarms (0.10 USD a month each)",
}


def endpoint(target: Target) -> Iterator[Check]:
    """Laptop and AWS not mixed: addresses in the environment lead where the credentials belong."""
    for name, value in sorted(os.environ.items()):
        if name.startswith("AWS_ENDPOINT_URL_") and not target.local:
            yield Check("endpoint", False, f"{name} leads one service to {value}", f"`unset {name}`")
    try:
        _ = target.session
    except project.ProjectError as error:
        found, _, fix = str(error).partition(": nothing was sent. ")
        yield Check("endpoint", False, found, fix)
        return
    yield Check("endpoint", True, str(target))


def identity(target: Target) -> dict[str, str]:
    """Whose account it is, once its credentials have proved good for more than to say so. Raises what boto3 raises.

    At the end of a Learner Lab's session STS goes on answering, and nothing else does.
    """
    found: dict[str, str] = target.client("sts").get_caller_identity()
    try:
        target.client("ssm").get_parameters_by_path(Path=f"/{target.prefix}", MaxResults=1)
    except ClientError as error:
        if has_ended(error):
            raise
    return found


def credentials(target: Target) -> Iterator[Check]:
    """Whose account it is. Raises what boto3 raises where that cannot be said."""
    owner = identity(target)
    who = owner["Arn"].rpartition(":")[2]
    student = STUDENT in owner["Arn"]
    kind = ", a Learner Lab" if student else "" if target.endpoint else ", not a Learner Lab"
    yield Check("credentials", True, f"account {owner['Account']}{kind}, as {who}{_session_end(target, who)}")
    if project.context().get("role") == account_rules.ROLE and not target.local:
        well = target.region in account_rules.REGIONS
        fix = "" if well else f"`export AWS_REGION={account_rules.REGIONS[0]}`"
        yield Check("region", well, target.region + ("" if well else " is not a Learner Lab's"), fix)


def _session_end(target: Target, who: str) -> str:
    """When copied credentials end: the token does not say, the time at which they were copied does, about."""
    found = target.session.get_credentials()
    if STUDENT not in who + "/" or not found or found.method != "shared-credentials-file":
        return ""
    path = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or Path.home() / ".aws" / "credentials")
    end = path.stat().st_mtime + SESSION_S
    return f"; the session ends {f'about {datetime.fromtimestamp(end):%H:%M}' if end > time.time() else 'soon'}"


def role(target: Target) -> Iterator[Check]:
    """The role that everything runs as: there, and trusting the services that run as it."""
    name = str(project.context().get("role"))
    if name == "dedicated":
        if STUDENT in target.client("sts").get_caller_identity()["Arn"]:
            fix = "leave role=dedicated out of the context"
            yield Check("role", False, "a Learner Lab lets nobody make roles", fix)
            return
        yield Check("role", True, "dedicated: each function has a role of its own")
        return
    try:
        found = target.client("iam").get_role(RoleName=name)["Role"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchEntity", "NoSuchEntityException"):
            raise
        fix = 'in an account of your own, CONTEXT="role=dedicated"; in a Learner Lab, ask for the account to be reset'
        yield Check("role", False, f"this account has no role {name}", fix)
        return
    missing = sorted(set(TRUSTED) - trusted(found["AssumeRolePolicyDocument"]))
    if missing:
        fix = f'use another role with CONTEXT="role=...", or leave out the labs that need {", ".join(missing)}'
        yield Check("role", False, f"{name} does not trust {', '.join(missing)}", fix)
    else:
        yield Check("role", True, f"{name}, trusted by {', '.join(TRUSTED)}")


def permissions(target: Target) -> Iterator[Check]:
    """What the labs need, tried as the role that everything runs as. Makes a throwaway function, and deletes it."""
    from kit.proof.role import needed_actions
    from kit.proof.role import permissions as tried_as

    name = str(project.context().get("role"))
    if name == "dedicated":
        yield Check("permissions", None, "each role is made with what it needs: there is none to try")
        return
    try:
        found = tried_as(target, name, needed_actions())
    except Stop as stop:
        yield Check("permissions", False, str(stop))
    except Exception as error:
        words, code = explain(error)
        yield Check("permissions", False, words, code=code)
    else:
        unknown = f", {len(found.unclear)} without a clear answer" if found.unclear else ""
        text = f"{name} may do {len(found.allowed)} of {len(found.allowed) + len(found.denied)} actions tried{unknown}"
        fix = f"the labs need {', '.join(found.denied)}: leave out those that fail" if found.denied else ""
        yield Check("permissions", not found.denied, text, fix)
        yield Check("permissions", None, f"{len(found.untried)} more show in deployments only")


def trusted(document: Any) -> set[str]:
    """The services that may take on the role."""
    if isinstance(document, str):
        document = json.loads(unquote(document))
    services: set[str] = set()
    for statement in document.get("Statement", []):
        named = statement.get("Principal", {}).get("Service", [])
        services |= {each.removesuffix(".amazonaws.com") for each in ([named] if isinstance(named, str) else named)}
    return services


def labs(target: Target) -> Iterator[Check]:
    """Which labs are deployed and since when, and whether the state of this checkout is theirs."""
    since: dict[str, datetime] = {}
    pages = target.client("ssm").get_paginator("get_parameters_by_path")
    for page in pages.paginate(Path=f"/{target.prefix}", Recursive=True):
        for parameter in page["Parameters"]:
            lab = parameter["Name"].split("/")[2]
            changed = parameter["LastModifiedDate"]
            since[lab] = min(since.get(lab, changed), changed)
    deployed = ", ".join(f"{lab} (since {when:%Y-%m-%d %H:%M})" for lab, when in sorted(since.items()))
    yield Check("labs", True, f"deployed: {deployed}" if deployed else "none is deployed")
    for lab in sorted(since):
        try:
            state.check(target, [lab], "deploy")
        except Stop as stop:
            found, _, fix = str(stop).partition("\n  ")[2].rpartition(": ")
            yield Check("state", False, found, fix)


def costs(target: Target) -> Iterator[Check]:
    """What costs by time now, whether anybody uses it or not."""
    found, denied, problems = inventory.take(target)
    running = [each for each in found if each.running or each.kind == "alarm"]
    counts: dict[str, int] = {}
    for each in running:
        counts[WHAT_COSTS[each.kind]] = counts.get(WHAT_COSTS[each.kind], 0) + 1
    text = ", ".join(f"{count} {what}" for what, count in counts.items())
    where = ", ".join(sorted({each.lab for each in running}))
    if running:
        local = " --local" if target.local else ""
        yield Check(
            "costs", None, f"by time: {text}, of {where}", f"after use: `make destroy`, or `scripts/pause.py{local}`"
        )
    else:
        yield Check("costs", True, "nothing of the labs costs by time")
    for problem in (*denied, *problems):
        yield Check("costs", None, problem)


def all_of(target: Target) -> Iterator[Check]:
    """Every check of the target; the first that cannot be made ends them, with why."""
    broken = False
    for check in endpoint(target):
        broken = broken or check.well is False
        yield check
    if broken:
        return
    for checks in (credentials, role, labs, costs):
        try:
            yield from checks(target)
        except Stop as stop:
            yield Check(checks.__name__, False, str(stop))
        except Exception as error:
            found, _, fix = explain(error)[0].partition(": ")
            yield Check(checks.__name__, False, found, fix, Exit.NO_CONNECTION)
            return
