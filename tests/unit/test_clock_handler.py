"""The clock's handler, run by its schedule and by hand."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from types import ModuleType

import pytest

from doubles import Context, Queue

SCHEDULED = {
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2015-10-08T16:53:06Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/lab-clock-schedule"],
    "detail": {},
}


@pytest.fixture
def clock(load_handler: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("foo", "bar")
    return load_handler("clock")


def test_the_schedule_gives_the_time_and_the_variable(clock: ModuleType, queue: Queue) -> None:
    clock.lambda_handler(SCHEDULED, Context())
    (message,) = queue.messages
    assert message["foo"] == "bar"
    assert message["trigger"] == "schedule"
    assert message["correlation_id"] == SCHEDULED["id"]
    assert message["time"].endswith("Z")
    time = datetime.fromisoformat(message["time"].replace("Z", "+00:00"))
    assert abs(datetime.now(timezone.utc) - time) < timedelta(seconds=10)


@pytest.mark.parametrize("event", [{}, None, [], "now", 1, {"id": "mine"}, {"detail-type": "Scheduled Event"}])
def test_by_hand_with_any_event(clock: ModuleType, queue: Queue, event: object) -> None:
    context = Context()
    returned = clock.lambda_handler(event, context)
    (message,) = queue.messages
    assert message == returned
    assert message["trigger"] == "hand"
    assert message["correlation_id"] == context.aws_request_id


def test_a_scheduled_event_delivered_twice_can_be_recognized(clock: ModuleType, queue: Queue) -> None:
    clock.lambda_handler(SCHEDULED, Context())
    clock.lambda_handler(SCHEDULED, Context())
    assert len({message["correlation_id"] for message in queue.messages}) == 1
