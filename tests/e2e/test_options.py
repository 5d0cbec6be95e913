"""Deploying with other options: they are carried out. The tests that follow work with what is deployed then."""

from datetime import datetime, timezone

import pytest

from shell import ROOT, Shell


def test_options_change_what_is_deployed(labs: Shell) -> None:
    context = (
        "clock.enabled=false clock.foo=baz fanout.fifo=true accounts.type=express orders.enhanced_fan_out=projection"
    )
    context += " role=dedicated" if labs.port else ""
    labs.script("lab.py", "deploy", "all", "--yes", context=context)
    labs.clock_off_since = datetime.now(timezone.utc)
    (record,) = labs.records("send_message.py", "clock", "{}", "--wait", "60")
    assert record["body"]["foo"] == "baz"
    (record,) = labs.records("send_message.py", "calculator", '{"number1": 1, "number2": 5}', "--wait", "60")
    assert record["body"]["result"] == 6
    assert len(labs.records("send_message.py", "orders", "--example", "--wait", "60")) == 3


def test_roles_of_their_own_exist_on_the_engine(labs: Shell) -> None:
    if not labs.port:
        pytest.skip("in a student's account nobody makes roles")
    roles = {role["RoleName"] for role in labs.client("iam").list_roles()["Roles"]}
    assert "LabRole" in roles
    assert {labs.name("calculator-calculate"), labs.name("clock-tell-time")} <= roles


def test_the_state_of_the_local_target_is_not_that_of_aws(labs: Shell) -> None:
    if not labs.port:
        pytest.skip("on AWS the states are in the project's folder")
    assert (ROOT / ".local" / f"127.0.0.1-{labs.port}" / "terraform.calculator.tfstate").exists()
