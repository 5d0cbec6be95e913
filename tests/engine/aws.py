"""A small account on an engine of its own: makes functions, queues and streams, and sees what came of them."""

import io
import itertools
import json
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from kit.engines import engine_on

import project
from engine.process import Engine, free_port

T = TypeVar("T")

ROLE = "arn:aws:iam::000000000000:role/LabRole"
#: The beginning of every function: `tell` reports to the queue that the test reads.
PRELUDE = """
import base64, boto3, json, os, time
def tell(**what):
    boto3.client("sqs").send_message(QueueUrl=os.environ["REPORTS"], MessageBody=json.dumps(what))
def bodies(event):
    return [base64.b64decode(r["kinesis"]["data"]).decode() if "kinesis" in r else r["body"] for r in event["Records"]]
"""


class Aws:
    """Clients of one engine. `patience_s` is how long a test waits for something to come about."""

    def __init__(self, engine: Engine, patience_s: float) -> None:
        self.engine = engine
        self.patience_s = patience_s
        self._numbers = itertools.count(1)
        credentials = project.emulator_credentials()
        self.session = boto3.Session(
            region_name="us-east-1",
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        )
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        """A client: `aws.sqs`, `aws.kinesis`, `aws.lambda_`."""
        name = service.rstrip("_")
        if name not in self._clients:
            self._clients[name] = self.session.client(name, endpoint_url=self.engine.url)
        return self._clients[name]

    def once(self, service: str) -> Any:
        """A client that does not try again."""
        config = Config(retries={"total_max_attempts": 1})
        return self.session.client(service, endpoint_url=self.engine.url, config=config)

    def name(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers)}"

    def queue(self, *, fifo: bool = False, **attributes: str) -> "Queue":
        if fifo:
            return Queue(self, f"{self.name('queue')}.fifo", {"FifoQueue": "true", **attributes})
        return Queue(self, self.name("queue"), attributes)

    def stream(self, shards: int = 1) -> str:
        """A new stream's name."""
        name = self.name("stream")
        self.kinesis.create_stream(StreamName=name, ShardCount=shards)
        self.kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
        return name

    def stream_arn(self, name: str) -> str:
        return str(self.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"])

    def put(self, stream: str, *texts: str, key: str = "key") -> list[str]:
        """Put records; returns their sequence numbers."""
        records = [{"Data": text.encode(), "PartitionKey": key} for text in texts]
        return [r["SequenceNumber"] for r in self.kinesis.put_records(StreamName=stream, Records=records)["Records"]]

    def function(self, body: str, reports: "Queue | None" = None, **settings: Any) -> str:
        """A new function's name; `body` is that of `def handler(event, context)`, without indentation."""
        indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
        code = {"code.py": f"{PRELUDE}\ndef handler(event, context):\n{indented}\n"}
        variables = {"Variables": {"REPORTS": reports.url if reports else ""}}
        return self.packaged(code, **{"Environment": variables, **settings})

    def packaged(self, files: dict[str, str], **settings: Any) -> str:
        """The name of a new function made of these files."""
        name = self.name("function")
        usual = {"Role": ROLE, "Runtime": "python3.13", "Handler": "code.handler", "Timeout": 10}
        self.lambda_.create_function(FunctionName=name, Code={"ZipFile": packed(files)}, **{**usual, **settings})
        return name

    def map(self, function: str, source_arn: str, **settings: Any) -> str:
        """A new event source mapping's id."""
        made = self.lambda_.create_event_source_mapping(FunctionName=function, EventSourceArn=source_arn, **settings)
        return str(made["UUID"])

    def invoke(self, function: str, event: Any = None) -> dict[str, Any]:
        """The answer of a function that raised, or returned an object."""
        payload = self.lambda_.invoke(FunctionName=function, Payload=json.dumps(event))["Payload"]
        return dict(json.loads(payload.read()))

    def wait_for(self, look: Callable[[], T]) -> T:
        """What `look` finds as soon as it finds anything; what it found last, if that is nothing."""
        deadline = time.monotonic() + self.patience_s
        while not (found := look()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found


def packed(files: dict[str, str]) -> bytes:
    """A zip of these files, which anybody may read and run."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, text)
    return written.getvalue()


class Queue:
    """A queue whose messages a test takes out, oldest first."""

    def __init__(self, aws: Aws, name: str, attributes: dict[str, str]) -> None:
        self.aws = aws
        self.name = name
        self.url: str = aws.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"

    def send(self, bodies: Iterable[str]) -> None:
        entries = [{"Id": str(at), "MessageBody": body} for at, body in enumerate(bodies)]
        for at in range(0, len(entries), 10):
            self.aws.sqs.send_message_batch(QueueUrl=self.url, Entries=entries[at : at + 10])

    def take(self, count: int = 1) -> list[Any]:
        """The next `count` bodies as JSON, or as many as come while the test has patience."""
        taken: list[Any] = [json.loads(message["Body"]) for message in self.messages(count)]
        return taken

    def messages(self, count: int = 1) -> list[dict[str, Any]]:
        taken: list[dict[str, Any]] = []
        deadline = time.monotonic() + self.aws.patience_s
        while len(taken) < count and time.monotonic() < deadline:
            answer = self.aws.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=min(10, count - len(taken)),
                WaitTimeSeconds=1,
                MessageAttributeNames=["All"],
            )
            for message in answer.get("Messages", []):
                self.aws.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                taken.append(message)
        return taken

    def take_for(self, seconds: float) -> list[Any]:
        """All bodies that come within so many seconds: to see what does not come, too."""
        deadline, taken = time.monotonic() + seconds, []
        while time.monotonic() < deadline:
            answer = self.aws.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                self.aws.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                taken.append(json.loads(message["Body"]))
            time.sleep(0.05)
        return taken


def saved(aws: Aws) -> None:
    """What exists has been saved: its file is newer than now."""
    now = time.time()
    path = aws.engine.folder / "state" / "sqs.json"
    aws.wait_for(lambda: path.exists() and path.stat().st_mtime > now)


#: How long a test waits on each kind of engine: on the bare one nothing will come.
PATIENCE_S = {"corrected": 20.0, "bare": 3.0}


def running(kind: str) -> Iterator[Aws]:
    """An engine of that kind for as long as its fixture lasts."""
    engine = Engine(port := free_port(), engine_on(port).folder, bare=kind == "bare")
    engine.start()
    yield Aws(engine, PATIENCE_S[kind])
    engine.stop()
    engine.remove()
