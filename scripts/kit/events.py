"""The EventBridge side of a port: JSON messages become events."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from kit.batches import send_in_batches
from kit.outgoing import Choices, Sent, half_a_character
from kit.ports import Port
from kit.queues import size_problem
from kit.target import Target

#: Room for what an entry holds beside its detail (EventBridge User Guide, "PutEvents event entry size").
ENTRY_BYTES = 1024


class EventSender:
    """Puts events on the bus behind a port.

    Source and detail type come from the options, else from the message's own `source` and `type`, as CloudEvents has
    them; the whole message is the detail.
    """

    def __init__(self, target: Target, port: Port, choices: Choices) -> None:
        self._events = target.client("events")
        self._bus = port["bus"]
        self._choices = choices

    def problem(self, body: str) -> str | None:
        """Why the bus would refuse this body, or None."""
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            return f"is not a JSON object, which an event is: {body[:60]}"
        fields = {name: getattr(self._choices, name) or content.get(name) for name in ("source", "type")}
        missing = [name for name, value in fields.items() if not _text(value)]
        if missing:
            return f"has no {' and no '.join(missing)}; give --{' and --'.join(missing)}"
        return half_a_character(fields) or size_problem(body, "a bus")

    def send(self, bodies: Sequence[str]) -> Iterator[list[Sent]]:
        """Put all on the bus, in batches."""
        yield from send_in_batches(bodies, self._call, margin=ENTRY_BYTES)

    def _call(self, batch: dict[int, str]) -> dict[int, Sent]:
        answer = self._events.put_events(Entries=[self._entry(body) for body in batch.values()])
        done: dict[int, Sent] = {}
        for index, entry in zip(batch, answer["Entries"], strict=True):
            if "EventId" in entry:
                done[index] = Sent(index, entry["EventId"])
            elif entry.get("ErrorCode") not in ("InternalFailure", "ThrottlingException"):
                done[index] = Sent(index, problem=entry.get("ErrorMessage") or entry.get("ErrorCode", "refused"))
        return done

    def _entry(self, body: str) -> dict[str, Any]:
        content = json.loads(body)
        return {
            "EventBusName": self._bus,
            "Source": self._choices.source or content["source"],
            "DetailType": self._choices.type or content["type"],
            "Detail": body,
        }


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
