"""Replies to a batch of a FIFO queue: what follows a message of its group does not overtake it."""

import json
from typing import Any

import pytest

from doubles import OUTPUT_QUEUE_URL, Queue, longest_call_s, sqs_event
from labkit.messages import Message
from labkit.outbox import Outbox
from labkit.replies import reply_to_each


@pytest.fixture
def outbox(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    outbox = Outbox(OUTPUT_QUEUE_URL)
    monkeypatch.setattr(outbox, "_sqs", queue)
    return outbox


def test_a_queue_that_does_not_answer_ends_in_a_retry_and_not_in_a_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worst: every attempt waits for its full time, with the longest pauses between them; a function has 10 s."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert longest_call_s(Outbox(OUTPUT_QUEUE_URL)._sqs) < 10


def fifo_event(*bodies: str) -> dict[str, Any]:
    """An SQS event of a FIFO queue; the first letter of a body is its group."""
    event = sqs_event(*bodies)
    for record in event["Records"]:
        record["attributes"] = {**record["attributes"], "MessageGroupId": record["body"][0]}
    return event


def answer(message: Message) -> dict[str, Any]:
    return {"answer": message.body}


def sent(queue: Queue) -> list[str]:
    return [message["answer"] for message in queue.messages]


def failed(response: dict[str, Any]) -> list[str]:
    return sorted(failure["itemIdentifier"] for failure in response["batchItemFailures"])


def test_a_reply_that_is_not_sent_holds_back_those_of_its_group(queue: Queue, outbox: Outbox) -> None:
    """Else the queue would see a1, a2, and a0 when it is tried again."""
    queue.fails_on = lambda body: json.loads(body)["answer"] == "a0"
    response = reply_to_each(fifo_event("a0", "b0", "a1", "b1", "a2"), answer, outbox)
    assert sent(queue) == ["b0", "b1"]
    assert failed(response) == ["m0", "m2", "m4"]


def test_replies_of_a_group_are_sent_in_order(queue: Queue, outbox: Outbox) -> None:
    response = reply_to_each(fifo_event("a0", "a1", "b0", "b1", "c0"), answer, outbox)
    assert failed(response) == []
    for group in "ab":
        assert [text for text in sent(queue) if text[0] == group] == [f"{group}0", f"{group}1"]
    assert queue.calls == 2  # not one for each message


def test_without_groups_a_reply_holds_back_nothing(queue: Queue, outbox: Outbox) -> None:
    queue.fails_on = lambda body: json.loads(body)["answer"] == "a0"
    response = reply_to_each(sqs_event("a0", "a1", "a2"), answer, outbox)
    assert sent(queue) == ["a1", "a2"]
    assert failed(response) == ["m0"]
    assert queue.calls == 1
