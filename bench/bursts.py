"""Sends bursts of messages through a deployed calculator, whichever code it has, and measures what comes out."""

import io
import json
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.laboratory import Laboratory
from bench.samples import percentile

LAB = "calculator"
#: SQS API reference, SendMessageBatch and ReceiveMessage: at most 10 messages in a call.
BATCH = 10
SENDERS = 8
READERS = 4
#: Enough at once for the function to run as often in parallel as it may, so that all its workers are warm.
WARM_UP = 200
#: Between two looks at how many replies there are.
LOOK_S = 0.1
#: Longer than it takes to read all replies of a burst, so that none is read twice.
HIDDEN_S = 3600


class InvalidRun(Exception):
    """A burst whose replies are not one right answer for each request; its times mean nothing."""


@dataclass(frozen=True)
class Burst:
    """What a burst of messages met. Times in seconds, latencies in milliseconds."""

    messages: int
    sending_s: float
    seconds: float
    latencies_ms: tuple[float, ...]

    def figures(self) -> dict[str, float]:
        return {
            "throughput": self.messages / self.seconds,
            "p50": percentile(self.latencies_ms, 50),
            "p99": percentile(self.latencies_ms, 99),
            "sending": self.sending_s,
        }


class Calculator:
    """The deployed calculator. Talks to the engine with boto3 directly: the scripts would be measured as well."""

    def __init__(self, laboratory: Laboratory) -> None:
        self._sqs = laboratory.client("sqs")
        self._lambda = laboratory.client("lambda")
        source = laboratory.port(LAB, "input")
        self._input, self._output = source["url"], laboratory.port(LAB, "output")["url"]
        mappings = self._lambda.list_event_source_mappings(EventSourceArn=source["arn"])["EventSourceMappings"]
        self._function = mappings[0]["FunctionArn"]
        location = self._lambda.get_function(FunctionName=self._function)["Code"]["Location"]
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(location) as answer:
            self.deployed_code: bytes = answer.read()

    def install(self, code: bytes) -> None:
        """Give the function this zip as its code, and have all its workers started."""
        self._lambda.update_function_code(FunctionName=self._function, ZipFile=code)
        self._lambda.get_waiter("function_updated_v2").wait(FunctionName=self._function)
        self.burst(WARM_UP)

    def burst(self, count: int) -> Burst:
        """Send `count` additions as fast as the queue takes them, wait for all replies, and empty the queues.

        Throughput: from just before the first message is sent until the last reply is in the output queue, by that
        reply's SentTimestamp. Latency of a message: from just before its batch is sent until its reply's
        SentTimestamp; both clocks are this machine's. Replies are counted while it runs, and read afterwards, so that
        reading takes nothing from the function. Raises InvalidRun.
        """
        started = time.time()
        with ThreadPoolExecutor(SENDERS) as pool:
            batches = list(pool.map(self._send, range(0, count, BATCH), [count] * count))
        sending_s = time.time() - started
        requests = {message_id: request for batch in batches for message_id, request in batch.items()}
        self._wait_for_replies(count, deadline=time.time() + 60 + count / 20)
        replies = self._read_replies(count)
        latencies = list(_latencies_ms(requests, replies))
        last = max(sent_s for _, sent_s, _ in replies)
        return Burst(count, sending_s, last - started, tuple(latencies))

    def _send(self, first: int, end: int) -> dict[str, tuple[int, float]]:
        """Send one batch: message id -> (its number, when)."""
        entries = [
            {"Id": str(number), "MessageBody": json.dumps({"number1": number, "number2": 1, "operation": "+"})}
            for number in range(first, min(first + BATCH, end))
        ]
        sent_s = time.time()
        answer = self._sqs.send_message_batch(QueueUrl=self._input, Entries=entries)
        return {entry["MessageId"]: (int(entry["Id"]), sent_s) for entry in answer["Successful"]}

    def _wait_for_replies(self, count: int, deadline: float) -> None:
        while (found := self._waiting(self._output)) < count:
            if time.time() > deadline:
                raise InvalidRun(f"{found} replies to {count} messages, and no more in time")
            time.sleep(LOOK_S)

    def _waiting(self, queue: str) -> int:
        name = "ApproximateNumberOfMessages"
        return int(self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name])

    def _read_replies(self, count: int) -> list["Reply"]:
        """All replies, also those that are too many; afterwards the queue is empty."""
        replies: list[Reply] = []
        lock = threading.Lock()

        def read() -> None:
            while messages := self._receive():
                with lock:
                    replies.extend(map(_reply, messages))

        with ThreadPoolExecutor(READERS) as pool:
            for reader in [pool.submit(read) for _ in range(READERS)]:
                reader.result()
        self._sqs.purge_queue(QueueUrl=self._output)
        return replies

    def _receive(self) -> Sequence[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._output,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=HIDDEN_S,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages


#: The id of the request, when the reply came into the queue (seconds), and the result.
Reply = tuple[str, float, Any]


def _reply(message: dict[str, Any]) -> Reply:
    body = json.loads(message["Body"])
    return body.get("correlation_id", ""), int(message["Attributes"]["SentTimestamp"]) / 1000, body.get("result")


def _latencies_ms(requests: dict[str, tuple[int, float]], replies: Sequence[Reply]) -> Iterator[float]:
    """The latency of each request. Raises InvalidRun unless each has exactly one reply, with the right result."""
    answered = {message_id for message_id, _, _ in replies}
    if len(replies) != len(requests) or answered != set(requests):
        raise InvalidRun(f"{len(replies)} replies to {len(answered & set(requests))} of {len(requests)} messages")
    for message_id, sent_s, result in replies:
        number, requested_s = requests[message_id]
        if result != number + 1:
            raise InvalidRun(f"{number} + 1 was answered with {result}")
        yield 1000 * (sent_s - requested_s)


def zipped(source: Path) -> bytes:
    """A zip with one file, as a student uploads it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(source, source.name)
    return buffer.getvalue()
