"""Options of the labs: what they change, and what is refused at synth, by name."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cdktf import App

from main import LABS
from project import ProjectError
from stacks.blocks import DeadLetterQueue, Queue, Rule, Topic
from stacks.bus import BusStack
from stacks.fanout import FanoutStack
from stacks.lab import LabStack
from stacks.settings import NoOptions, read

Synth = Callable[..., Any]


def test_people_are_subscribed_by_option(synth: Synth) -> None:
    options = {
        "fanout__email": "ana@example.org",
        "fanout__https": "https://example.org/x",
        "fanout__sms": "+33612345678",
    }
    subscriptions = synth(FanoutStack, **options)["resource"]["aws_sns_topic_subscription"].values()
    chosen = {subscription["protocol"]: subscription["endpoint"] for subscription in subscriptions}
    assert (
        chosen.items() >= {"email": "ana@example.org", "https": "https://example.org/x", "sms": "+33612345678"}.items()
    )


@pytest.mark.parametrize("role", ["LabRole", "dedicated"])
@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_arns_are_of_the_regions_partition(synth: Synth, region: str, partition: str, role: str) -> None:
    for lab in LABS:
        arns = set(re.findall(r"arn:[\w-]+:", json.dumps(synth(lab, region=region, role=role))))
        assert arns == {f"arn:{partition}:"}, lab.lab


def test_who_reads_stored_bodies_is_told_that_one_is_gone(synth: Synth) -> None:
    """S3 answers 403 instead of 404 to who may not list the bucket (API reference, GetObject, "Permissions")."""
    policies = synth(FanoutStack, role="dedicated")["resource"]["aws_iam_role_policy"]
    (bucket,) = (id for id in synth(FanoutStack)["resource"]["aws_s3_bucket"] if "claims" in id)
    for consumer in ("billing", "shipping"):
        (policy,) = (each for id, each in policies.items() if id.startswith(f"{consumer}-role_read-from-claims"))
        allowed = {
            (action, statement["Resource"])
            for statement in json.loads(policy["policy"])["Statement"]
            for action in statement["Action"]
        }
        arn = f"${{aws_s3_bucket.{bucket}.arn}}"
        assert allowed == {("s3:GetObject", f"{arn}/*"), ("s3:ListBucket", arn)}


def test_nobody_is_subscribed_by_default(synth: Synth) -> None:
    subscriptions = synth(FanoutStack)["resource"]["aws_sns_topic_subscription"].values()
    assert {subscription["protocol"] for subscription in subscriptions} == {"sqs"}


def test_addresses_that_are_none_are_refused_together(synth: Synth) -> None:
    with pytest.raises(ProjectError) as error:
        synth(FanoutStack, fanout__email="ana", fanout__https="http://x", fanout__sms="0612345678")
    assert len(str(error.value).splitlines()) == 3
    assert "context fanout.email: must be an e-mail address, not 'ana'" in str(error.value)


def test_a_fifo_topic_delivers_to_queues_only(synth: Synth) -> None:
    with pytest.raises(ProjectError, match=r"fanout\.email: a FIFO topic delivers to queues only"):
        synth(FanoutStack, fanout__fifo="true", fanout__email="ana@example.org")


def test_fifo_is_fifo_all_the_way(synth: Synth) -> None:
    resources = synth(FanoutStack, fanout__fifo="true")["resource"]
    (topic,) = resources["aws_sns_topic"].values()
    assert topic["fifo_topic"] is True and topic["name"] == "lab-fanout-events.fifo"
    for id, queue in resources["aws_sqs_queue"].items():
        assert queue["name"].endswith(".fifo") is (queue.get("fifo_queue") is True) is (id != "output")


def test_the_schema_registry_is_for_aws_only_on_request(synth: Synth) -> None:
    assert "aws_schemas_registry" not in synth(BusStack)["resource"]
    assert {"aws_schemas_registry", "aws_schemas_discoverer"} <= set(synth(BusStack, bus__schemas="true")["resource"])


def test_the_schema_registry_is_refused_on_an_emulator(synth: Synth) -> None:
    with pytest.raises(ProjectError, match=r"^bus\.schemas: http://127\.0\.0\.1:4566 is no AWS and has no schema reg"):
        synth(BusStack, endpoint="http://127.0.0.1:4566", bus__schemas="true")


class WrongStack(LabStack):
    """A lab with a rule that EventBridge would refuse."""

    lab = "wrong"

    def __init__(self, scope: Any, settings: Any) -> None:
        super().__init__(scope, settings)
        Rule(self, "large", pattern={"detail": {"total": 100}}, dead_letters=DeadLetterQueue(self, "dead-letters"))


def test_an_invalid_pattern_fails_at_synth_with_the_rules_name(tmp_path: Any) -> None:
    with pytest.raises(ProjectError, match=r"^rule lab-wrong-large: detail\.total: values stand in a list, not 100$"):
        WrongStack(App(outdir=str(tmp_path)), read({"wrong": WrongStack.Options}, {}, None))


class FilteredStack(LabStack):
    """A topic that delivers to a queue what two filters let through."""

    lab = "filtered"
    filters: ClassVar[dict[str, Any]] = {}

    def __init__(self, scope: Any, settings: Any) -> None:
        super().__init__(scope, settings)
        Topic(self, "events").deliver_to(Queue(self, "mail"), **self.filters)


def filtered(folder: Path, **filters: Any) -> dict[str, Any]:
    """The subscription with these filters."""
    app = App(outdir=str(folder))
    type("FilteredStack", (FilteredStack,), {"filters": filters})(app, read({"filtered": NoOptions}, {}, None))
    app.synth()
    resources = json.loads((folder / "stacks" / "filtered" / "cdk.tf.json").read_text())["resource"]
    (subscription,) = resources["aws_sns_topic_subscription"].values()
    return dict(subscription)


def test_a_filter_has_the_scope_of_what_it_looks_at(tmp_path: Path) -> None:
    by_attribute = filtered(tmp_path / "attributes", attributes={"type": ["order"]})
    by_body = filtered(tmp_path / "body", body={"type": ["order"]})
    assert by_attribute["filter_policy"] == by_body["filter_policy"] == '{"type":["order"]}'
    assert (by_attribute["filter_policy_scope"], by_body["filter_policy_scope"]) == ("MessageAttributes", "MessageBody")
    assert "filter_policy_scope" not in filtered(tmp_path / "none")


def test_a_filter_that_looks_at_both_is_refused_at_synth(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"^filter of lab-filtered-mail-subscription: .* not at both$"):
        filtered(tmp_path, attributes={"type": ["order"]}, body={"kind": ["physical"]})
