"""What a person may do from a view: choose labs, and send messages through a lab's input port."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kit.aws_errors import explain
from kit.cli import Exit, Stop
from kit.live.collector import Collector
from kit.live.results import Result
from kit.outgoing import Choices, refused
from kit.output import is_error_reply, parse
from kit.pictures.album import IMAGES, graph_of_lab
from kit.pictures.graph import Graph
from kit.ports import labs_at
from kit.senders import example_of, sender_to
from kit.target import Target
from kit.workflows import WorkflowSender

from project import ProjectError


@dataclass(frozen=True)
class Outcome:
    """The ids of what was accepted, and what was refused, one line each."""

    sent: list[str]
    refused: list[str]

    def __str__(self) -> str:
        said = [f"sent {len(self.sent)}: {', '.join(self.sent[:3])}"] if self.sent else []
        return "; ".join([*said, *self.refused]) or "there was nothing to send"


def graphs_of(target: Target, labs: Sequence[str]) -> list[Graph]:
    """The graphs of these labs, or of all that are deployed. Raises Stop."""
    found = []
    for lab in labs or labs_at(target):
        graph = graph_of_lab(lab)
        if graph:
            found.append(graph)
        elif labs:
            known = ", ".join(sorted(path.stem for path in IMAGES.glob("*.json")))
            raise Stop(
                f"lab {lab} has no picture (labs are {known}); draw one with `scripts/draw.py {lab}`", Exit.USAGE
            )
    if not found:
        raise Stop(f"no lab is deployed at {target}; deploy one with `make deploy LAB=calculator`", Exit.NOT_DEPLOYED)
    return found


def send(collector: Collector, bodies: Sequence[str]) -> Outcome:
    """Send messages through the lab's input port; all or none, as far as a look at them can tell. Raises Stop."""
    if "input" not in collector.ports:
        raise Stop(f"lab {collector.lab} is not deployed, or does not answer", Exit.NOT_DEPLOYED)
    sender = sender_to(collector.target, collector.ports["input"], Choices())
    if problems := refused(sender, bodies):
        return Outcome([], problems)
    outcomes = [outcome for group in sender.send(bodies) for outcome in group]
    if isinstance(sender, WorkflowSender):
        for execution in sender.ended:  # of an Express workflow, which keeps no list of them
            good = not is_error_reply(parse(execution.body))
            at = int((execution.stopped or execution.started).timestamp() * 1000)
            collector.add_result(Result(execution.name, at, execution.name, execution.body, good))
    return Outcome(
        [outcome.message_id for outcome in outcomes if not outcome.problem],
        [f"message {outcome.index + 1} was refused: {outcome.problem}" for outcome in outcomes if outcome.problem],
    )


def send_example(collector: Collector) -> str:
    """Send the lab's example; what became of it, in one line, whatever it is."""
    try:
        example = example_of(collector.ports.get("input", {}))
        return str(send(collector, example))
    except (Stop, ProjectError) as problem:
        return str(problem)
    except Exception as error:
        return explain(error)[0]


def as_bodies(content: str) -> list[str]:
    """What a form holds: a JSON list is several messages, anything else is one; each is sent as it is written."""
    if not isinstance(parse(content), list):
        return [content]
    bodies: list[str] = []
    left = content.strip()[1:].lstrip()
    while left != "]":
        item, end = json.JSONDecoder().raw_decode(left)
        bodies.append(item if isinstance(item, str) else left[:end])
        left = left[end:].lstrip(" \t\r\n,")
    return bodies
