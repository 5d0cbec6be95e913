"""The calculator, deployed: messages in and out by the scripts; count in = count out, by id."""

import json
from collections import Counter

from mappings import switched_off

from shell import Shell

SUM = '{"number1": 1, "number2": 5, "operation": "+"}'


def test_each_message_is_answered_with_its_result(labs: Shell) -> None:
    questions = {
        SUM: 6,
        '{"number1": "0.1", "number2": 0.2}': 0.3,
        '{"number1": 7, "number2": 2, "operation": "/"}': 3.5,
    }
    records = labs.records("send_message.py", "calculator", *questions, "--wait", "60")
    assert {json.dumps(record["body"]["request"]): record["body"]["result"] for record in records} == questions
    for record in records:
        assert record["body"]["correlation_id"] == record["message_id"]


def test_bad_messages_are_answered_and_make_exit_1(labs: Shell) -> None:
    bad = ["1 plus 5", "[]", '{"number1": 1}', '{"number1": 1, "number2": 0, "operation": "/"}', "x" * 200_000]
    records = labs.records(
        "send_message.py", "calculator", SUM, "--file", "-", "--wait", "60", expect=1, stdin="\n".join(bad)
    )
    assert len(records) == len(bad) + 1
    errors = [record["body"] for record in records if "error" in record["body"]]
    assert len(errors) == len(bad)
    assert sorted(error["request"][:30] for error in errors) == sorted(body[:30] for body in bad)


def test_a_thousand_messages_with_bad_ones_among_them(labs: Shell) -> None:
    bodies = ["hello" if n % 20 == 0 else json.dumps({"number1": n, "number2": 0.5}) for n in range(1000)]
    records = labs.records(
        "send_message.py", "calculator", "--file", "-", "--wait", "120", expect=1, stdin="\n".join(bodies)
    )
    assert len({record["message_id"] for record in records}) == len(records) == 1000
    results = Counter(record["body"].get("result") for record in records)
    assert results[None] == 50
    assert sorted(result for result in results if result is not None) == [n + 0.5 for n in range(1000) if n % 20]


def test_replies_to_others_are_left_for_them(labs: Shell) -> None:
    (sent,) = labs.records("send_message.py", "calculator", '{"number1": 40, "number2": 2}')
    labs.records("send_message.py", "calculator", SUM, "--wait", "60")
    (result,) = labs.records("read_results.py", "calculator", "--wait", "60", "--max", "1")
    assert result["body"]["correlation_id"] == sent["message_id"]
    assert result["body"]["result"] == 42


def test_peek_leaves_the_results_and_reading_takes_them(labs: Shell) -> None:
    sent = labs.records("send_message.py", "calculator", SUM, "--count", "3")
    ids = {record["message_id"] for record in sent}
    assert len(ids) == 3
    for options in (["--peek"], ["--peek"], []):
        results = labs.records("read_results.py", "calculator", "--max", "3", "--wait", "60", *options)
        assert {record["body"]["correlation_id"] for record in results} == ids
    done = labs.script("read_results.py", "calculator", "--wait", "1", expect=3)
    assert done.stdout == ""
    assert done.stderr == "nothing within 1 s\n"


def test_no_reply_in_time_is_said_with_the_messages(labs: Shell) -> None:
    with switched_off(labs, "calculator-calculate"):
        done = labs.script("send_message.py", "calculator", SUM, "--wait", "2", expect=3)
        assert "no reply in 2 s to 1 of 1" in done.stderr and '"number1": 1' in done.stderr
    (result,) = labs.records("read_results.py", "calculator", "--max", "1", "--wait", "60")
    assert result["body"]["result"] == 6


def test_a_lab_that_is_not_deployed_is_exit_4(labs: Shell) -> None:
    done = labs.script("send_message.py", "nolab", "{}", expect=4)
    assert "lab nolab is not deployed" in done.stderr
    assert "deployed there: accounts, bus, calculator, checkout, clock, fanout" in done.stderr


def test_without_waiting_it_shows_what_is_there(labs: Shell) -> None:
    labs.records("send_message.py", "calculator", SUM)
    labs.records("read_results.py", "calculator", "--peek", "--max", "1", "--wait", "60")
    (result,) = labs.records("read_results.py", "calculator", "--wait", "0")
    assert result["body"]["result"] == 6
