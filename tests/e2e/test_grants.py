"""Least privilege: with role=dedicated each role allows what is called with it, and nothing else.

What the functions call is recorded by the engine during the whole run; what AWS calls on their behalf follows from how
they are set up. Runs after the deployment with dedicated roles, and after all messages.
"""

import json
from pathlib import Path

import pytest
from grants import called, called_by_services, granted

from shell import Shell

ALL_TESTS = set(Path(__file__).parent.glob("test_*.py"))
#: Allowed though no test makes it happen, and why: (role, action).
RARE = {
    ("orders-notifications", "dynamodb:GetItem"): "Powertools asks, where PutItem did not return the older record",
    ("orders-notifications", "dynamodb:DeleteItem"): "Powertools forgets what it had begun when handling it raised",
    ("fanout-billing", "s3:ListBucket"): "S3 says 403 for 404 without it; nobody calls it",
    ("fanout-shipping", "s3:ListBucket"): "the same",
}


def test_dedicated_roles_allow_exactly_what_is_used(labs: Shell, request: pytest.FixtureRequest) -> None:
    if not {item.path for item in request.session.items} >= ALL_TESTS:
        pytest.skip("compares with what all end-to-end tests made the functions call: run them all")
    if not labs.port:
        pytest.skip("only the local engine records the calls; on AWS the roles are LabRole")
    reject_long_records(labs)
    grants = {grant for grant in granted(labs) if grant.role != "LabRole"}  # the account's own, which may do everything
    calls, services = called(labs), called_by_services(labs)
    assert len({call.role for call in calls}) > 5, "the engine has not recorded the calls"
    needed = calls | services
    missing = {call for call in needed if not any(grant.covers(call) for grant in grants)}
    assert missing == set()
    rare = {(labs.name(role), action) for role, action in RARE}
    spare = {grant for grant in grants if not any(grant.covers(call) for call in needed)}
    assert {grant for grant in spare if grant[:2] not in rare} == set()
    assert rare <= {grant[:2] for grant in grants}, "these are not allowed any more"


def reject_long_records(labs: Shell) -> None:
    """A record that no consumer understands, and that is too long for a message: each puts it in the bucket."""
    long = json.dumps({"type": "ORDER_LOST", "data": {"orderId": "o-long", "note": "x" * 400_000}})
    labs.script("send_message.py", "orders", "--file", "-", stdin=long)
    kept: set[str] = set()
    while len(kept) < 3:
        # Other tests may have left some, of either kind.
        (record,) = labs.records("read_results.py", "orders", "--rejected", "--max", "1", "--wait", "60", expect=None)
        if "claim_check" in record["body"]:
            kept.add(record["body"]["handled_by"])
