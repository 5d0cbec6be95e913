"""When a burst of messages counts, and that the naive handler is what the report says it is."""

import json
import zipfile
from io import BytesIO
from typing import Any

import pytest

from bench import HERE
from bench.bursts import Burst, InvalidRun, _latencies_ms, zipped
from bench.naive import handler

REQUESTS = {"a": (1, 100.0), "b": (2, 100.5)}


def test_latency_is_from_sending_to_the_reply() -> None:
    replies = [("b", 102.0, 3), ("a", 100.25, 2)]
    assert list(_latencies_ms(REQUESTS, replies)) == [1500.0, 250.0]


@pytest.mark.parametrize(
    ("replies", "problem"),
    [
        ([("a", 101.0, 2)], "1 replies to 1 of 2"),
        ([("a", 101.0, 2), ("a", 101.0, 2)], "2 replies to 1 of 2"),
        ([("a", 101.0, 2), ("b", 101.0, 3), ("b", 101.0, 3)], "3 replies to 2 of 2"),
        ([("a", 101.0, 2), ("c", 101.0, 3)], "2 replies to 1 of 2"),
        ([("a", 101.0, 2), ("b", 101.0, 4)], "2 \\+ 1 was answered with 4"),
    ],
    ids=["lost", "twice", "too many", "of another", "wrong"],
)
def test_a_burst_counts_only_with_one_right_reply_each(replies: list[tuple[str, float, int]], problem: str) -> None:
    with pytest.raises(InvalidRun, match=problem):
        list(_latencies_ms(REQUESTS, replies))


def test_figures_of_a_burst() -> None:
    burst = Burst(messages=100, sending_s=0.5, seconds=4.0, latencies_ms=tuple(map(float, range(1, 101))))
    assert burst.figures() == {"throughput": 25.0, "p50": 50.0, "p99": 99.0, "sending": 0.5}


class Queue:
    """Stands in for boto3: counts clients and keeps what is sent."""

    def __init__(self) -> None:
        self.clients = 0
        self.sent: list[dict[str, Any]] = []

    def client(self, service: str) -> "Queue":
        self.clients += 1
        return self

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:
        self.sent.append(json.loads(MessageBody))


def test_the_naive_handler_makes_a_client_and_a_call_for_each_message(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue()
    monkeypatch.setattr(handler, "boto3", queue)
    monkeypatch.setenv("OUTPUT_QUEUE_URL", "anywhere")
    records = [
        {"messageId": operation, "body": json.dumps({"number1": 6, "number2": 3, "operation": operation})}
        for operation in "+-*/"
    ]
    handler.lambda_handler({"Records": records}, None)
    assert queue.clients == len(queue.sent) == 4
    assert {reply["correlation_id"]: reply["result"] for reply in queue.sent} == {"+": 9, "-": 3, "*": 18, "/": 2.0}


def test_the_naive_zip_holds_the_handler_alone() -> None:
    with zipfile.ZipFile(BytesIO(zipped(HERE / "naive" / "handler.py"))) as archive:
        assert archive.namelist() == ["handler.py"]
