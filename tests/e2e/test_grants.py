"""Least privilege: with role=dedicated each role allows what is called with it, and nothing else.

What the functions call is recorded by the engine during the whole run; what AWS calls on their behalf follows from how
they are set up. Runs after the deployment with dedicated roles, and after all messages.
"""

import pytest
from grants import called, called_by_services, granted

from shell import Shell

#: Allowed though no test makes it happen, and why: (role, action).
RARE: dict[tuple[str, str], str] = {}


def test_dedicated_roles_allow_exactly_what_is_used(labs: Shell) -> None:
    if not labs.port:
        pytest.skip("only the local engine records the calls; on AWS the roles are LabRole")
    grants, calls, services = granted(labs), called(labs), called_by_services(labs)
    assert len({call.role for call in calls}) > 5, "the engine has not recorded the calls"
    needed = calls | services
    missing = {call for call in needed if not any(grant.covers(call) for grant in grants)}
    assert missing == set()
    spare = {grant for grant in grants if not any(grant.covers(call) for call in needed)}
    assert {grant for grant in spare if grant[:2] not in RARE} == set()
    assert set(RARE) == {grant[:2] for grant in spare}, "these are used, or not allowed any more"
