"""Orders on a stream, deployed: every event accounted for by id, whatever is malformed, put twice, or fails."""

import json
import re
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shell import Shell, patience

STATUS = {"ORDER_CREATED": "PENDING", "ORDER_PAID": "PAID", "ORDER_SHIPPED": "SHIPPED", "ORDER_CANCELLED": "CANCELLED"}
CONSUMERS = {"notifications", "inventory", "projection"}
STOCK = 1000
PATIENCE_S = 240 * patience


def event(type: str, order_id: str, **data: Any) -> str:
    if type == "ORDER_CREATED":
        data = {"userId": "ana", "items": [{"sku": "pen", "quantity": 1, "price": 1.95}], "total": 1.95, **data}
    return json.dumps({"type": type, "data": {"orderId": order_id, **data}})


def new_id() -> str:
    return f"o-{uuid.uuid4()}"


def orders(shell: Shell) -> dict[str, Any]:
    records = shell.records("read_results.py", "orders", expect=None)
    return {record["body"]["orderId"]: record["body"] for record in records}


def wait_for(found: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
    """What is found, once it is enough, or in the end."""
    deadline = time.monotonic() + PATIENCE_S
    while not enough(result := found()) and time.monotonic() < deadline:
        time.sleep(3)
    return result


def rejections(shell: Shell, count: int) -> list[dict[str, Any]]:
    options = ("--rejected", "--max", str(count), "--wait", "60")
    records = shell.records("read_results.py", "orders", *options, expect=None)
    return [record["body"] for record in records]


def drain(shell: Shell) -> None:
    """Take everything out of the rejected queue."""
    shell.records("read_results.py", "orders", "--rejected", "--wait", "0", expect=None)


@pytest.fixture(scope="module")
def confirmations(labs: Shell) -> Iterator[Callable[[], list[str]]]:
    """The order ids of the confirmations since, from a queue that is subscribed to their topic."""
    sqs, sns = labs.client("sqs"), labs.client("sns")
    topic = next(
        arn
        for page in sns.get_paginator("list_topics").paginate()
        for arn in (topic["TopicArn"] for topic in page["Topics"])
        if arn.endswith(f":{labs.name('orders-confirmations')}")
    )
    url = sqs.create_queue(QueueName=f"confirmations-{uuid.uuid4()}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )["SubscriptionArn"]

    def read() -> list[str]:
        ids: list[str] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages"):
            ids += [json.loads(message["Body"])["orderId"] for message in messages]
            entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        return ids

    yield read
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)


def test_an_order_and_its_history(labs: Shell) -> None:
    order_id = new_id()
    lives = [event(type, order_id) for type in ("ORDER_CREATED", "ORDER_PAID", "ORDER_SHIPPED")]
    sent = labs.records("send_message.py", "orders", *lives, "--wait", "60")
    assert len(sent) == 3
    order = wait_for(lambda: orders(labs)[order_id], lambda order: order["inventory"] != "PENDING")
    assert (order["status"], order["inventory"], order["total"]) == ("SHIPPED", "RESERVED", 1.95)
    (record,) = labs.records("read_results.py", "orders", "--order", order_id)
    types = [entry["type"] for entry in record["body"]["history"]]
    assert [type for type in types if type in STATUS] == ["ORDER_CREATED", "ORDER_PAID", "ORDER_SHIPPED"]
    assert types.count("INVENTORY_RESERVED") == 1


def test_bad_input_is_named_in_one_line_and_kept(labs: Shell) -> None:
    drain(labs)
    order_id, unknown = new_id(), new_id()
    negative = event("ORDER_CREATED", order_id, items=[{"sku": "pen", "quantity": -1}])
    bad = [event("ORDER_LOST", order_id), event("ORDER_PAID", unknown), negative, "no event at all"]
    labs.script("send_message.py", "orders", *bad)
    kept = rejections(labs, 10)
    reasons: dict[str, set[str]] = defaultdict(set)
    for record in kept:
        reasons[record["error"]].add(record["handled_by"])
    assert reasons.pop(f"order {unknown} is unknown: no ORDER_CREATED came before this ORDER_PAID") == {"projection"}
    assert all(consumers == CONSUMERS for consumers in reasons.values()) and len(reasons) == 3
    for start in ("type must be one of", "data.items[0].quantity must be a whole number", "the message is not JSON"):
        assert any(reason.startswith(start) and "\n" not in reason for reason in reasons)
    # `request` is the event as it was sent, with the id and the time that the sender added.
    assert {json.loads(r["request"])["data"]["orderId"] for r in kept if r["request"].startswith("{")} == {
        order_id,
        unknown,
    }


def test_a_record_above_1_mib_is_refused_and_kept_whole(labs: Shell) -> None:
    long = event("ORDER_PAID", new_id(), note="x" * 2**20)
    done = labs.script("send_message.py", "orders", "--file", "-", expect=2, stdin=long)
    assert re.search(
        r"message 1 was refused: it has 10\d{5} bytes with its key, and a record takes 1048576", done.stderr
    )
    (record,) = rejections(labs, 1)
    claim = record["claim_check"]
    stored = labs.client("s3").get_object(Bucket=claim["bucket"], Key=claim["key"])["Body"].read()
    assert json.loads(stored)["data"] == json.loads(long)["data"]


def test_an_event_that_comes_three_times_counts_once(labs: Shell, confirmations: Callable[[], list[str]]) -> None:
    def reserved() -> int:
        records = labs.records("read_results.py", "orders", "--view", "inventory")
        return sum(record["body"]["reserved"] for record in records)

    before, order_id = reserved(), new_id()
    content = {**json.loads(event("ORDER_CREATED", order_id)), "id": str(uuid.uuid4()), "time": "2025-01-31T08:00:00Z"}
    labs.script("send_message.py", "orders", json.dumps(content), "--count", "3")
    paid = event("ORDER_PAID", order_id)
    labs.script("send_message.py", "orders", paid, "--wait", "60")
    order = wait_for(lambda: orders(labs)[order_id], lambda order: order["inventory"] != "PENDING")
    assert Counter(entry["type"] for entry in order["history"]) == {
        "ORDER_CREATED": 1,
        "ORDER_PAID": 1,
        "INVENTORY_RESERVED": 1,
    }
    assert reserved() == before + 1
    assert confirmations() == [order_id]


def test_two_thousand_orders_malformed_twice_and_failing_in_between(
    labs: Shell, confirmations: Callable[[], list[str]]
) -> None:
    """Read model = replay of the archive = a model computed here; stock never negative, stock + reserved constant."""
    produced = labs.records(
        *("produce_orders.py", "--orders", "2000", "--users", "50", "--rate", "0"),
        *("--malformed", "2", "--duplicates", "5", "--stumbles", "0.2"),
    )
    bad = [record for record in produced if record["faulty"]]
    expected = model([record["body"] for record in produced if not record["faulty"]])
    assert len(expected) == 2000 and len(produced) > 5500 and len(bad) > 50

    def complete(found: dict[str, Any]) -> bool:
        ours = [found.get(order_id) for order_id in expected]
        return all(order and order["inventory"] != "PENDING" and same(order, expected) for order in ours)

    found = wait_for(lambda: orders(labs), complete)
    assert {order_id: summary(found[order_id]) for order_id in expected} == expected
    for order in found.values():
        positions = [entry["position"] for entry in order["history"]]
        assert positions == sorted(positions)
        assert sum(entry["type"].startswith("INVENTORY_") for entry in order["history"]) == 1

    check_stock(labs, found)
    assert Counter(id for id in confirmations() if id in expected) == Counter(dict.fromkeys(expected, 1))
    check_rejections(labs, bad)
    done = labs.script("replay_orders.py", "--wait", "90")
    assert "the live table and the archive agree" in done.stderr
    check_point_in_time(labs, [record["body"] for record in produced if not record["faulty"]])


def test_shards_that_are_split_and_merged_under_load_lose_nothing(labs: Shell) -> None:
    """Every event counts, by id, in the order of its order; the stream ends with the shards that it had."""
    kinesis = labs.client("kinesis")
    (stream,) = [name for name in kinesis.list_streams()["StreamNames"] if name.startswith(labs.name("orders-"))]
    summary_of = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    shards = summary_of["OpenShardCount"]

    def rescale(count: int) -> None:
        kinesis.update_shard_count(StreamName=stream, TargetShardCount=count, ScalingType="UNIFORM_SCALING")
        kinesis.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})

    produced: list[dict[str, Any]] = []

    def produce() -> None:
        produced.extend(labs.records("produce_orders.py", "--orders", "300", "--rate", "100"))

    load = threading.Thread(target=produce)
    load.start()
    rounds = 0
    while load.is_alive() and rounds < 3:
        time.sleep(1)  # so that there are records in what is split and merged
        rescale(2 * shards)
        time.sleep(1)
        rescale(shards)
        rounds += 1
    load.join()
    assert rounds > 0
    closed = {each["ShardId"] for each in kinesis.list_shards(StreamName=stream)["Shards"] if is_closed(each)}
    assert len({record["sequence_number"] for record in produced}) == len(produced)
    assert len(closed) == rounds * 3 * shards
    expected = model([record["body"] for record in produced])
    assert len(expected) == 300
    found = wait_for(
        lambda: orders(labs),
        lambda found: all(order_id in found and same(found[order_id], expected) for order_id in expected),
    )
    assert {order_id: summary(found[order_id]) for order_id in expected} == expected


def is_closed(shard: dict[str, Any]) -> bool:
    return "EndingSequenceNumber" in shard["SequenceNumberRange"]


def model(events: list[dict[str, Any]]) -> dict[str, Any]:
    """What the orders are after these events, each counted once: status, and history by event id."""
    histories: dict[str, dict[str, str]] = defaultdict(dict)
    for one in events:
        histories[one["data"]["orderId"]].setdefault(one["id"], one["type"])
    return {
        order_id: {"status": STATUS[list(history.values())[-1]], "history": list(history)}
        for order_id, history in histories.items()
    }


def summary(order: dict[str, Any]) -> dict[str, Any]:
    history = [entry["id"] for entry in order["history"] if entry["type"] in STATUS]
    return {"status": order["status"], "history": history}


def same(order: dict[str, Any], expected: dict[str, Any]) -> bool:
    return bool(summary(order) == expected[order["orderId"]])


def check_stock(labs: Shell, found: dict[str, Any]) -> None:
    """What is reserved is what the orders hold that have a reservation and were not cancelled."""
    held: Counter[str] = Counter()
    for order in found.values():
        if order["inventory"] == "RESERVED" and order["status"] != "CANCELLED":
            for item in order["items"]:
                held[item["sku"]] += item["quantity"]
    stock = {
        record["body"]["sku"]: record["body"]
        for record in labs.records("read_results.py", "orders", "--view", "inventory")
    }
    for sku, levels in stock.items():
        assert levels["available"] >= 0 and levels["reserved"] >= 0
        assert levels["available"] + levels["reserved"] == STOCK
        assert levels["reserved"] == held[sku]
    assert {order["inventory"] for order in found.values()} == {"RESERVED", "REJECTED"}


def check_rejections(labs: Shell, bad: list[dict[str, Any]]) -> None:
    """Every consumer has set each malformed record aside, with its data; nothing else."""
    wanted = {(consumer, record["sequence_number"]) for consumer in CONSUMERS for record in bad}
    kept: dict[tuple[str, str], Any] = {}
    deadline = time.monotonic() + PATIENCE_S
    while len(kept) < len(wanted) and time.monotonic() < deadline:
        for record in rejections(labs, len(wanted) - len(kept)):
            kept[record["handled_by"], record["record"]["sequence_number"]] = record["request"]
    assert set(kept) == wanted
    said = {record["sequence_number"]: record["body"] for record in bad}
    for (_, number), request in kept.items():
        assert (json.loads(request) if isinstance(said[number], dict) else request) == said[number]


def check_point_in_time(labs: Shell, events: list[dict[str, Any]]) -> None:
    moment = sorted(one["time"] for one in events)[len(events) // 2]
    expected = model([one for one in events if one["time"] <= moment])
    records = labs.records("replay_orders.py", "--until", moment)
    shown = {record["body"]["orderId"]: summary(record["body"]) for record in records}
    assert {order_id: shown[order_id] for order_id in expected} == expected
    assert not set(shown) & {one["data"]["orderId"] for one in events} - set(expected)


def test_aggregated_events_are_events_like_others(labs: Shell) -> None:
    produced = labs.records(
        "produce_orders.py", "--orders", "150", "--rate", "0", "--aggregate", "--malformed", "2", "--key", "spread"
    )
    expected = model([record["body"] for record in produced if not record["faulty"]])
    assert len({record["sequence_number"] for record in produced}) < len(produced) / 10
    found = wait_for(
        lambda: orders(labs),
        lambda found: all(order_id in found and same(found[order_id], expected) for order_id in expected),
    )
    assert {order_id: summary(found[order_id]) for order_id in expected} == expected
    labs.script("replay_orders.py", "--wait", "90")


def test_a_monolith_with_an_outbox_loses_nothing_and_one_that_writes_twice_does(labs: Shell) -> None:
    arguments = ("monolith_example.py", "--orders", "60", "--crashes", "20", "--seed", "1")
    assert "no event is lost" in labs.script(*arguments, "--wait", "60").stderr
    assert "their events are lost" in labs.script(*arguments, "--naive", "--wait", "5", expect=1).stderr


def test_a_record_that_always_fails_blocks_nothing_and_the_replay_finds_what_is_missing(labs: Shell) -> None:
    drain(labs)
    crashing, other = new_id(), new_id()
    crash = event("ORDER_PAID", crashing, crash="projection")
    bodies = [event("ORDER_CREATED", crashing), crash, event("ORDER_CREATED", other)]
    assert len(labs.records("send_message.py", "orders", *bodies)) == 3
    assert wait_for(lambda: orders(labs), lambda found: other in found)
    (failure,) = rejections(labs, 1)
    assert failure["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert failure["KinesisBatchInfo"]["batchSize"] == 1
    # There will be a difference; on AWS the archive is a minute behind, with more of them.
    (record,) = labs.records("replay_orders.py", "--wait", "0" if labs.port else "120", expect=1)
    difference = "status: PENDING live, PAID replayed; history: 1 live, 2 replayed"
    assert record == {"orderId": crashing, "body": difference}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("produce_orders.py", "--orders", "0"), "--orders must be 1 to 100000"),
        (("produce_orders.py", "--malformed", "101"), "are percentages"),
        (("replay_orders.py", "--until", "noon"), "--until: 'noon' is no time"),
        (
            ("read_results.py", "orders", "--view", "nothing"),
            "has no table nothing; its tables are inventory",
        ),
        (("read_results.py", "orders", "--follow"), "--follow goes with queues"),
        (
            ("read_results.py", "calculator", "--order", "o-1"),
            "no table output; --view and --order go with",
        ),
    ],
)
def test_wrong_options_are_named(labs: Shell, arguments: tuple[str, ...], problem: str) -> None:
    assert problem in labs.script(*arguments, expect=2).stderr
