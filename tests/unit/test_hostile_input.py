"""What nobody means to send: every function answers it as its page says, and fails on none of it."""

import json
from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given

import hostile
from doubles import Context, Queue, sqs_event
from memory_ledger import MemoryLedger
from purchase import check_order
from saga import PAY, RESERVE, SHIP, perform

REQUESTS = hostile.objects({"number1": ["1", '"7"'], "number2": ["5"], "operation": ['"+"', '"/"'], "more": ["1"]})
ORDERS = hostile.objects(
    {
        "order_id": ['"o-1"'],
        "customer": ['"ana"'],
        "kind": ['"physical"'],
        "amount": ["30.5"],
        "crash": ['"nobody"'],
        "claim_check": ['{"bucket": "mine", "key": ""}'],
        "Type": ['"Notification"'],
        "TopicArn": ['"t"'],
        "Message": ['"hello"'],
        "MessageId": ['"m"'],
        "MessageAttributes": ["{}", '{"type": {}}'],
    }
)
CHECKOUTS = hostile.objects(
    {
        "order_id": ['"o-1"'],
        "customer": ['"ana"'],
        "item": ['"book"'],
        "quantity": ["1", "2.0"],
        "total": ["15"],
        "fail_at": ['"ship"'],
        "how": ['"declined"'],
        "note": ['"mine"'],
    }
)
ACCOUNTS = hostile.objects({"account_id": ['"ana-1"'], "name": ['"Ana"'], "email": ['"ana@example.org"'], "x": ["1"]})


def is_clean(content: Any) -> bool:
    """JSON that any reader takes: numbers that are numbers, whole characters."""
    json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    return True


def read_event(body: str) -> Any:
    """What Lambda's runtime makes of an event; a test is not about what is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


@pytest.mark.parametrize(
    ("lab", "name"),
    [("calculator", "handler"), ("fanout", "billing"), ("fanout", "shipping"), ("fanout", "audit")],
)
def test_every_message_has_one_reply(
    load_handler: Callable[..., ModuleType], queue: Queue, monkeypatch: pytest.MonkeyPatch, lab: str, name: str
) -> None:
    monkeypatch.setenv("CLAIMS_BUCKET", "mine")
    handler = load_handler(lab, name)

    @given(REQUESTS, ORDERS)
    @example('{"number1": 1e99999999999999999999, "number2": 1}', '{"amount": 1e99999999999999999999}')
    @example("\ud800", '{"TopicArn": 1, "Type": "Notification", "Message": 5}')
    def handle(request: str, order: str) -> None:
        queue.bodies.clear()
        assert handler.lambda_handler(sqs_event(request, order), Context())["batchItemFailures"] == []
        assert len(queue.messages) == 2
        assert all(is_clean(reply) for reply in queue.messages)

    handle()


@given(CHECKOUTS)
@example(f'{{"customer": "ana", "item": "book", "quantity": 1{"0" * 400}, "total": 15}}')
@example('{"customer": "ana", "item": "book", "quantity": 1, "total": 15, "note": 1e999}')
def test_every_order_is_checked_and_can_be_carried_out(body: str) -> None:
    checked = check_order(read_event(body), "an-execution", Decimal(1000))
    assert is_clean(checked) and checked["checkout_id"].isprintable()
    if checked["answer"]["status"] == "declined":
        assert checked["answer"]["reason"].startswith("the order is refused: ")
        return
    ledger = MemoryLedger()
    for step in (PAY, SHIP, RESERVE):
        event = {"checkout_id": checked["checkout_id"], "step": step.name, "order": checked["order"]}
        assert perform(step, event, ledger, lambda: None)["status"] in ("done", "declined")


def test_every_account_is_valid_or_has_reasons(load_module: Callable[..., ModuleType]) -> None:
    handler = load_module("accounts")

    @given(ACCOUNTS)
    def handle(body: str) -> None:
        answer = handler.lambda_handler(read_event(body), Context())
        assert is_clean(answer) and bool(answer.get("reasons")) != answer["valid"]

    handle()
