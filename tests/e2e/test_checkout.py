"""The checkout, deployed: whatever fails, however, all of it happens or nothing of it is left, and it says why."""

import json
import time
from typing import Any

import pytest

from checkouts import balances, changed, order, records, workflow_arn
from shell import Shell

STEPS = ["fraud-check", "price-check", "reserve", "pay", "ship"]
WAYS = ["declined", "crash", "slow"]
COMPENSATIONS = ["CancelShipment", "RefundPayment", "ReleaseStock"]
#: Which compensations a step that does not succeed leads to: its own and those of the steps before it.
LEADS_TO = {
    "fraud-check": [],
    "price-check": [],
    "reserve": COMPENSATIONS[2:],
    "pay": COMPENSATIONS[1:],
    "ship": COMPENSATIONS,
}
#: A slow step goes on for so long after its task was given up.
LATE_S = 3


def send(shell: Shell, *bodies: str, expect: int = 0) -> list[dict[str, Any]]:
    return shell.records("send_message.py", "checkout", *bodies, "--wait", "120", expect=expect)


def states(record: dict[str, Any]) -> list[str]:
    return [visit["state"] for visit in record["path"]]


def test_a_checkout_that_succeeds_moves_stock_money_and_goods(labs: Shell) -> None:
    before = balances(labs)
    (done,) = send(labs, order(customer="eve"))
    assert done["body"]["result"] == "shipped" and done["status"] == "SUCCEEDED"
    after = balances(labs)
    assert after.pop("paid#eve") == 30 and after.pop("shipped#eve") == 2
    assert after == {**before, "stock#book": before["stock#book"] - 2}
    assert [record["status"] for record in records(labs, done["message_id"]).values()] == ["done"] * 3


def test_every_failing_step_in_every_way_leaves_the_state_as_it_was(labs: Shell) -> None:
    before = balances(labs)
    cases = [(step, way) for step in STEPS for way in WAYS]
    # One way after the other: all at once would start fifty functions, and a step has no time for so many first starts.
    ended = [
        record for way in WAYS for record in send(labs, *(order(fail_at=step, how=way) for step in STEPS), expect=1)
    ]
    assert len({record["message_id"] for record in ended}) == len(cases)
    seen = {(record["body"]["request"]["fail_at"], record["body"]["request"]["how"]): record for record in ended}
    assert set(seen) == set(cases)
    time.sleep(LATE_S)  # what comes late must have no effect: there is nothing to wait for
    assert balances(labs) == before
    for (step, way), record in seen.items():
        assert record["status"] == "FAILED"
        assert record["body"]["failure"] == ("declined" if way == "declined" else "failed")
        assert step in record["body"]["error"] or step in ("fraud-check", "price-check")
        assert [state for state in states(record) if state in COMPENSATIONS] == LEADS_TO[step]
        undone = [found for found in records(labs, record["message_id"]).values() if "undone_at" in found]
        effects = [found for found in undone if "done_at" in found]
        assert sorted(effects, key=lambda found: found["undone_at"]) == sorted(
            effects, key=lambda found: found["done_at"], reverse=True
        )
        # The steps before it had an effect; a step that crashed, had one too; one that was declined, none. One that was
        # late has none if its compensation was there first, and else one that was undone: balances tell no difference.
        own = {"crash": {1}, "declined": {0}, "slow": {0, 1}}[way] if LEADS_TO[step] else {0}
        assert len(effects) - max(0, STEPS.index(step) - 2) in own


def test_the_path_shows_what_ran_side_by_side_and_what_was_tried_again(labs: Shell) -> None:
    (record,) = send(labs, order(fail_at="pay", how="crash"), expect=1)
    path = {visit["state"]: visit for visit in record["path"]}
    assert sorted(visit["state"] for visit in path["CheckSideBySide"]["inside"]) == ["CheckFraud", "CheckPrice"]
    assert path["TakePayment"]["attempts"] == 3 and path["TakePayment"]["error"]
    assert states(record)[-5:] == ["PaymentNotTaken", "RefundPayment", "ReleaseStock", "AllUndone?", "CheckoutFailed"]
    (again,) = labs.records("read_results.py", "checkout", "--execution", record["message_id"], expect=1)
    assert again["path"] == record["path"] and again["body"] == record["body"]


def test_past_executions_are_listed_and_failed_ones_apart(labs: Shell) -> None:
    (good,) = send(labs, order())
    (bad,) = send(labs, order(total=31), expect=1)
    assert bad["body"]["error"] == "price-check: 2 of book cost 30, not 31"
    latest = labs.records("read_results.py", "checkout", "--max", "2", expect=1)
    assert [record["message_id"] for record in latest] == [good["message_id"], bad["message_id"]]
    (failed,) = labs.records("read_results.py", "checkout", "--failed", "--max", "1", expect=1)
    assert failed["message_id"] == bad["message_id"]
    done = labs.script("read_results.py", "checkout", "--execution", "nobody", expect=2)
    assert done.stderr == "error: there is no execution nobody\n"
    assert "workflow only" in labs.script("read_results.py", "calculator", "--failed", expect=2).stderr


def test_sending_an_order_twice_is_harmless(labs: Shell) -> None:
    before = balances(labs)["stock#book"]
    body = order(order_id=f"twice-{time.time_ns()}")
    first, second = send(labs, body)[0], send(labs, body)[0]
    assert first["message_id"] == second["message_id"] and first["started"] == second["started"]
    assert balances(labs)["stock#book"] == before - 2
    other = json.dumps({**json.loads(body), "quantity": 1})
    done = labs.script("send_message.py", "checkout", other, expect=2)
    assert f"order_id {first['message_id']} was sent before, with another content" in done.stderr


def test_an_event_on_the_bus_starts_a_checkout_and_its_copy_changes_nothing(labs: Shell) -> None:
    before = balances(labs)["stock#book"]
    order_id = f"bus-{time.time_ns()}"
    data = {"order_id": order_id, "customer": "bus", "item": "book", "quantity": 2, "total": 30}
    event = json.dumps({"source": "bank", "type": "ORDER_CREATED", "data": data})
    labs.script("send_message.py", "bus", event, event)
    ours: list[Any] = []
    deadline = time.monotonic() + labs.patient(60)
    while len(ours) < 2 and time.monotonic() < deadline:
        ended = labs.records("read_results.py", "checkout", "--max", "50", expect=None)
        ours = [record for record in ended if record["body"]["request"].get("order_id") == order_id]
    good, bad = sorted(ours, key=lambda record: "error" in record["body"])
    assert good["body"]["result"] == "shipped"
    assert bad["body"]["error"] == f"order {order_id} is checked out by another execution"
    assert balances(labs)["stock#book"] == before - 2
    labs.script("read_results.py", "bus", "--wait", "10")  # the rule by prefix has matched, too


def laptop(**more: Any) -> str:
    return order(item="laptop", quantity=1, total=1200, **more)


def waiting(shell: Shell, execution: str) -> bool:
    return execution in [record["execution"] for record in shell.records("approve.py", "checkout")]


def ask(shell: Shell) -> str:
    """Order a laptop, which a person must approve; the execution that waits for it."""
    (sent,) = shell.records("send_message.py", "checkout", laptop())
    deadline = time.monotonic() + shell.patient(60)
    while not waiting(shell, sent["message_id"]):
        assert time.monotonic() < deadline
    return str(sent["message_id"])


def result(shell: Shell, execution: str, expect: int) -> dict[str, Any]:
    arguments = ("--execution", execution, "--wait", "60")
    (record,) = shell.records("read_results.py", "checkout", *arguments, expect=expect)
    return record


def test_a_payment_above_the_limit_waits_for_a_person(labs: Shell) -> None:
    before = balances(labs)
    approved, refused = ask(labs), ask(labs)
    assert set(records(labs, approved)) == {"reserve"}
    assert "approved" in labs.script("approve.py", "checkout", approved).stderr
    assert "refused" in labs.script("approve.py", "checkout", refused, "--refuse").stderr
    assert result(labs, approved, expect=0)["body"]["result"] == "shipped"
    record = result(labs, refused, expect=1)
    assert record["body"]["error"] == "the payment was refused"
    assert [state for state in states(record) if state in COMPENSATIONS] == ["ReleaseStock"]
    assert balances(labs)["stock#laptop"] == before["stock#laptop"] - 1
    assert not waiting(labs, approved) and not waiting(labs, refused)
    done = labs.script("approve.py", "checkout", approved, expect=2)
    assert done.stderr == f"error: no execution {approved} waits for an approval\n"
    assert "asks nobody" in labs.script("approve.py", "accounts", expect=2).stderr


def test_nobody_approves_in_time(labs: Shell) -> None:
    before = balances(labs)

    def hurry(states: Any) -> None:
        states["AskForApproval"]["TimeoutSeconds"] = 2

    with changed(labs, hurry):
        (record,) = send(labs, laptop(), expect=1)
    assert record["body"]["error"] == "the payment was not approved: States.Timeout"
    assert [state for state in states(record) if state in COMPENSATIONS] == ["ReleaseStock"]
    assert balances(labs) == before
    assert not waiting(labs, record["message_id"])


def test_a_compensation_that_cannot_be_done_is_parked_and_the_others_go_on(labs: Shell) -> None:
    def hurry(states: Any) -> None:
        states["RefundPayment"]["Retry"][-1] |= {"IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 2}

    before = balances(labs)
    with changed(labs, hurry):
        body = order(customer="stuck", fail_at="ship", how="declined", stuck_at="refund")
        (record,) = send(labs, body, expect=1)
    assert record["body"]["failure"] == "stuck" and "is parked" in record["body"]["error"]
    refund = next(visit for visit in record["path"] if visit["state"] == "RefundPayment")
    assert refund["attempts"] == 3
    after = balances(labs)
    assert after.pop("paid#stuck") == 30
    assert after == before
    (parked,) = labs.records("read_results.py", "checkout", "--rejected", "--wait", "20", expect=1)
    assert parked["body"]["correlation_id"] == record["message_id"]
    assert parked["body"]["compensation"] == "refund" and parked["body"]["request"]["customer"] == "stuck"
    assert parked["body"]["error"] == "refund could not be done: a person has to do it"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"customer": "ana"}', "item is missing, quantity is missing, total is missing"),
        (order(quantity="2"), 'quantity must be a whole number above 0, at most 1000, not "2"'),
        (order(total=0), "total must be a number above 0, at most 1000000, not 0"),
        (order(total=-1), "total must be a number above 0, at most 1000000, not -1"),
        ("[1]", "is not a JSON object"),
        (order(note="x" * 300_000), "bytes, more than 65536"),
    ],
    ids=["missing", "type", "zero", "negative", "list", "300 KB"],
)
def test_bad_input_is_refused_before_sending_and_by_the_first_state(labs: Shell, body: str, reason: str) -> None:
    done = labs.script("send_message.py", "checkout", "--file", "-", stdin=body, expect=2)
    assert "nothing was sent" in done.stderr and reason in done.stderr and done.stderr.count("\n") == 1
    if not labs.port and len(body) > 262_144:
        return  # AWS itself refuses it
    client = labs.client("stepfunctions")
    arn = client.start_execution(stateMachineArn=workflow_arn(labs), input=body)["executionArn"]
    record = result(labs, arn.split(":")[-1], expect=1)
    assert reason.replace(", item", "; item").split(",")[0] in record["body"]["error"]
    assert "\n" not in record["body"]["error"] and record["body"]["failure"] == "declined"
    assert states(record) == ["CheckOrder", "OrderIsGood?", "CheckoutFailed"]
