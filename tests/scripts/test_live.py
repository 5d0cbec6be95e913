"""The parts of the views against services that answer as AWS does: log lines, queues looked into, the chain."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
import rich.console
from starlette.requests import Request
from starlette.types import Message

from kit.cli import Stop
from kit.live.chain import chain
from kit.live.clients import Clients
from kit.live.logs import LogTail, about
from kit.live.numbers import COUNTED, Numbers, Reader, columns, figure, level
from kit.live.rejected import Rejected
from kit.live.results import DEPTH, QueueSource, TableSource
from kit.live.sending import as_bodies
from kit.live.web import Console
from kit.pictures.album import graph_of_lab
from kit.pictures.graph import Graph
from kit.queues import QueueReader
from kit.target import Target

SCHEMA = {"required": [], "properties": {"kind": {"enum": ["good"]}}}
REQUESTS = ("0204aa77-3727-486c-827e-a1e922e6b83b", "1304aa77-3727-486c-827e-a1e922e6b83b")


def graph(lab: str) -> Graph:
    found = graph_of_lab(lab)
    assert found
    return found


class Services(Clients):
    """Clients of services that stand in for AWS's."""

    def __init__(self, **services: Any) -> None:
        super().__init__(Target(local=True, endpoint="http://127.0.0.1:1", region="us-east-1", prefix="lab"))
        self._services = services

    def __getitem__(self, service: str) -> Any:
        return self._services[service]


class Logs:
    """CloudWatch Logs with the events that are put into it; like AWS it gives them again to who asks again."""

    class exceptions:
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self) -> None:
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[int] = []

    def put(self, function: str, at: int, text: str, stream: str = "s") -> None:
        group = self.events.setdefault(f"/aws/lambda/lab-fanout-{function}", [])
        group.append({"timestamp": at, "logStreamName": stream, "message": text, "eventId": str(len(group))})

    def get_paginator(self, operation: str) -> Any:
        class Pages:
            @staticmethod
            def paginate(**request: Any) -> list[dict[str, Any]]:
                if operation == "describe_log_groups":
                    return [{"logGroups": [{"logGroupName": name} for name in self.events]}]
                self.asked.append(request["startTime"])
                events = self.events[request["logGroupName"]]
                return [{"events": [event for event in events if event["timestamp"] >= request["startTime"]]}]

        return Pages


def test_log_lines_come_once_in_the_order_of_time_with_their_invocation() -> None:
    logs = Logs()
    logs.put("billing", 100_000, f"START RequestId: {REQUESTS[0]} Version: $LATEST")
    logs.put("billing", 100_001, "plain text\n")
    logs.put("audit", 100_000, json.dumps({"level": "INFO", "message": "answered", "message_ids": ["m-1", "m-2"]}))
    tail = LogTail(Services(logs=logs), "fanout", 0)
    assert tail.find() == ["audit", "billing"]
    first = tail.new()
    assert [(line.function, line.text) for line in first][1:] == [
        ("billing", f"START RequestId: {REQUESTS[0]} Version: $LATEST"),
        ("billing", "plain text"),
    ]
    assert first[2].request_id == REQUESTS[0] and first[1].is_platform and first[0].ids == {"m-1", "m-2"}
    assert tail.new() == []
    logs.put("billing", 99_000, "late, but seen")
    assert [line.text for line in tail.new()] == ["late, but seen"]


@pytest.mark.parametrize(
    "text",
    [
        '{"level": "ERROR", "message": "failed, to be tried again"}',
        "[ERROR] RuntimeError: it broke\nTraceback (most recent call last):",
        "Traceback (most recent call last):",
        f"2025-01-31T08:00:00.000Z {REQUESTS[0]} Task timed out after 10.01 seconds",
        f"REPORT RequestId: {REQUESTS[0]}\tDuration: 10000.00 ms\tStatus: timeout",
    ],
)
def test_what_counts_as_an_error(text: str) -> None:
    logs = Logs()
    logs.put("audit", 1, text)
    logs.put("audit", 2, "REPORT RequestId: x\tDuration: 3 ms")
    tail = LogTail(Services(logs=logs), "fanout", 0)
    tail.find()
    assert [line.is_error for line in tail.new()] == [True, False]


def test_all_that_an_invocation_said_belongs_to_its_message() -> None:
    logs = Logs()
    for request, message in zip(REQUESTS, ("m-1", "m-2"), strict=True):
        context = {"function_request_id": request}
        logs.put("billing", 1, json.dumps({"level": "INFO", "message": f"looked for {message[-1]}", **context}))
        logs.put(
            "billing", 2, json.dumps({"level": "INFO", "message": "answered", "message_ids": [message], **context})
        )
    tail = LogTail(Services(logs=logs), "fanout", 0)
    tail.find()
    lines = tail.new()
    assert [line.text for line in about(lines, "m-1")] == ["looked for 1", "answered"]
    assert about(lines, REQUESTS[1]) == [line for line in lines if line.request_id == REQUESTS[1]]
    assert about(lines, "m-3") == []


class Queue:
    """One SQS queue which always shows the same first ten visible messages, as a bad sample would."""

    class exceptions:
        class QueueDoesNotExist(Exception):
            pass

    def __init__(self, *bodies: str) -> None:
        self.messages = {f"id-{number}": body for number, body in enumerate(bodies)}
        self.hidden: set[str] = set()
        self.sent: list[dict[str, Any]] = []
        self.invoked: list[dict[str, Any]] = []

    def receive_message(self, **request: Any) -> dict[str, Any]:
        chosen = [id for id in self.messages if id not in self.hidden][: request["MaxNumberOfMessages"]]
        if request["VisibilityTimeout"]:
            self.hidden |= set(chosen)
        attributes = {"SentTimestamp": "1000", "ApproximateReceiveCount": "5"}
        found = [
            {"MessageId": id, "ReceiptHandle": id, "Body": self.messages[id], "Attributes": attributes} for id in chosen
        ]
        return {"Messages": found} if found else {}

    def get_queue_attributes(self, **request: Any) -> dict[str, Any]:
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.messages))}}

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> None:
        assert all(entry["VisibilityTimeout"] == 0 for entry in Entries) and len(Entries) <= 10
        self.hidden -= {entry["ReceiptHandle"] for entry in Entries}

    def get_queue_url(self, QueueName: str) -> dict[str, str]:
        return {"QueueUrl": f"url of {QueueName}"}

    def send_message(self, **request: Any) -> None:
        self.sent.append(request)

    def delete_message(self, QueueUrl: str, ReceiptHandle: str) -> None:
        assert self.sent or self.invoked, "sent before it is deleted"
        del self.messages[ReceiptHandle]
        self.hidden.discard(ReceiptHandle)

    def invoke(self, **request: Any) -> None:
        self.invoked.append(request)


@pytest.mark.parametrize("count", [3, 10, 37])
def test_all_results_of_a_queue_are_seen_and_none_is_kept_from_others(count: int) -> None:
    queue = Queue(*(json.dumps({"result": number}) for number in range(count)))
    source = QueueSource(Services(sqs=queue), "url")
    seen = [json.loads(result.body)["result"] for result in source.wait()]
    assert sorted(seen) == list(range(count)) and not queue.hidden
    assert list(source.wait()) == []
    queue.messages["new"] = '{"error": "no"}'
    newest = list(source.wait())
    assert [(result.key, result.good) for result in newest] == [("new", False)] and not queue.hidden
    assert DEPTH >= 37


class SampledQueue(Queue):
    """A queue whose short polls ask some of its servers only (SQS Developer Guide, "Short and long polling")."""

    def __init__(self, *bodies: str) -> None:
        super().__init__(*bodies)
        self.polls = 0

    def receive_message(self, **request: Any) -> dict[str, Any]:
        self.polls += 1
        short = not request.get("WaitTimeSeconds")
        return {} if short and self.polls % 2 else super().receive_message(**request)


def test_everything_that_was_rejected_is_listed() -> None:
    queue = SampledQueue(*(str(number) for number in range(37)))
    rejected = Rejected(Services(sqs=queue), graph("calculator"), {"rejected": {"kind": "sqs", "url": "dead"}})
    assert len(rejected.all()) == 37 and not queue.hidden
    target: Any = SimpleNamespace(client=lambda service: queue)
    reader = QueueReader(target, {"kind": "sqs", "url": "dead"})
    assert len(reader.receive(10, 0, 30)) == 10


def test_a_dead_letter_goes_back_to_its_queue_and_nothing_else_is_touched() -> None:
    queue = Queue('{"number1": 1}', "hello")
    ports = {"rejected": {"kind": "sqs", "url": "dead"}, "input": {"kind": "sqs", "url": "in"}}
    rejected = Rejected(Services(sqs=queue), graph("calculator"), ports)
    assert [(one["message_id"], one["back_to"]) for one in rejected.all()] == [("id-0", "input"), ("id-1", "input")]
    assert rejected.send_back("rejected", "id-1") == "input"
    assert [(one["QueueUrl"], one["MessageBody"]) for one in queue.sent] == [("url of lab-calculator-input", "hello")]
    assert list(queue.messages) == ["id-0"] and not queue.hidden
    with pytest.raises(Stop, match="there is no port input"):
        rejected.send_back("input", "id-0")


def test_an_event_that_a_function_failed_on_goes_back_to_the_function() -> None:
    envelope = {
        "requestContext": {"functionArn": "arn:aws:lambda:us-east-1:123456789012:function:lab-clock-tell-time:$LATEST"},
        "requestPayload": {"id": "e-1"},
    }
    other = {**envelope, "requestContext": {"functionArn": "arn:aws:lambda:us-east-1:123456789012:function:other"}}
    queue = Queue(json.dumps(envelope), json.dumps(other), '{"id": "an event that the target did not take"}')
    services = Services(sqs=queue, **{"lambda": queue})
    rejected = Rejected(services, graph("clock"), {"rejected": {"kind": "sqs", "url": "dead"}})
    assert [one["back_to"] for one in rejected.all()] == ["tell-time", "", ""]
    assert rejected.send_back("rejected", "id-0") == "tell-time"
    assert [json.loads(one["Payload"]) for one in queue.invoked] == [{"id": "e-1"}]
    for left in ("id-1", "id-2"):
        with pytest.raises(Stop, match="does not say where it failed"):
            rejected.send_back("rejected", left)
    assert list(queue.messages) == ["id-1", "id-2"] and not queue.hidden


def test_the_console_shows_half_a_character() -> None:
    graphs = [graph("calculator"), graph("checkout")]
    console = Console(Services(sqs=Queue('{"number1": "\\ud800"}'), stepfunctions=None), graphs, all_labs=False)
    dead = {"kind": "sqs", "url": "dead"}
    workflow = {"kind": "states", "type": "STANDARD", "arn": "a", "schema": SCHEMA}
    console._collectors["calculator"].ports = {"rejected": dead}
    console._collectors["checkout"].ports = {"input": workflow}

    async def form() -> Message:
        return {"type": "http.request", "body": json.dumps({"message": '{"kind": "\\ud800"}'}).encode()}

    def ask(lab: str) -> Request:
        return Request({"type": "http", "path_params": {"lab": lab}}, form)

    (message,) = json.loads(bytes(asyncio.run(console.rejected(ask("calculator"))).body))
    assert message["body"] == '{"number1": "\\ud800"}'
    refused = json.loads(bytes(asyncio.run(console.send(ask("checkout"))).body))["refused"]
    assert refused == ['message 1 is refused: kind must be text without control characters, not "\\ud800"']


class Table:
    """A DynamoDB table that gives `page` items at most in an answer, as 1 MB would (API reference, Scan)."""

    def __init__(self, count: int, page: int) -> None:
        self.items = [{"orderId": {"S": f"o-{number}"}, "tags": {"SS": ["b", "a"]}} for number in range(count)]
        self._page = page

    def scan(self, **request: Any) -> dict[str, Any]:
        start = request.get("ExclusiveStartKey", {"at": 0})["at"]
        end = start + min(self._page, request.get("Limit", self._page))
        found = self.items[start:end]
        # When as many were asked for as there are, DynamoDB does not know that there are no more.
        more = {"LastEvaluatedKey": {"at": end}} if end <= len(self.items) else {}
        return {"Count": len(found), **({} if request.get("Select") == "COUNT" else {"Items": found}), **more}

    def list_objects_v2(self, Bucket: str, MaxKeys: int) -> dict[str, Any]:
        return {"KeyCount": min(len(self.items), MaxKeys), "IsTruncated": len(self.items) > MaxKeys}


@pytest.mark.parametrize(("count", "page"), [(3, 200), (200, 50), (1005, 1000)])
def test_all_items_of_a_table_are_seen_and_those_that_change(
    count: int, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kit.live.results.time.sleep", lambda seconds: None)
    table = Table(count, page)
    source = TableSource(Services(dynamodb=table), "orders", "orderId")
    assert [result.message_id for result in source.wait()] == [f"o-{number}" for number in range(count)]
    assert list(source.wait()) == []
    table.items[count - 1] = {"orderId": {"S": f"o-{count - 1}"}, "total": {"N": "12.5"}}
    table.items[0]["tags"] = {"SS": ["a", "b"]}  # a set has no order
    (changed,) = source.wait()
    assert json.loads(changed.body) == {"orderId": f"o-{count - 1}", "total": 12.5}


@pytest.mark.parametrize(
    ("count", "page", "told"),
    [
        (999, 100, {"items": 999}),
        (1000, 1000, {"items": 1000}),
        (1000, 300, {"items": 1000}),
        (1001, 1000, {"items and more": 1000}),
        (500, 10, {"items and more": 100}),
    ],
)
def test_items_are_counted_over_pages_and_more_is_said(count: int, page: int, told: Numbers) -> None:
    table = Table(count, page)
    reader = Reader(Services(dynamodb=table, s3=table, sts=Account()), graph("orders"), {})
    numbers = reader.read(counted=True)
    assert numbers["table-orders"] == told
    whole = count <= COUNTED
    assert numbers["bucket-archive"] == {"objects" if whole else "objects and more": min(count, COUNTED)}


class Account:
    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1000.0, "1000"),
        (1234567, "1234567"),
        (10**15, "1" + "0" * 15),
        (0.1, "0.1"),
        (2.5, "2.5"),
        (None, "–"),
    ],
)
def test_numbers_are_shown_in_full(value: float | None, shown: str) -> None:
    assert figure(value) == shown


@pytest.mark.parametrize(
    ("form", "bodies"),
    [
        ('{"a": 1}', ['{"a": 1}']),
        ('{"a":   1.0}', ['{"a":   1.0}']),
        ("hello", ["hello"]),
        ('[{"a": 1}, "b"]', ['{"a": 1}', "b"]),
        ("", [""]),
        ('["\\ud800", {"a": "\\ud800 é"}]', ["\ud800", '{"a": "\\ud800 é"}']),
        ("[]", []),
        (
            ' [ {"a": 9007199254740993.0},\n1e400 , "b" , [1,  2]] ',
            ['{"a": 9007199254740993.0}', "1e400", "b", "[1,  2]"],
        ),
    ],
)
def test_what_a_form_holds(form: str, bodies: list[str]) -> None:
    assert as_bodies(form) == bodies


@pytest.mark.parametrize("lab", ["calculator", "clock", "fanout", "bus", "orders", "accounts", "checkout"])
def test_every_station_is_in_the_chain_at_any_width(lab: str) -> None:
    known = graph(lab)
    stations: dict[str, Numbers] = {node.id: {"waiting": 3.0} for node in known.nodes if node.type == "aws_sqs_queue"}
    for width in (60, 160):
        console = rich.console.Console(width=width, file=None, record=True, force_terminal=False)
        with console.capture() as captured:
            console.print(chain(known, stations, width))
        text = captured.get()
        for node in known.nodes:
            if node.name:
                assert node.title[:12] in text or node.title.split("-")[-1] in text, (node.title, text)
    order = [node.id for column in columns(known) for node in column]
    assert len(order) == len(set(order))


def test_the_chain_goes_with_the_flow() -> None:
    known = graph("calculator")
    assert [node.title for node in columns(known)[0]] == ["input"]
    dead = next(node for node in known.nodes if node.title == "input-dead-letters")
    assert level(dead, {"waiting": 1}) == "bad" and level(dead, {"waiting": 0}) == "quiet"
    queue = next(node for node in known.nodes if node.title == "input")
    assert level(queue, {"waiting": 1}) == "busy" and level(queue, {"waiting": None}) == "quiet"
