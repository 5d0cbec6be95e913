"""What can be asked of an account without creating anything: whose it is, what it allows at a time, its role."""

import contextlib
import re
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import Any

from botocore.exceptions import ClientError

from kit.cli import Exit, Stop
from kit.ports import labs_at
from kit.target import Target
from kit.target_checks import STUDENT, TRUSTED, trusted

import project


@dataclass(frozen=True)
class Account:
    """`kind` is one of kit.proof.report.ACCOUNTS."""

    kind: str
    quotas: dict[str, int]
    role_trusts: list[str]


def look(target: Target, role: str) -> Account:
    """Raises Stop where the labs cannot be deployed with this role, and what boto3 raises where nothing is answered.

    An account whose session has ended still says who asks; so it is asked for something beyond that.
    """
    identity = target.client("sts").get_caller_identity()
    if deployed := labs_at(target):
        raise Stop(f"prefix {target.prefix} is in use by {', '.join(deployed)}", Exit.USAGE)
    student = STUDENT in identity["Arn"]
    kind = "the local engine" if target.endpoint else "a Learner Lab" if student else "an account of one's own"
    return Account(kind, _quotas(target), [] if role == "dedicated" else _trusts(target, role))


def _quotas(target: Target) -> dict[str, int]:
    """Those that can be read, by what they limit."""
    asked = (
        ("function executions", "lambda", "get_account_settings", ("AccountLimit", "ConcurrentExecutions")),
        ("shards", "kinesis", "describe_limits", ("ShardLimit",)),
    )
    found: dict[str, int] = {}
    for name, service, operation, path in asked:
        with contextlib.suppress(ClientError):  # denied, or unknown to the engine
            answer: Any = getattr(target.client(service), operation)()
            found[name] = reduce(getitem, path, answer)
    return found


def _trusts(target: Target, role: str) -> list[str]:
    try:
        found = target.client("iam").get_role(RoleName=role)["Role"]
    except ClientError as error:
        if "NoSuchEntity" not in error.response["Error"]["Code"]:
            raise
        raise Stop(f'this account has no role {role}; CONTEXT="role=dedicated" makes some', Exit.USAGE) from None
    services = sorted(each for each in trusted(found["AssumeRolePolicyDocument"]) if re.fullmatch(r"[a-z0-9.-]+", each))
    if missing := sorted(set(TRUSTED) - set(services)):
        raise Stop(f"{role} does not trust {', '.join(missing)}", Exit.USAGE)
    return services


def secrets(target: Target) -> tuple[str, ...]:
    """What of the credentials must be told nobody."""
    found: Any = target.session.get_credentials()
    frozen = found.get_frozen_credentials() if found else None
    return tuple(filter(None, (frozen.access_key, frozen.secret_key, frozen.token))) if frozen else ()


def role_name() -> str:
    """The role that everything runs as, by the context."""
    return str(project.context().get("role"))
