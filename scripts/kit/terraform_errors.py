"""The next command to type after Terraform failed, by what it said."""

import re
from collections.abc import Iterable

from kit.aws_errors import RENEW, SESSION_ENDED

#: What Terraform and the AWS provider say, and what to do then. The first that matches counts.
NEXT = (
    # Before the denials, as one of which it comes.
    (SESSION_ENDED, RENEW + ", then deploy again"),
    (r"ExpiredToken|RequestExpired|security token .* is expired", RENEW + ", then deploy again"),
    (
        r"state lock|ConditionalRequestConflict|PreconditionFailed",
        "another deployment goes on, or was killed: wait for "
        "it; if there is none, delete the .tflock object or file that is named above, then deploy again",
    ),
    (
        r"AlreadyOwnedByYou|AlreadyExist|already exists|ResourceConflict|ResourceInUse|QueueDeletedRecently",
        "a half-finished earlier deployment is in the way: `scripts/leftovers.py{lab}` shows it, --delete removes it; "
        "then deploy again",
    ),
    (
        r"(dial|read|write) tcp (127\.|\[::1\])",
        "the local engine has ended meanwhile: deploy again, which starts it and goes on from there",
    ),
    (
        r"Failed to query available provider packages|registry\.terraform\.io|no such host|dial tcp",
        "no connection: check the network, then `scripts/doctor.py`",
    ),
    (
        r"not authorized to access the Log Destination",
        'the role may not deliver the logs of workflows: deploy with CONTEXT="workflow.logs=false"',
    ),
    (
        r"AccessDenied|not authorized|UnauthorizedOperation|no role",
        "the account does not allow it: `scripts/doctor.py`",
    ),
)
OTHERWISE = "what was made so far is kept in the state: put it right and deploy again; `scripts/doctor.py` may know why"


def came_late(lines: Iterable[str]) -> bool:
    """Whether a queue was refused because its dead-letter queue was not there yet; the next run finds it.

    The head start of dead-letter queues (stacks/blocks/queue.py) is given once. Terraform does not give it again where
    it replaces both queues, as it does after a deployment that was cut off.
    """
    return any(re.search(r"creating SQS Queue.*InvalidAttributeValue.*RedrivePolicy", line) for line in lines)


def next_step(lines: Iterable[str], lab: str) -> str:
    """One line for the user."""
    said = "\n".join(lines)
    found = next((step for pattern, step in NEXT if re.search(pattern, said)), OTHERWISE)
    return "→ " + found.format(lab="" if lab == "all" else f" {lab}")
