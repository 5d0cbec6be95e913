"""Two hundred checkouts at once for the last fifty items, in an account that runs ten functions at a time."""

import json
from collections.abc import Iterator

import pytest

from checkouts import balances
from engine.process import Engine
from shell import Shell


@pytest.fixture
def small_account(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Shell]:
    """An engine of its own, as small as a Learner Lab, with the checkout; on AWS the account as it is."""
    if request.config.getoption("--aws"):
        yield request.getfixturevalue("labs")
        return
    shell = Shell(engine.port)
    shell.environ["LAMBDA_ACCOUNT_CONCURRENCY"] = "10"
    shell.script("lab.py", "deploy", "checkout", "--yes")
    yield shell


def test_two_hundred_checkouts_for_the_last_fifty_items(small_account: Shell) -> None:
    before = balances(small_account)
    assert before["stock#ticket"] == 50
    bodies = [json.dumps({"customer": f"c{n}", "item": "ticket", "quantity": 1, "total": 30}) for n in range(200)]
    arguments = ("send_message.py", "checkout", "--file", "-", "--wait", "300")
    ended = small_account.records(*arguments, expect=1, stdin="\n".join(bodies))
    assert len({record["message_id"] for record in ended}) == 200
    good = {record["body"]["request"]["customer"] for record in ended if record["status"] == "SUCCEEDED"}
    assert len(good) == 50
    errors = {record["body"]["error"] for record in ended if record["status"] != "SUCCEEDED"}
    assert errors == {"reserve: not enough left of stock#ticket"}
    after = balances(small_account)
    assert "stock#ticket" not in after
    new = {name: amount for name, amount in after.items() if before.get(name) != amount}
    assert new == {**{f"paid#{customer}": 30 for customer in good}, **{f"shipped#{customer}": 1 for customer in good}}
    tried = [visit["attempts"] for record in ended for visit in record["path"] if "attempts" in visit]
    print(f"{len(tried)} tasks, {sum(tried)} attempts")
    if small_account.port:
        assert sum(tried) > len(tried), "nothing was throttled: the account was not small"
