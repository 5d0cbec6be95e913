"""Messages on their way to a port: what a person gave, and what becomes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kit.cli import is_text
from kit.output import parse


@dataclass(frozen=True)
class Attribute:
    """A message attribute, with SQS's and SNS's data type: String, Number or Binary."""

    type: str
    value: str


@dataclass(frozen=True)
class Choices:
    """What a person may say of all messages beside their text."""

    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    #: Of an event: where it comes from, and its detail type.
    source: str | None = None
    type: str | None = None


@dataclass(frozen=True)
class Sent:
    """What became of a message: its id, or the reason why the port did not take it.

    One that is `dropped`, for this reason, is known there already, by the id.
    """

    index: int
    message_id: str = ""
    problem: str = ""
    dropped: str = ""


class Sender(Protocol):
    """Sends to one kind of port."""

    def problem(self, body: str) -> str | None:
        """Why the port would refuse this body, or None. Nothing is sent."""
        ...

    def send(self, bodies: Sequence[str]) -> Iterator[list[Sent]]:
        """Send all bodies; yields the outcomes group by group, in any order."""
        ...


def refused(sender: Sender, bodies: Sequence[str]) -> list[str]:
    """Every message that the port would refuse, each with why. Nothing is sent."""
    problems = [
        (number, sender.problem(body) if is_text(body) else "is not UTF-8 text")
        for number, body in enumerate(bodies, 1)
    ]
    return [f"message {number} {problem}" for number, problem in problems if problem]


def half_a_character(fields: Mapping[str, Any]) -> str | None:
    """What is wrong with fields that travel beside a body, where no escape stands for half a character; or None."""
    halves = [name for name, value in fields.items() if not is_text(str(value))]
    return f"has half a character in {' and '.join(halves)}, which cannot be sent as text" if halves else None


def json_object(body: str) -> dict[str, Any]:
    """A message's body as a JSON object, or an empty one when it is none."""
    content = parse(body)
    return content if isinstance(content, dict) else {}
