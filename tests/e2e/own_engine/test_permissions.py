"""All labs with dedicated roles, on an engine that checks permissions: each does its work, and nothing is denied.

The tests of the labs themselves, those that make every role do what it is for, on one deployment of their own.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import test_accounts
import test_bus
import test_calculator
import test_checkout
import test_clock
import test_fanout
import test_order_stream
from grants import Grant, called, called_by_services
from test_grants import RARE, reject_long_records

from kit.engines import engine_on

from engine.process import Engine, free_port
from shell import Shell

#: The tests that make every role do what it is for.
WORK = (
    test_calculator.test_each_message_is_answered_with_its_result,
    test_calculator.test_bad_messages_are_answered_and_make_exit_1,
    test_clock.test_by_hand,
    test_bus.test_one_lab_drives_another,
    test_bus.test_an_event_that_the_function_fails_on_is_kept,
    test_order_stream.test_an_order_and_its_history,
    test_order_stream.test_bad_input_is_named_in_one_line_and_kept,
    test_accounts.test_a_valid_account_is_stored_and_a_second_one_is_refused,
    test_accounts.test_an_invalid_account_goes_to_the_queue_and_the_topic_with_all_its_reasons,
    test_checkout.test_a_checkout_that_succeeds_moves_stock_money_and_goods,
    test_checkout.test_every_failing_step_in_every_way_leaves_the_state_as_it_was,
)

Document = dict[str, Any]


@pytest.fixture(scope="module")
def checking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = engine_on(free_port())
    yield engine
    engine.stop()
    engine.remove()


@pytest.fixture(scope="module")
def labs(checking: Engine, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The labs, side by side, in place of the session's."""
    shell = Shell(checking.port, calls=tmp_path_factory.mktemp("engine") / "calls.jsonl")
    shell.script("local_aws.py", "start", "--iam", "--port", str(checking.port), local=False)
    shell.script("lab.py", "deploy", "all", "--yes", context="role=dedicated")
    return shell


def denials(engine: Engine) -> list[str]:
    return re.findall(r"denied: .*", engine.log.read_text(errors="replace"))


EVENT = json.dumps({"source": "shop.web", "type": "ORDER_CREATED", "data": {"order_id": "o", "total": 100}})


@pytest.mark.parametrize(
    ("lab", "body", "handlers"),
    [
        ("bus", EVENT, ("by-amount", "by-prefix", "by-source")),
        ("fanout", test_fanout.order("physical"), test_fanout.CONSUMERS),
        ("fanout", test_fanout.order("physical", note="x" * 400_000), test_fanout.CONSUMERS),  # kept in the bucket
    ],
    ids=["bus", "fanout", "fanout-long"],
)
def test_all_who_are_asked_reply(labs: Shell, lab: str, body: str, handlers: tuple[str, ...]) -> None:
    (sent,) = labs.records("send_message.py", lab, "--file", "-", stdin=body)
    replies = labs.records("read_results.py", lab, "--max", str(len(handlers)), "--wait", "120")
    found = sorted((reply["body"]["handled_by"], reply["body"]["correlation_id"]) for reply in replies)
    assert found == sorted((handler, sent["message_id"]) for handler in handlers)


@pytest.mark.parametrize("work", WORK, ids=lambda work: work.__name__)
def test_the_labs_do_their_work(labs: Shell, work: Callable[[Shell], None]) -> None:
    work(labs)


def test_nothing_was_denied(labs: Shell, checking: Engine) -> None:
    reject_long_records(labs)
    assert denials(checking) == []


def test_every_statement_of_every_role_is_needed(labs: Shell) -> None:
    """Without any one of them, the engine would have denied something that was called or is called by AWS."""
    needed: dict[str, set[Grant]] = defaultdict(set)
    for call in called(labs) | called_by_services(labs):
        needed[call.role].add(call)
    iam = labs.client("iam")
    found = [each for each in policies(iam) if each[0] != "LabRole"]
    assert sum(len(document["Statement"]) for _, _, document in found) > 50
    assert {each[:2]: spare(iam, *each, needed[each[0]]) for each in found} == {each[:2]: [] for each in found}
    # One that is not needed would be found.
    role, policy, document = found[0]
    extra = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::nobody/*"}
    more = {**document, "Statement": [*document["Statement"], extra]}
    assert spare(iam, role, policy, more, needed[role]) == [extra]
    set_policy(iam, role, policy, document)


def spare(iam: Any, role: str, policy: str, document: Document, needed: set[Grant]) -> list[Document]:
    """The statements that can be taken away, one at a time, without one of the calls being denied."""
    found = []
    for at, statement in enumerate(document["Statement"]):
        others = [*document["Statement"][:at], *document["Statement"][at + 1 :]]
        set_policy(iam, role, policy, {**document, "Statement": others})
        is_rare = all((role.removeprefix("lab-"), action) in RARE for action in statement["Action"])
        if not is_rare and not any(is_denied(iam, call) for call in needed):
            found.append(statement)
    set_policy(iam, role, policy, document)
    return found


def test_a_denial_is_told_by_name(labs: Shell, checking: Engine) -> None:
    iam = labs.client("iam")
    role = "lab-calculator-calculate"
    (found,) = [each for each in policies(iam) if each[0] == role and "send-to" in each[1]]
    set_policy(iam, *found[:2], {**found[2], "Statement": []})
    question = '{"number1": 1, "number2": 5, "operation": "+"}'
    told = f"denied: sqs:SendMessage on lab-calculator-output for {role} ("
    done = labs.script("send_message.py", "calculator", question, "--wait", "15", expect=3)
    assert told in done.stderr and "its role does not allow it" in done.stderr
    done = labs.script("read_results.py", "calculator", "--wait", "0", expect=3)
    assert told in done.stderr
    assert "denied" not in labs.script("read_results.py", "clock", "--wait", "0", expect=None).stderr
    set_policy(iam, *found)
    # The first is tried again later, after its visibility timeout.
    (record,) = labs.records("send_message.py", "calculator", question, "--wait", "60")
    assert record["body"]["result"] == 6


def policies(iam: Any) -> list[tuple[str, str, Document]]:
    """Role, name and document of each policy."""
    names = [
        (role["RoleName"], iam.list_role_policies(RoleName=role["RoleName"])) for role in iam.list_roles()["Roles"]
    ]
    return [
        (role, name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
        for role, found in names
        for name in found["PolicyNames"]
    ]


def set_policy(iam: Any, role: str, policy: str, document: Document) -> None:
    if document["Statement"]:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
    else:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)


def is_denied(iam: Any, call: Grant) -> bool:
    """Whether the engine, asked now, would deny the call."""
    arn = f"arn:aws:iam::000000000000:role/{call.role}"
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=[call.action], ResourceArns=[call.resource])
    (result,) = answer["EvaluationResults"]
    return bool(result["EvalDecision"] != "allowed")
