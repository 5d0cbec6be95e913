"""Options of lab `orders`: what they change in the stack, and what is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from project import ProjectError
from stacks.orders import CATALOGUE, OrdersStack

Synth = Callable[..., Any]


def stream_of(stack: Any) -> Any:
    (stream,) = stack["resource"]["aws_kinesis_stream"].values()
    return stream


def test_the_stream_is_provisioned_with_one_shard_for_a_day(synth: Synth) -> None:
    stream = stream_of(synth(OrdersStack))
    assert (stream["name"], stream["shard_count"], stream["retention_period"]) == ("lab-orders-events", 1, 24)
    assert stream["stream_mode_details"] == {"stream_mode": "PROVISIONED"}


def test_shards_and_retention_by_context(synth: Synth) -> None:
    stream = stream_of(synth(OrdersStack, orders__shards="4", orders__retention_h="168"))
    assert (stream["shard_count"], stream["retention_period"]) == (4, 168)


@pytest.mark.parametrize("hours", [24, 168])
def test_a_pause_loses_no_record_that_the_stream_still_has(synth: Synth, hours: int) -> None:
    """A mapping gives up on records older than its age, also on those that came while it was switched off."""
    mappings = synth(OrdersStack, orders__retention_h=str(hours))["resource"]["aws_lambda_event_source_mapping"]
    ages = [each["maximum_record_age_in_seconds"] for each in mappings.values()]
    assert ages == [hours * 3600] * 3
    assert max(ages) <= 604_800  # Lambda API reference, CreateEventSourceMapping


def test_a_batch_of_aggregates_is_handled_in_time(synth: Synth) -> None:
    """By the sums of the stack: CPU follows memory, and each order is some calls to DynamoDB."""
    found = synth(OrdersStack)["resource"]
    assert {each["memory_size"] for each in found["aws_lambda_function"].values()} == {512}
    assert {each["batch_size"] for each in found["aws_lambda_event_source_mapping"].values()} == {100}


def test_on_demand(synth: Synth) -> None:
    stream = stream_of(synth(OrdersStack, orders__mode="on-demand"))
    assert stream["stream_mode_details"] == {"stream_mode": "ON_DEMAND"} and "shard_count" not in stream
    with pytest.raises(ProjectError, match=r"orders\.shards: a stream on demand has as many as it needs"):
        synth(OrdersStack, orders__mode="on-demand", orders__shards="2")


def test_each_consumer_has_an_event_source_of_its_own(synth: Synth) -> None:
    mappings = synth(OrdersStack)["resource"]["aws_lambda_event_source_mapping"].values()
    functions = [mapping["function_name"].split(".")[1] for mapping in mappings]
    assert sorted(functions) == ["inventory", "notifications", "projection"]
    assert {mapping["event_source_arn"] for mapping in mappings} == {"${aws_kinesis_stream.events.arn}"}


def test_enhanced_fan_out_is_for_the_consumers_that_are_named(synth: Synth) -> None:
    resources = synth(OrdersStack, role="dedicated", orders__enhanced_fan_out="projection, inventory")["resource"]
    consumers = {consumer["name"] for consumer in resources["aws_kinesis_stream_consumer"].values()}
    assert consumers == {"lab-orders-projection", "lab-orders-inventory"}
    sources = {
        mapping["function_name"].split(".")[1]: mapping["event_source_arn"].split(".")[0].removeprefix("${")
        for mapping in resources["aws_lambda_event_source_mapping"].values()
    }
    shared, own = "aws_kinesis_stream", "aws_kinesis_stream_consumer"
    assert sources == {"notifications": shared, "projection": own, "inventory": own}
    subscribed = [
        policy for policy in resources["aws_iam_role_policy"].values() if "kinesis:SubscribeToShard" in policy["policy"]
    ]
    assert len(subscribed) == 2


def test_each_function_may_do_what_it_does_and_no_more(synth: Synth) -> None:
    resources = synth(OrdersStack, role="dedicated")["resource"]
    actions: dict[str, set[str]] = {}
    for policy in resources["aws_iam_role_policy"].values():
        role = policy["role"].split(".")[1].rpartition("-role")[0]
        for statement in json.loads(policy["policy"])["Statement"]:
            actions.setdefault(role, set()).update(
                action for action in statement["Action"] if not action.startswith(("logs:", "kinesis:L", "kinesis:D"))
            )
    reading = {"kinesis:GetRecords", "kinesis:GetShardIterator"}
    rejecting = {"sqs:SendMessage", "s3:PutObject"}
    tables = {f"dynamodb:{action}Item" for action in ("Get", "Put", "Update", "Delete")}
    assert actions["projection"] == reading | rejecting | {"dynamodb:BatchGetItem", "dynamodb:PutItem"}
    assert actions["inventory"] == reading | rejecting | tables - {"dynamodb:DeleteItem"} | {"kinesis:PutRecords"}
    assert actions["notifications"] == reading | rejecting | tables | {"sns:Publish"}
    assert not [action for action in actions["archiver"] if action.startswith(("dynamodb:", "sqs:", "sns:"))]


def test_the_stock_is_the_inventorys_once_it_is_there(synth: Synth) -> None:
    items = synth(OrdersStack, orders__stock="7")["resource"]["aws_dynamodb_table_item"].values()
    assert {json.loads(item["item"])["sku"]["S"] for item in items} == set(CATALOGUE)
    assert all(json.loads(item["item"])["available"] == {"N": "7"} for item in items)
    assert all(item["lifecycle"] == {"ignore_changes": ["item"]} for item in items)


def test_confirmations_by_e_mail(synth: Synth) -> None:
    assert "aws_sns_topic_subscription" not in synth(OrdersStack)["resource"]
    (subscription,) = synth(OrdersStack, orders__email="ana@example.org")["resource"][
        "aws_sns_topic_subscription"
    ].values()
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "ana@example.org")


def test_what_is_wrong_is_said_together(synth: Synth) -> None:
    with pytest.raises(ProjectError) as error:
        synth(
            OrdersStack,
            orders__mode="elastic",
            orders__shards="0",
            orders__retention_h="169",
            orders__enhanced_fan_out="archive",
            orders__email="ana",
        )
    assert str(error.value).splitlines() == [
        "context orders.mode: must be provisioned or on-demand, not 'elastic'",
        "context orders.shards: must be 1 to 500, not '0'",
        "context orders.retention_h: must be 24 to 168, not '169'",
        "context orders.enhanced_fan_out: must be names of consumers, with commas: "
        "notifications, inventory, projection, not 'archive'",
        "context orders.email: must be an e-mail address, not 'ana'",
    ]
