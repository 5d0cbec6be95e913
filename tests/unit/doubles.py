"""Stand-ins for what surrounds a function on AWS: a queue with SQS's limits, Lambda's context, its events."""

import io
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

EVENTS = Path(__file__).parent / "events"
OUTPUT_QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/lab-output"


def longest_call_s(client: Any) -> float:
    """The longest that a call of this client of boto3 takes when nothing answers.

    In mode `standard` there are three attempts unless said otherwise, and before the next a pause of up to 1 s, 2 s ...
    (boto3 documentation, "Retries").
    """
    config = client.meta.config
    attempts: int = config.retries.get("total_max_attempts", 3)
    pauses = sum(2**retry for retry in range(attempts - 1))
    return float(attempts * (config.connect_timeout + config.read_timeout) + pauses)


class Body(io.BytesIO):
    """The body of a response, as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


@dataclass
class Queue:
    """Stands for SQS on the other side of the wire: keeps what it accepts, and has the limits of the real one.

    Requests come to it as boto3 would send them, so that what boto3 itself refuses is refused here, too.
    """

    bodies: list[str] = field(default_factory=list)
    calls: int = 0
    #: Decides which messages the queue fails on.
    fails_on: Callable[[str], bool] = lambda body: False

    def answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """botocore's event `before-send`: what it returns is taken for the response, and nothing is sent."""
        operations: dict[str, Callable[..., dict[str, Any]]] = {
            "SendMessage": self.send_message,
            "SendMessageBatch": self.send_message_batch,
        }
        operation = bytes(request.headers["X-Amz-Target"]).decode().removeprefix("AmazonSQS.")
        content = json.dumps(operations[operation](**json.loads(request.body)))
        return AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.0"}, Body(content.encode()))

    def send_message(self, QueueUrl: str, MessageBody: str) -> dict[str, Any]:
        assert QueueUrl == OUTPUT_QUEUE_URL
        assert 0 < len(MessageBody.encode()) <= 262_144
        self.calls += 1
        self.bodies.append(MessageBody)
        return {"MessageId": str(uuid.uuid4())}

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:
        assert QueueUrl == OUTPUT_QUEUE_URL
        assert 1 <= len(Entries) <= 10
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        assert sum(len(entry["MessageBody"].encode()) for entry in Entries) <= 262_144
        self.calls += 1
        failed = [entry for entry in Entries if self.fails_on(entry["MessageBody"])]
        accepted = [entry for entry in Entries if entry not in failed]
        self.bodies += [entry["MessageBody"] for entry in accepted]
        return {
            "Successful": [{"Id": entry["Id"], "MessageId": str(uuid.uuid4())} for entry in accepted],
            "Failed": [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in failed],
        }

    @property
    def messages(self) -> list[Any]:
        return [json.loads(body) for body in self.bodies]


@dataclass
class Context:
    """The parts of Lambda's context object that the handlers and Powertools read."""

    function_name: str = "lab-test"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:lab-test"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


def sqs_event(*bodies: str) -> dict[str, Any]:
    """An SQS event as Lambda delivers it; the message ids are m0, m1, ..."""
    record = json.loads((EVENTS / "course_console_test.json").read_text())["Records"][0]
    return {"Records": [{**record, "messageId": f"m{index}", "body": body} for index, body in enumerate(bodies)]}
