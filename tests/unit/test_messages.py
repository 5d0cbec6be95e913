"""A message as the handlers see it: straight from SQS, through SNS, raw, and by reference."""

import io
import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from labkit import claim_check
from labkit.claim_check import read_claimed
from labkit.messages import Message, Rejected, read_message


def record(body: str, **attributes: str) -> SQSRecord:
    values = {name: {"stringValue": value, "dataType": "String"} for name, value in attributes.items()}
    return SQSRecord({"messageId": "sqs-id", "body": body, "messageAttributes": values})


def envelope(message: str, **attributes: str) -> str:
    values = {name: {"Type": "String", "Value": value} for name, value in attributes.items()}
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "sns-id",
            "TopicArn": "t",
            "Message": message,
            "MessageAttributes": values,
        }
    )


def test_straight_from_the_queue() -> None:
    assert read_message(record("hello")) == Message("sqs-id", "hello", {})


def test_out_of_the_envelope_of_sns() -> None:
    assert read_message(record(envelope("hello", type="x"))) == Message("sns-id", "hello", {"type": "x"})


def test_the_senders_own_id_survives_every_way() -> None:
    assert read_message(record(envelope("hello", correlation_id="mine"))).id == "mine"
    assert read_message(record("hello", correlation_id="mine")).id == "mine"


@given(st.text())
def test_any_text_stays_the_text_that_it_is(text: str) -> None:
    assert read_message(record(text)).body == text
    assert read_message(record(envelope(text))).body == text


@pytest.mark.parametrize("body", ["a \ud800 b", envelope("a \ud800 b")])
def test_half_of_a_character_becomes_a_question_mark(body: str) -> None:
    assert read_message(record(body, type="\ud800")).body == "a ? b"


@pytest.mark.parametrize(
    "change", [{"MessageId": None}, {"Message": 1}, {"MessageAttributes": []}, {"MessageAttributes": {"type": "x"}}]
)
def test_an_envelope_that_sns_did_not_make_is_none(change: dict[str, Any]) -> None:
    body = json.dumps({**json.loads(envelope("hello")), **change})
    assert read_message(record(body)) == Message("sqs-id", body, {})


@pytest.mark.parametrize(
    "body", ['{"TopicArn": 1}', '["TopicArn"]', '{"TopicArn": 1', '{"Type": "x", "TopicArn": "t"}']
)
def test_what_only_looks_like_an_envelope_is_none(body: str) -> None:
    assert read_message(record(body)) == Message("sqs-id", body, {})


class Store:
    """Stands for S3: holds one object."""

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if (Bucket, Key) != ("mine", "there"):
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no"}}, "GetObject")
        return {"Body": io.BytesIO(b'{"order_id": "o-1"}')}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAIMS_BUCKET", "mine")
    monkeypatch.setattr(claim_check, "_s3", Store)


def claim(bucket: object, key: object) -> str:
    return json.dumps({"type": "order", "claim_check": {"bucket": bucket, "key": key}})


def test_a_reference_is_followed(store: None) -> None:
    assert read_claimed(claim("mine", "there")) == {"order_id": "o-1"}
    assert read_claimed('{"order_id": "o-2"}') == {"order_id": "o-2"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (claim("yours", "there"), "outside the lab's bucket"),
        (claim(None, "there"), "outside the lab's bucket"),
        ('{"claim_check": "there"}', "outside the lab's bucket"),
        (claim("mine", "gone"), "is gone"),
        (claim("mine", ""), "does not say which stored body"),
        (claim("mine", ["there"]), "does not say which stored body"),
        (claim("mine", "é" * 513), "does not say which stored body"),
        ("hello", "not JSON"),
        ("[1]", "not a JSON object"),
    ],
)
def test_a_reference_elsewhere_or_to_nothing_is_rejected(store: None, body: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        read_claimed(body)
