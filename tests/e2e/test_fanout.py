"""The fan-out, deployed: who sees what, long bodies, failures; every message accounted for, by id, per consumer."""

import json
import uuid
from collections import Counter, defaultdict
from typing import Any

from mappings import hurry

from shell import Shell

CONSUMERS = ("billing", "shipping", "audit")


def order(kind: str = "physical", **more: Any) -> str:
    return json.dumps(
        {"type": "order", "order_id": str(uuid.uuid4()), "customer": "ana", "kind": kind, "amount": 5, **more}
    )


def replies_to(shell: Shell, *arguments: str, expect: int = 0, stdin: str = "") -> dict[str, dict[str, Any]]:
    """What came back for each consumer that replied to the one message sent."""
    records = shell.records("send_message.py", "fanout", *arguments, "--wait", "60", expect=expect, stdin=stdin)
    return {record["body"]["handled_by"]: record["body"] for record in records}


def test_each_consumer_sees_what_its_filter_lets_through(labs: Shell) -> None:
    assert set(replies_to(labs, order("physical"))) == {"billing", "shipping", "audit"}
    assert set(replies_to(labs, order("digital"))) == {"billing", "audit"}
    assert set(replies_to(labs, '{"type": "newsletter", "kind": "physical"}', expect=1)) == {"shipping", "audit"}


def test_what_matches_no_filter_is_visible_in_the_audit(labs: Shell) -> None:
    for body in ('{"type": "newsletter"}', "hello", "[1]"):
        assert replies_to(labs, body)["audit"]["recorded"] == body


def test_attributes_come_from_the_options_before_the_payload(labs: Shell) -> None:
    replies = replies_to(labs, '{"type": "newsletter"}', "--attribute", "type=order", expect=1)
    assert set(replies) == {"billing", "audit"}
    assert "order_id must be a text of 1 to 200 characters" in replies["billing"]["error"]
    assert replies["audit"]["type"] == "order"


def test_an_attribute_that_is_none_is_named(labs: Shell) -> None:
    arguments = ("fanout", order(), "--attribute", "a:Date=1", "--attribute", "b", "--attribute", "c:Number=x")
    done = labs.script("send_message.py", *arguments, expect=2)
    assert "there is no type Date" in done.stderr
    assert "'b' is not like name=value" in done.stderr
    assert "'x' is no number" in done.stderr


def test_a_body_above_the_limit_is_stored_and_fetched(labs: Shell) -> None:
    long = order("physical", note="x" * 400_000)
    replies = replies_to(labs, "--file", "-", stdin=long)
    assert set(replies) == set(CONSUMERS)
    assert replies["billing"]["charged"] == "5.00"
    assert '"claim_check"' in replies["audit"]["recorded"]


def test_the_example_is_answered(labs: Shell) -> None:
    records = labs.records("send_message.py", "fanout", "--example", "--wait", "60")
    assert Counter(record["body"]["handled_by"] for record in records) == {"audit": 3, "billing": 2, "shipping": 1}


def test_a_thousand_messages_malformed_crashing_and_all_accounted_for(labs: Shell) -> None:
    """sent = handled + rejected + dead-lettered, for each consumer, by id; duplicates are counted apart."""
    for consumer in CONSUMERS:
        hurry(labs, f"fanout-{consumer}-queue", f"fanout-{consumer}")
    bodies = [body(n) for n in range(1000)]
    sent = labs.records(
        "send_message.py", "fanout", "--file", "-", "--attribute", "type=order", stdin="\n".join(bodies)
    )
    said = {record["message_id"]: record["body"] for record in sent}
    assert len(said) == 1000

    expected = {
        "billing": set(said),
        "shipping": {id for id, content in said.items() if isinstance(content, dict) and content["kind"] == "physical"},
        "audit": set(said),
    }
    crashing = {
        consumer: {id for id in expected[consumer] if isinstance(said[id], dict) and said[id].get("crash") == consumer}
        for consumer in CONSUMERS
    }
    malformed = {id for id, content in said.items() if isinstance(content, str)}
    assert len(malformed) == 50 and all(len(ids) == 10 for ids in crashing.values())

    total = sum(len(expected[consumer] - crashing[consumer]) for consumer in CONSUMERS)
    results = labs.records("read_results.py", "fanout", "--max", str(total), "--wait", "180", expect=1)
    dead = labs.records("read_results.py", "fanout", "--rejected", "--max", "30", "--wait", "180")
    late = labs.records("read_results.py", "fanout", "--wait", "1", expect=None)

    outcomes: dict[str, dict[str, list[str]]] = {consumer: defaultdict(list) for consumer in CONSUMERS}
    for record in results + late:
        reply = record["body"]
        outcomes[reply["handled_by"]]["rejected" if "error" in reply else "handled"].append(reply["correlation_id"])
    for record in dead:
        outcomes[record["port"].split("-")[1]]["dead"].append(correlation_id(record))

    for consumer in CONSUMERS:
        handled, rejected, dead_ids = (set(outcomes[consumer][kind]) for kind in ("handled", "rejected", "dead"))
        assert dead_ids == crashing[consumer]
        assert rejected == (malformed if consumer == "billing" else set())
        assert handled == expected[consumer] - crashing[consumer] - rejected
        duplicates = sum(map(len, outcomes[consumer].values())) - len(handled | rejected | dead_ids)
        print(f"{consumer}: {len(handled)} handled, {len(rejected)} rejected, {len(dead_ids)} dead, {duplicates} twice")


def body(n: int) -> str:
    """The n-th of the thousand: every 20th is malformed, and ten make each consumer crash."""
    if n % 20 == 0:
        return f"malformed {n}"
    crash = {"crash": CONSUMERS[n % 3]} if n % 100 in (1, 2, 3) else {}
    return order("physical" if crash or n % 2 else "digital", **crash)


def correlation_id(record: dict[str, Any]) -> str:
    """The id that the sender knows a dead-lettered message by: in SNS's envelope, or beside a raw delivery."""
    if "correlation_id" in record.get("attributes", {}):
        return str(record["attributes"]["correlation_id"])
    return str(record["body"]["MessageAttributes"]["correlation_id"]["Value"])
