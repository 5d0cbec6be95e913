"""The SNS side of a port: messages with attributes, in batches; bodies too long for a message go to a bucket."""

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from kit.batches import MAX_BYTES, send_in_batches
from kit.outgoing import Attribute, Choices, Sent, half_a_character, json_object
from kit.ports import Port
from kit.queues import as_entry, settled, size_problem
from kit.target import Target

#: Room for the attributes of a message, which count like its body (SNS API reference, Publish).
ATTRIBUTES_BYTES = 2048
#: Fields of a stored body that its reference repeats, if they are no longer than this, so that filters see them.
MAX_REPEATED = 200
#: What the port of a FIFO topic names: the fields that are the group and the deduplication id.
FIFO_FIELDS = ("group_by", "deduplicate_by")
#: What both may be (SNS API reference, Publish): 1 to 128 characters of ASCII that are seen, so no blank.
FIFO_ID = re.compile(r"[!-~]{1,128}")


class TopicSender:
    """Publishes messages to the topic behind a port.

    The port says which top-level fields of a JSON body also become attributes (`attributes`), in which bucket long
    bodies are stored (`claims`), and for a FIFO topic which fields are the group and the deduplication id.
    """

    def __init__(self, target: Target, port: Port, choices: Choices) -> None:
        self._sns = target.client("sns")
        self._target = target
        self._port = port
        self._choices = choices
        self._ids: list[str] = []
        #: The ids of the messages with these deduplication ids.
        self._first: dict[str, str] = {}
        self._originals: Sequence[str] = []

    def problem(self, body: str) -> str | None:
        """Why the topic would refuse this body, or None. With a bucket for them, long bodies are welcome."""
        content = json_object(body)
        names = {*self._port.get("attributes", []), *(self._port[key] for key in FIFO_FIELDS if key in self._port)}
        beside = {name: value for name, value in content.items() if name in names}
        if problem := half_a_character(beside) or self._grouping_problem(content):
            return problem
        return None if body and "claims" in self._port else size_problem(body, "a topic")

    def send(self, bodies: Sequence[str]) -> Iterator[list[Sent]]:
        """Store what is too long for a message, then publish all in batches."""
        self._ids = [str(uuid.uuid4()) for _ in bodies]
        self._originals = bodies
        short = [body if _fits(body) else self._store(body) for body in bodies]
        yield from send_in_batches(short, self._call, margin=ATTRIBUTES_BYTES, in_order="group_by" in self._port)

    def _call(self, batch: dict[int, str]) -> dict[int, Sent]:
        entries = [self._entry(index, body) for index, body in batch.items()]
        done = settled(self._sns.publish_batch(TopicArn=self._port["arn"], PublishBatchRequestEntries=entries))
        return {index: sent if sent.problem else self._accepted(index) for index, sent in sorted(done.items())}

    def _accepted(self, index: int) -> Sent:
        """What became of an accepted message. Its id survives every way to the consumers; see labkit.messages.

        A FIFO topic accepts a message whose deduplication id it has seen, and does not deliver it (SNS Developer Guide,
        "Message deduplication for FIFO topics"). It does not tell; what is known here are the ids of this command.
        """
        if "deduplicate_by" not in self._port:
            return Sent(index, self._ids[index])
        name = self._port["deduplicate_by"]
        value = str(json_object(self._originals[index])[name])
        first = self._first.setdefault(value, self._ids[index])
        return Sent(index, first, dropped="" if first == self._ids[index] else f"{name} {value} was sent before")

    def _entry(self, index: int, body: str) -> dict[str, Any]:
        content = json_object(self._originals[index])
        attributes = {
            name: as_entry(Attribute("String", str(content[name])))
            for name in self._port.get("attributes", [])
            if content.get(name) not in (None, "")
        }
        attributes |= {name: as_entry(attribute) for name, attribute in self._choices.attributes.items()}
        attributes["correlation_id"] = as_entry(Attribute("String", self._ids[index]))
        entry = {"Id": str(index), "Message": body, "MessageAttributes": attributes}
        if "group_by" in self._port:
            entry["MessageGroupId"] = str(content[self._port["group_by"]])
            entry["MessageDeduplicationId"] = str(content[self._port["deduplicate_by"]])
        return entry

    def _grouping_problem(self, content: dict[str, Any]) -> str | None:
        """What a FIFO topic misses in the body: the fields that say its group and its deduplication id."""
        if "group_by" not in self._port:
            return None
        names = [self._port[key] for key in FIFO_FIELDS]
        if missing := [name for name in names if not content.get(name)]:
            return f"has no {' and no '.join(missing)}, which the FIFO topic needs"
        wrong = [f"{name} is {str(content[name])!r}" for name in names if not FIFO_ID.fullmatch(str(content[name]))]
        said = f"{' and '.join(wrong)}, which a FIFO topic does not take: up to 128 letters, digits and punctuation"
        return f"{said} of ASCII, no blanks" if wrong else None

    def _store(self, body: str) -> str:
        """Store the body in the lab's bucket; the message that refers to it (claim check)."""
        bucket, key = self._port["claims"], f"{uuid.uuid4()}.json"
        self._target.client("s3").put_object(Bucket=bucket, Key=key, Body=body.encode())
        repeated = {
            name: value
            for name, value in json_object(body).items()
            if isinstance(value, str | int | float | bool) and len(str(value)) <= MAX_REPEATED
        }
        return json.dumps({**dict(list(repeated.items())[:20]), "claim_check": {"bucket": bucket, "key": key}})


def _fits(body: str) -> bool:
    return len(body.encode()) + ATTRIBUTES_BYTES <= MAX_BYTES
