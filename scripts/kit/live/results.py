"""What a lab gives out, seen without taking it away: messages stay in their queue, executions in their list."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from kit.batches import BATCH
from kit.executions import FAILED, execution_of
from kit.live.clients import Clients
from kit.output import is_error_reply, parse
from kit.queues import SHORTEST_POLL_S
from kit.tables import to_json

#: How long a call waits for a message when there is none: the longest that SQS takes, so that waiting costs nothing.
LONG_POLL_S = 20
#: How often it is asked again where nothing can be waited for.
POLL_S = 0.4
#: How many messages of a queue are looked at, and how long they are hidden if nobody gives them back.
DEPTH = 200
HIDDEN_S = 3
#: How many executions are looked at.
LATEST = 20


@dataclass(frozen=True)
class Result:
    """Something that came out. `message_id` is that of the message that it answers, as far as it says so."""

    key: str
    at_ms: int
    message_id: str
    body: str
    good: bool

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Source(Protocol):
    """Where results come from."""

    def wait(self) -> Iterator[Result]:
        """What is there, old or new; waits a while when nothing is new. Raises what boto3 raises."""
        ...


def source_of(clients: Clients, ports: Mapping[str, Mapping[str, Any]]) -> Source | None:
    """The source of a lab's results, or None where there is none to be seen."""
    port = ports.get("output")
    if port is None:
        return None
    if port["kind"] == "sqs":
        return QueueSource(clients, port["url"])
    if port["kind"] == "states" and port["type"] == "STANDARD":
        return WorkflowSource(clients, port["arn"])
    if port["kind"] == "dynamodb":
        return TableSource(clients, port["table"], port.get("key", "id"))
    return None


class QueueSource:
    """Looks into a queue: what is received stays visible to all others, because it is hidden for 0 seconds.

    SQS may show the same ten again and again. When there are more, and their number has changed, it is looked deeper:
    each ten are hidden for a moment to see those behind them.
    """

    def __init__(self, clients: Clients, url: str) -> None:
        self._sqs = clients["sqs"]
        self._url = url
        self._known: set[str] = set()
        self._count = ""
        # The first look is a short one: it shows that the queue answers.
        self._wait_s = 0

    def wait(self) -> Iterator[Result]:
        messages = self._receive(self._wait_s, hidden_s=0)
        self._wait_s = LONG_POLL_S
        if len(messages) == BATCH and (count := self._number()) != self._count:
            self._count = count
            messages += self._deeper()
        fresh = {message["MessageId"]: message for message in messages if message["MessageId"] not in self._known}
        self._known |= set(fresh)
        yield from map(_of_message, fresh.values())
        if not fresh:
            time.sleep(POLL_S)  # the queue holds old ones, and SQS waits only while there are none

    def _receive(self, wait_s: int, hidden_s: int) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=hidden_s,
            WaitTimeSeconds=wait_s,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    def _number(self) -> str:
        names = ["ApproximateNumberOfMessages"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        return str(answer["Attributes"][names[0]])

    def _deeper(self) -> list[dict[str, Any]]:
        """Up to DEPTH messages; all are given back at once."""
        found: list[dict[str, Any]] = []
        while len(found) < DEPTH and (batch := self._receive(SHORTEST_POLL_S, HIDDEN_S)):
            found += batch
        for start in range(0, len(found), BATCH):
            entries = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for index, message in enumerate(found[start : start + BATCH])
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
        return found


class WorkflowSource:
    """Looks at the latest executions."""

    def __init__(self, clients: Clients, arn: str) -> None:
        self._states = clients["stepfunctions"]
        self._arn = arn
        self._known: set[str] = set()

    def wait(self) -> Iterator[Result]:
        listed = self._states.list_executions(stateMachineArn=self._arn, maxResults=LATEST)["executions"]
        for item in reversed(listed):
            if item["status"] != "RUNNING" and item["executionArn"] not in self._known:
                execution = execution_of(self._states.describe_execution(executionArn=item["executionArn"]))
                self._known.add(item["executionArn"])
                good = execution.status not in FAILED and not is_error_reply(parse(execution.body))
                stopped = execution.stopped or execution.started
                at = int(stopped.timestamp() * 1000)
                yield Result(item["executionArn"], at, execution.name, execution.body, good)
        time.sleep(POLL_S)


class TableSource:
    """Looks at the items of a table, and tells of those that have changed."""

    def __init__(self, clients: Clients, table: str, key: str) -> None:
        self._dynamodb = clients["dynamodb"]
        self._table = table
        self._key = key
        # A scan costs as much as it reads (DynamoDB pricing).
        self._poll_s = 2 * POLL_S if clients.target.endpoint else 5 * POLL_S
        self._known: dict[str, str] = {}

    def wait(self) -> Iterator[Result]:
        from boto3.dynamodb.types import TypeDeserializer

        read = TypeDeserializer().deserialize
        pages = 0
        for page in self._pages():
            pages += 1
            for item in page["Items"]:
                content = {name: read(value) for name, value in item.items()}
                # What is short comes first: the rest may not fit in a line.
                ordered = sorted(content.items(), key=lambda entry: (isinstance(entry[1], list | dict), entry[0]))
                body = to_json(dict(ordered))
                id = str(content.get(self._key, ""))
                if self._known.get(id) != body:
                    self._known[id] = body
                    yield Result(f"{id}-{hash(body)}", int(time.time() * 1000), id, body, good=True)
        time.sleep(self._poll_s * pages)  # a table of twice the size is looked at half as often, at the same cost

    def _pages(self) -> Iterator[dict[str, Any]]:
        """The answers to a scan, 1 MB each (DynamoDB API reference, Scan)."""
        start: dict[str, Any] = {}
        while True:
            answer = self._dynamodb.scan(TableName=self._table, **start)
            yield answer
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _of_message(message: dict[str, Any]) -> Result:
    content = parse(message["Body"])
    named = content.get("correlation_id", "") if isinstance(content, dict) else ""
    at = int(message.get("Attributes", {}).get("SentTimestamp", time.time() * 1000))
    return Result(message["MessageId"], at, str(named), message["Body"], not is_error_reply(content))
