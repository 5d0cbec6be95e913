"""10,000 messages and 10,000 records, handlers that fail in every way, and a kill in the middle: all accounted for.

By its number, each message is handled, or handled after its function has raised, crashed or timed out once, or rejected
by the function, or poison, which fails for ever. `once` asks the test, which remembers for functions that end.
"""

import json
import os
import signal
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aws import Aws, Queue, saved

COUNT = 10_000
#: Who fails once, and how, by the number's rest in a prime period: not always at the same place in a batch.
ONCE = {7: "raise", 107: "crash", 211: "time out", 401: "raise"}
PERIOD = 499

HANDLER = """
import urllib.request
ONCE, PERIOD = CONSTANTS
def once(number):
    with urllib.request.urlopen(f"{os.environ['MEMORY']}/{context.function_name}-{number}") as answer:
        return answer.read() == b"first"
done, failed = [], []
for record, body in zip(event["Records"], bodies(event)):
    number = int(body)
    # Two in a hundred: rejected for good by the function, or poison.
    fate = "poison" if number % 100 == 13 else "reject" if number % 100 == 77 else ONCE.get(number % PERIOD)
    if fate in ("crash", "time out", "raise") and once(number):
        if fate == "crash":
            os._exit(1)
        time.sleep(5 if fate == "time out" else 0)
        raise ConnectionError(number)
    if fate == "poison":
        failed.append(record.get("messageId") or record["kinesis"]["sequenceNumber"])
        if "kinesis" in record:
            break
    else:
        done.append([number, "rejected" if fate == "reject" else "handled"])
if done:
    tell(done=done)
return {"batchItemFailures": [{"itemIdentifier": item} for item in failed]}
""".replace("CONSTANTS", repr((ONCE, PERIOD)))


def end_of(number: int) -> str:
    return "poison" if number % 100 == 13 else "rejected" if number % 100 == 77 else "handled"


class Memory(ThreadingHTTPServer):
    """Answers what is asked for the first time with "first"."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.asked: Counter[str] = Counter()
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Asked(BaseHTTPRequestHandler):
    server: Memory

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"first" if self.server.asked[self.path] == 1 else b"again")

    def log_message(self, *_: object) -> None:
        """Not among the test's output."""


class Ledger:
    """Empties the queues of reports in the background, also while the engine is away."""

    def __init__(self, aws: Aws, *queues: Queue) -> None:
        self.aws = aws
        self.told: dict[str, list[str]] = {queue.name: [] for queue in queues}
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(queue,), daemon=True) for queue in queues]
        for thread in self._threads:
            thread.start()

    def _read(self, queue: Queue) -> None:
        while not self._stopping.is_set():
            try:
                answer = self.aws.sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
                entries = [
                    {"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]}
                    for at, message in enumerate(answer.get("Messages", []))
                ]
                self.told[queue.name] += [message["Body"] for message in answer.get("Messages", [])]
                if entries:
                    self.aws.sqs.delete_message_batch(QueueUrl=queue.url, Entries=entries)
            except Exception:  # the engine is being killed; what was not deleted comes again
                time.sleep(0.2)

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()


def ends(texts: list[str]) -> Counter[tuple[int, str]]:
    return Counter((number, how) for text in texts for number, how in json.loads(text)["done"])


def test_every_id_is_accounted_for(corrected: Aws) -> None:
    aws, memory = corrected, Memory()
    queued, streamed = aws.queue(), aws.queue()
    dead, given_up = aws.queue(), aws.queue()
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 6})
    queue = aws.queue(VisibilityTimeout="3", RedrivePolicy=redrive)
    stream = aws.stream(shards=4)
    report = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
    for source, reports, settings in (
        (queue.arn, queued, {"BatchSize": 10}),
        (
            aws.stream_arn(stream),
            streamed,
            {
                "BatchSize": 100,
                "StartingPosition": "TRIM_HORIZON",
                "MaximumRetryAttempts": 2,
                "BisectBatchOnFunctionError": True,
                "DestinationConfig": {"OnFailure": {"Destination": given_up.arn}},
            },
        ),
    ):
        function = aws.function(HANDLER, reports, Timeout=2)
        variables = {"REPORTS": reports.url, "MEMORY": memory.url}
        aws.lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
        aws.map(function, source, **settings, **report)
    saved(aws)
    ledger = Ledger(aws, queued, streamed, dead, given_up)
    numbers = dict[str, int]()

    queue.send(str(number) for number in range(COUNT))
    for at in range(0, COUNT, 500):
        records = [{"Data": str(n).encode(), "PartitionKey": f"key {n % 50}"} for n in range(at, at + 500)]
        for n, put in enumerate(aws.kinesis.put_records(StreamName=stream, Records=records)["Records"], at):
            numbers[put["SequenceNumber"]] = n
        if at == COUNT // 2:
            assert aws.engine.pid
            os.killpg(aws.engine.pid, signal.SIGKILL)
            aws.engine.start()

    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        in_queue = ends(ledger.told[queued.name])
        in_stream = ends(ledger.told[streamed.name])
        buried = Counter((int(text), "poison") for text in ledger.told[dead.name])
        lost_batches = [json.loads(text)["KinesisBatchInfo"] for text in ledger.told[given_up.name]]
        discarded = Counter((numbers[batch["startSequenceNumber"]], "poison") for batch in lost_batches)
        if len(in_queue | buried) >= COUNT and len(in_stream | discarded) >= COUNT:
            break
        time.sleep(0.5)
    ledger.stop()
    memory.shutdown()
    expected = {(number, end_of(number)) for number in range(COUNT)}
    assert set(in_queue) | set(buried) == expected
    assert set(in_stream) | set(discarded) == expected
    assert {batch["batchSize"] for batch in lost_batches} == {1}
    waiting = aws.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])["Attributes"]
    assert waiting["ApproximateNumberOfMessages"] == waiting["ApproximateNumberOfMessagesNotVisible"] == "0"
