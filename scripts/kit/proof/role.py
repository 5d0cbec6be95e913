"""What the role that everything runs as is allowed to do: tried by a throwaway function, which is deleted at once."""

import contextlib
import io
import json
import os
import re
import tempfile
import time
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from kit import toolchain
from kit.cli import Exit, Stop
from kit.proof.actions import CALLS, CONTEXT, filled, needed
from kit.synthesized import load, synthesize
from kit.target import Target

import project

SOURCE = Path(__file__).with_name("throwaway.py")
#: Below the time after which boto3 takes an invocation for lost, and makes it again (botocore, `read_timeout`: 60 s).
TIMEOUT_S = 55
#: How long Lambda may take to bring last lines, and with them a log group that was deleted; not documented, seen by
#: others to take some seconds.
LATE_LOGS_S = 20
DENIED = re.compile(r"AccessDenied|AuthorizationError|UnauthorizedOperation|NotAuthorized|Forbidden")
#: What AWS says of something that does not exist, to somebody who may ask.
MISSING = re.compile(r"NotFound|NonExistent|DoesNotExist|NoSuch")


@dataclass
class Permissions:
    """Actions, by what became of the call: `untried` are those that cannot be tried, `unclear` those whose answer tells
    neither.
    """

    allowed: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)


def needed_actions() -> list[str]:
    """What the labs need of a role, by a synth of their own. Raises Stop."""
    with tempfile.TemporaryDirectory() as folder:
        synthesize(Path(folder), {**toolchain.clean(os.environ, local=True), "LAB_CONTEXT": CONTEXT})
        return needed(load(Path(folder)))


def permissions(target: Target, role: str, actions: Iterable[str]) -> Permissions:
    """Try each of these actions as the role. Raises Stop, or what boto3 raises, where the function cannot be run."""
    account = target.client("sts").get_caller_identity()["Account"]
    partition = project.partition(target.region)
    found = Permissions(untried=[action for action in actions if action not in CALLS])
    calls = {
        action: filled(asdict(CALLS[action]), partition, target.region, account)
        for action in actions
        if action in CALLS
    }
    with _function(target, f"arn:{partition}:iam::{account}:role/{role}") as name:
        answer = target.client("lambda").invoke(FunctionName=name, Payload=json.dumps({"calls": calls}).encode())
        outcome = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise Stop(f"the throwaway function failed: {outcome.get('errorMessage')}", Exit.ERROR_REPLY)
    for action, code in outcome.items():
        _kind(found, code).append(action)
    return found


def _kind(found: Permissions, code: str) -> list[str]:
    if DENIED.search(code):
        return found.denied
    return found.allowed if not code or MISSING.search(code) else found.unclear


@contextlib.contextmanager
def _function(target: Target, role: str) -> Iterator[str]:
    """The throwaway function's name; neither it nor its log group is there afterwards."""
    functions = target.client("lambda")
    name = f"{target.prefix}-probe-{uuid.uuid4().hex[:6]}"
    try:
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler=f"{SOURCE.stem}.lambda_handler",
            Code={"ZipFile": _zip()},
            Timeout=TIMEOUT_S,
            MemorySize=512,
            Tags={"project": "serverless-labs"},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
        yield name
    finally:
        with contextlib.suppress(functions.exceptions.ResourceNotFoundException):
            functions.delete_function(FunctionName=name)
        _forget_logs(target.client("logs"), f"/aws/lambda/{name}", 0 if target.endpoint else LATE_LOGS_S)


def _forget_logs(logs: Any, group: str, late_s: float) -> None:
    """Delete the log group, and once more where last lines bring it back within `late_s` seconds."""
    deadline = time.monotonic() + late_s
    while True:
        with contextlib.suppress(logs.exceptions.ResourceNotFoundException, ClientError):
            logs.delete_log_group(logGroupName=group)
        if time.monotonic() >= deadline:
            return
        time.sleep(2)


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo(SOURCE.name)
        member.external_attr = 0o644 << 16  # readable for the user that runs it in Lambda
        archive.writestr(member, SOURCE.read_text())
    return packed.getvalue()
