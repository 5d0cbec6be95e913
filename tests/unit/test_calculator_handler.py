"""The calculator's handler: one reply a message, whatever the message; another attempt only for what may pass."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from doubles import EVENTS, Context, Queue, sqs_event

Load = Callable[[str], ModuleType]


@pytest.fixture
def handle(load_handler: Load) -> Callable[[dict[str, Any]], Any]:
    module = load_handler("calculator")
    return lambda event: module.lambda_handler(event, Context())


def failures(response: Any) -> list[str]:
    return [item["itemIdentifier"] for item in response["batchItemFailures"]]


def test_the_course_console_test_event_gives_two_results(handle: Callable[..., Any], queue: Queue) -> None:
    event = json.loads((EVENTS / "course_console_test.json").read_text())
    assert failures(handle(event)) == []
    assert queue.messages == [
        {
            "result": 6,
            "request": {"number1": 1, "number2": 5, "operation": "+"},
            "correlation_id": "19dd0b57-b21e-4ac1-bd88-01bbb068cb78",
        },
        {
            "result": 10,
            "request": {"number1": "7", "number2": "3"},
            "correlation_id": "29dd0b57-b21e-4ac1-bd88-01bbb068cb78",
        },
    ]


def test_a_batch_of_ten_is_answered_in_one_call(handle: Callable[..., Any], queue: Queue) -> None:
    handle(sqs_event(*[f'{{"number1": {n}, "number2": 1}}' for n in range(10)]))
    assert [message["result"] for message in queue.messages] == list(range(1, 11))
    assert queue.calls == 1


def test_a_bad_message_is_answered_and_blocks_no_neighbour(handle: Callable[..., Any], queue: Queue) -> None:
    response = handle(sqs_event('{"number1": 1, "number2": 5}', "hello", '{"number1": 2, "number2": 2}'))
    assert failures(response) == []
    replies = {message["correlation_id"]: message for message in queue.messages}
    assert replies["m0"]["result"] == 6
    assert replies["m2"]["result"] == 4
    assert replies["m1"]["request"] == "hello"
    assert "not JSON" in replies["m1"]["error"]


def test_ten_messages_of_200_kb_are_answered_with_a_shortened_copy(handle: Callable[..., Any], queue: Queue) -> None:
    assert failures(handle(sqs_event(*["é" * 100_000] * 10))) == []
    assert len(queue.messages) == 10
    for message in queue.messages:
        assert "too long: 200000 bytes" in message["error"]
        assert message["request"].endswith("... (98000 more characters)")


def test_a_reply_that_is_not_accepted_means_another_attempt(handle: Callable[..., Any], queue: Queue) -> None:
    queue.fails_on = lambda body: '"result":6' in body
    response = handle(sqs_event('{"number1": 1, "number2": 5}', '{"number1": 2, "number2": 2}'))
    assert failures(response) == ["m0"]
    assert [message["correlation_id"] for message in queue.messages] == ["m1"]


def test_a_crash_means_another_attempt_for_that_message_alone(
    load_handler: Load, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load_handler("calculator")
    answer = module.answer

    def crash(message: Any) -> Any:
        if "crash" in message.body:
            raise RuntimeError("a defect")
        return answer(message)

    monkeypatch.setattr(module, "answer", crash)
    response = module.lambda_handler(sqs_event('{"number1": 1, "number2": 5}', "crash"), Context())
    assert failures(response) == ["m1"]
    assert [message["correlation_id"] for message in queue.messages] == ["m0"]


def test_when_all_fail_all_are_tried_again(handle: Callable[..., Any], queue: Queue) -> None:
    queue.fails_on = lambda body: True
    assert failures(handle(sqs_event("a", "b"))) == ["m0", "m1"]


def test_a_missing_variable_is_named_at_the_start(load_handler: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OUTPUT_QUEUE_URL")
    with pytest.raises(KeyError, match="OUTPUT_QUEUE_URL"):
        load_handler("calculator")
