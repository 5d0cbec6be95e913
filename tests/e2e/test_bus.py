"""The bus, deployed: each rule by what it matches, another lab driven, the archive replayed."""

import json
import time
from collections import Counter
from typing import Any

from shell import Shell

#: EventBridge User Guide, "Archiving and replaying events": an event may take up to 10 minutes to reach an archive.
ARCHIVED_S = 900


def handlers(shell: Shell, source: str, type: str, expect: int = 0, **data: Any) -> list[str]:
    """The rules that replied to one event."""
    event = json.dumps({"source": source, "type": type, "data": {"order_id": "o", **data}})
    wait = "60" if expect == 0 else "2"
    records = shell.records("send_message.py", "bus", event, "--wait", wait, expect=expect)
    return sorted(record["body"]["handled_by"] for record in records)


def test_rules_by_source_by_prefix_and_by_amount(labs: Shell) -> None:
    assert handlers(labs, "shop.web", "ORDER_CREATED", total=100) == ["by-amount", "by-prefix", "by-source"]
    assert handlers(labs, "shop.web", "NEWSLETTER_SENT", total=100) == ["by-source"]
    assert handlers(labs, "bank", "ORDER_PAID", total=100) == ["by-prefix"]
    assert handlers(labs, "bank", "ORDER_CREATED", total=99.99) == ["by-prefix"]
    assert handlers(labs, "bank", "ORDER_CREATED", total=10_000) == ["by-prefix"]
    assert handlers(labs, "bank", "PAYMENT", expect=3) == []


def test_the_input_transformer_makes_the_message(labs: Shell) -> None:
    event = '{"source": "shop.web", "type": "X", "data": {"a": [1, "é"]}}'
    (record,) = labs.records("send_message.py", "bus", event, "--wait", "60")
    assert record["body"] == {
        "handled_by": "by-source",
        "correlation_id": record["message_id"],
        "source": "shop.web",
        "type": "X",
        "data": {"a": [1, "é"]},
    }


def test_source_and_type_from_the_options(labs: Shell) -> None:
    arguments = ('{"data": {}}', "--source", "shop.web", "--type", "ORDER_PAID", "--wait", "60")
    records = labs.records("send_message.py", "bus", *arguments)
    assert sorted(record["body"]["handled_by"] for record in records) == ["by-prefix", "by-source"]
    done = labs.script("send_message.py", "bus", "{}", "hello", expect=2)
    assert "message 1 has no source and no type; give --source and --type" in done.stderr
    assert "message 2 is not a JSON object" in done.stderr


def test_one_lab_drives_another(labs: Shell) -> None:
    event = {"source": "bank", "type": "CALCULATION_REQUESTED", "data": {"number1": 40, "number2": 2}}
    labs.script("send_message.py", "bus", json.dumps(event))
    (record,) = labs.records("read_results.py", "calculator", "--max", "1", "--wait", "60")
    assert record["body"]["result"] == 42


def test_an_event_that_the_function_fails_on_is_kept(labs: Shell) -> None:
    event = {"source": "bank", "type": "ORDER_CREATED", "data": {"total": 500, "crash": True}}
    (sent,) = labs.records("send_message.py", "bus", json.dumps(event))
    (record,) = labs.records("read_results.py", "bus", "--rejected", "--max", "1", "--wait", "300")
    assert record["body"]["requestPayload"]["id"] == sent["message_id"]
    labs.script("read_results.py", "bus")  # the rule by prefix has matched too


def test_the_archive_is_replayed(labs: Shell) -> None:
    sent = labs.records("send_message.py", "bus", "--example", "--wait", "60")
    assert Counter(record["body"]["handled_by"] for record in sent) == {"by-source": 2, "by-prefix": 2, "by-amount": 1}
    ids = {record["message_id"] for record in sent}
    again: list[dict[str, Any]] = []
    deadline = time.monotonic() + ARCHIVED_S
    while not ids <= {record["body"]["correlation_id"] for record in again}:
        assert time.monotonic() < deadline, "the archive does not have them"
        done = labs.script("replay_events.py", "bus", "--from", "-1d")
        assert "the replay has ended" in done.stderr
        again += labs.records("read_results.py", "bus", "--wait", "60")
    reviewed = [record["body"] for record in again if record["body"]["handled_by"] == "by-amount"]
    assert reviewed and all(review["replayed"] for review in reviewed)
    labs.script("read_results.py", "calculator", "--wait", "5")  # calculations were replayed too
    labs.script("read_results.py", "bus", "--rejected", "--wait", "30", expect=None)


def test_a_replay_of_no_time_is_refused(labs: Shell) -> None:
    done = labs.script("replay_events.py", "bus", "--from", "2025-01-02", "--to", "2025-01-01", expect=2)
    assert "must come before" in done.stderr
    assert "'soon' is no time" in labs.script("replay_events.py", "bus", "--from", "soon", expect=2).stderr
    assert "keeps no archive" in labs.script("replay_events.py", "calculator", "--from", "-1h", expect=2).stderr
