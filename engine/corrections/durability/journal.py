"""The arrivals since the last save: one JSON line each, in numbered files."""

import contextlib
import functools
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services import eventbridge, kinesis, s3, sns, sqs

from engine.corrections import queue_actions

logger = logging.getLogger("durability")

Entry = dict[str, Any]


class Journal:
    """Files `journal.<number>` beside MiniStack's state. A save begins a new one, and then drops those before it."""

    def __init__(self) -> None:
        self.folder = Path(persistence.STATE_DIR)
        self.number = max(self._numbers(), default=0)
        self._file: int | None = None
        self._writing = threading.Lock()
        #: Why the last entry could not be written, and how many could not be since the start.
        self.problem: OSError | None = None
        self.unwritten = 0
        self.begin_next()

    def note(self, entry: Entry) -> None:
        """Write at once: what the operating system has is kept when this process is killed."""
        try:
            self._write(json.dumps(entry).encode() + b"\n")
            self.problem = None
        except OSError as problem:
            logger.error("what arrives cannot be written down: %s", problem)
            self.problem = problem
            self.unwritten += 1

    def has_room(self, size: int) -> bool:
        """Whether entries of so many bytes can be written; looked at by writing when the last entry could not be."""
        if self.problem:
            try:
                self._write(b" " * size + b"\n")
                self.problem = None
            except OSError as problem:
                self.problem = problem
        return self.problem is None

    def _write(self, line: bytes) -> None:
        """Write all of it or nothing: half a line would spoil the one that comes after it."""
        with self._writing:
            assert self._file is not None
            before = os.fstat(self._file).st_size
            try:
                while line:
                    line = line[os.write(self._file, line) :]
            except OSError:
                os.ftruncate(self._file, before)
                raise

    @property
    def size(self) -> int:
        """Bytes since the last save."""
        assert self._file is not None
        return os.fstat(self._file).st_size

    @property
    def is_deleted(self) -> bool:
        """Whether somebody has deleted or moved the file that is written to."""
        assert self._file is not None
        try:
            return not os.path.samestat(os.fstat(self._file), self._path(self.number).stat())
        except FileNotFoundError:
            return True

    def begin_next(self) -> None:
        with self._writing:
            self.folder.mkdir(parents=True, exist_ok=True)
            previous = self._file
            self._file = os.open(self._path(self.number + 1), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            self.number += 1
            if previous is not None:
                os.close(previous)

    def drop_earlier(self) -> None:
        for number in self._numbers():
            if number < self.number:
                self._path(number).unlink(missing_ok=True)

    def read(self) -> Iterator[Entry]:
        for number in sorted(self._numbers()):
            for line in self._path(number).read_bytes().splitlines():
                with contextlib.suppress(ValueError):  # the last line of a killed process may be half a line
                    yield json.loads(line)

    def _path(self, number: int) -> Path:
        return self.folder / f"journal.{number}"

    def _numbers(self) -> list[int]:
        return [int(path.suffix[1:]) for path in self.folder.glob("journal.*")]


def apply(journal: Journal) -> None:
    _note_messages(journal)
    _note_records(journal)
    _note_shards(journal)
    load = app._load_persisted_state

    def load_persisted_state() -> None:
        load()
        restore(journal)

    app._load_persisted_state = load_persisted_state


def restore(journal: Journal) -> None:
    """Add to the queues and streams that are there what arrived after they were saved."""
    queues = {queue["attributes"]["QueueArn"]: queue for queue in sqs._queues._data.values()}
    streams = {stream["StreamARN"]: stream for stream in kinesis._streams._data.values()}
    messages = {arn: {message["id"] for message in queue["messages"]} for arn, queue in queues.items()}
    restored = 0
    for entry in journal.read():
        queue, stream = queues.get(entry.get("queue", "")), streams.get(entry.get("stream", ""))
        if queue and queue["attributes"]["CreatedTimestamp"] == entry["created"]:
            message = entry["message"]
            if message is None:
                queue["messages"].clear()
            elif message["id"] not in messages[entry["queue"]]:
                messages[entry["queue"]].add(message["id"])
                queue["messages"].append(message)
                restored += 1
        elif stream and "shards" in entry:
            for shard, what in entry["shards"].items() if stream["CreationTimestamp"] == entry["created"] else ():
                stream["shards"].setdefault(shard, {"records": []}).update(what)
        elif stream and entry["shard"] in stream["shards"]:
            records = stream["shards"][entry["shard"]]["records"]
            if not records or records[-1]["SequenceNumber"] < entry["record"]["SequenceNumber"]:
                records.append(entry["record"])
                restored += 1
    if restored:
        logger.warning(
            "the engine was killed: %d messages and records that came after its last save are back", restored
        )


def _note_messages(journal: Journal) -> None:
    """MiniStack puts a message into a queue in four places: for SQS itself, and for whoever sends to queues."""

    def by_url(arguments: tuple[Any, ...]) -> Any:
        data, url = arguments
        return sqs._get_q(data.get("QueueUrl") or url)

    def by_arn(arguments: tuple[Any, ...]) -> Any:
        return sqs._queue_by_arn(str(arguments[0]))

    _after(sqs, "_act_send_message", by_url, journal)
    _after(sns, "_deliver_to_sqs", by_arn, journal)
    _after(eventbridge, "_dispatch_to_sqs", by_arn, journal)
    _after(s3, "_deliver_event_to_sqs", by_arn, journal)
    purge = sqs._act_purge_queue

    def act_purge_queue(data: Entry, url: str) -> Any:
        with sqs._queues_lock:
            answer = purge(data, url)
            _note(journal, by_url((data, url)), None)
            return answer

    queue_actions.replace(sqs, "_act_purge_queue", act_purge_queue)


def _after(module: Any, name: str, queue_of: Callable[[tuple[Any, ...]], Any], journal: Journal) -> None:
    original = getattr(module, name)

    @functools.wraps(original)
    def put(*arguments: Any, **named: Any) -> Any:
        with sqs._queues_lock:
            queue = _or_none(queue_of, arguments)
            last = queue["messages"][-1] if queue and queue["messages"] else None
            answer = original(*arguments, **named)
            if queue and queue["messages"] and queue["messages"][-1] is not last:
                _note(journal, queue, queue["messages"][-1])
            return answer

    queue_actions.replace(module, name, put)


def _or_none(queue_of: Callable[[tuple[Any, ...]], Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return queue_of(arguments)
    except sqs._Err:  # there is no such queue, which the original says
        return None


def _note(journal: Journal, queue: Any, message: Any) -> None:
    attributes = queue["attributes"]
    journal.note({"queue": attributes["QueueArn"], "created": attributes["CreatedTimestamp"], "message": message})


def _note_records(journal: Journal) -> None:
    """Every way into a stream ends with records at the end of its shards."""

    def after(name: str, stream_of: Callable[[Any], Any]) -> None:
        original = getattr(kinesis, name)

        @functools.wraps(original)
        def put(*arguments: Any) -> Any:
            stream = stream_of(arguments[0])
            last = {shard: _last(records["records"]) for shard, records in stream["shards"].items()} if stream else {}
            answer = original(*arguments)
            for shard, before in last.items():
                for record in _since(stream["shards"].get(shard, {"records": []})["records"], before):
                    journal.note({"stream": stream["StreamARN"], "shard": shard, "record": record})
            return answer

        setattr(kinesis, name, put)

    after("_put_record", lambda data: kinesis._resolve_stream(data)[1])
    after("_put_records", lambda data: kinesis._resolve_stream(data)[1])
    after("put_record_internal", kinesis._resolve_stream_by_arn)


def _note_shards(journal: Journal) -> None:
    """What is put into a new shard is of no use without the shard."""

    def after(name: str) -> None:
        original = getattr(kinesis, name)

        @functools.wraps(original)
        def reshard(data: Entry) -> Any:
            answer = original(data)
            _, stream = kinesis._resolve_stream(data)
            if stream and answer[0] == 200:
                shards = {
                    id: {key: value for key, value in shard.items() if key != "records"}
                    for id, shard in stream["shards"].items()
                }
                entry = {"stream": stream["StreamARN"], "created": stream["CreationTimestamp"], "shards": shards}
                journal.note(entry)
            return answer

        setattr(kinesis, name, reshard)

    for name in ("_split_shard", "_merge_shards", "_update_shard_count"):
        after(name)


def _last(records: list[Entry]) -> str:
    return str(records[-1]["SequenceNumber"]) if records else ""


def _since(records: list[Entry], sequence_number: str) -> list[Entry]:
    new: list[Entry] = []
    for record in reversed(records):
        if record["SequenceNumber"] <= sequence_number:
            break
        new.append(record)
    return new[::-1]
