"""The Kinesis side of a port: events on a stream, in order per partition key; what is too long is kept aside."""

import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

from kit.aggregates import Shard
from kit.backlog import MAX_RECORD_BYTES, Backlog, Record
from kit.cli import is_text
from kit.outgoing import Sent, json_object
from kit.ports import Port
from kit.putting import PASSING, Placed, Putter
from kit.target import Target

#: How much of a body that is too long its note in the rejected queue repeats.
MAX_QUOTED = 2_000


class Stream:
    """The stream behind a port."""

    def __init__(self, target: Target, port: Port) -> None:
        self._kinesis = target.client("kinesis")
        self.name = port["stream"]

    def put(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One PutRecords: what became of each. A call that was refused as a whole is a refusal of each."""
        from botocore.exceptions import ClientError

        try:
            results: list[dict[str, Any]] = self._kinesis.put_records(StreamName=self.name, Records=requests)["Records"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in PASSING:
                raise
            return [{"ErrorCode": error.response["Error"]["Code"]}] * len(requests)
        return results

    def put_one(self, request: dict[str, Any]) -> dict[str, Any]:
        """One PutRecord, as it is written first."""
        answer: dict[str, Any] = self._kinesis.put_record(StreamName=self.name, **request)
        return answer

    def open_shards(self) -> list[Shard]:
        """The shards that take records."""
        pages = self._kinesis.get_paginator("list_shards").paginate(StreamName=self.name)
        return [
            Shard(shard["ShardId"], int(keys["StartingHashKey"]), int(keys["EndingHashKey"]))
            for page in pages
            for shard in page["Shards"]
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
            for keys in [shard["HashKeyRange"]]
        ]


class StreamSender:
    """Puts events on the stream behind a port.

    An object with a `type` becomes a CloudEvent: what it lacks of id, source and time is filled in. The partition key
    is the field of `data` that the port names (`key`), so that the order per key is kept. What is no event is put on
    the stream as it is, and its consumers say what is wrong with it.
    """

    def __init__(self, target: Target, port: Port) -> None:
        self._target = target
        self._port = port
        self._stream = Stream(target, port)

    def problem(self, body: str) -> str | None:
        """Why the stream would refuse this body, or None. What is too long is not refused: see `send`."""
        return None if body else "is empty"

    def send(self, bodies: Sequence[str]) -> Iterator[list[Sent]]:
        """Put all on the stream. A body above 1 MiB goes to the lab's rejected queue, and is refused."""
        events = [as_event(body, self._port["source"]) for body in bodies]
        records = [
            Record(index, partition_key(event, self._port["key"]), event.encode()) for index, event in enumerate(events)
        ]
        yield [self._keep(record) for record in records if record.size > MAX_RECORD_BYTES]
        backlog = Backlog(record for record in records if record.size <= MAX_RECORD_BYTES)
        for placed in Putter(self._stream.put).put_all(backlog):
            yield [_sent(one, events[one.record.index]) for one in placed]

    def _keep(self, record: Record) -> Sent:
        """Store the body in the lab's bucket, and tell the rejected queue of it."""
        problem = f"has {record.size} bytes with its key, and a record takes {MAX_RECORD_BYTES}"
        key = f"rejected/send_message/{uuid.uuid4()}"
        self._target.client("s3").put_object(Bucket=self._port["bucket"], Key=key, Body=record.data)
        message = {
            "handled_by": "send_message",
            "error": f"the record {problem}",
            "request": record.data.decode()[:MAX_QUOTED],
            "claim_check": {"bucket": self._port["bucket"], "key": key},
        }
        self._target.client("sqs").send_message(QueueUrl=self._port["rejected"], MessageBody=json.dumps(message))
        return Sent(record.index, problem=f"it {problem}; it is in the rejected queue")


def as_event(body: str, source: str) -> str:
    """The body as a CloudEvent, or as it is when it is no event."""
    content = json_object(body)
    if not isinstance(content.get("type"), str):
        return body
    now = datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    added = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": source, "time": now}
    missing = {name: value for name, value in added.items() if name not in content}
    # Added in front of the text as it is, so that its numbers stay as they were written.
    return json.dumps(missing)[:-1] + ", " + body.lstrip()[1:] if missing else body


def partition_key(event: str, name: str) -> str:
    """The field of the event's data, or where there is none a key of its own."""
    data = json_object(event).get("data")
    key = data.get(name) if isinstance(data, dict) else None
    return key if isinstance(key, str) and 0 < len(key) <= 256 and is_text(key) else str(uuid.uuid4())


def _sent(placed: Placed, event: str) -> Sent:
    if placed.problem:
        return Sent(placed.record.index, problem=placed.problem)
    id = json_object(event).get("id")
    return Sent(placed.record.index, id if isinstance(id, str) and id else placed.sequence_number)
