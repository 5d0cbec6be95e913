"""The path of an execution: which states it went through, one inside the other, how long each took, what went wrong.

Made from the history of the execution (Step Functions API reference, HistoryEvent), in which every event names the one
before it on the same branch.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

#: Events of a task that failed, and where each of them says why.
FAILURES = {
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "TaskStartFailed": "taskStartFailedEventDetails",
    "TaskSubmitFailed": "taskSubmitFailedEventDetails",
}


@dataclass
class Visit:
    """One state, as the execution went through it. `inside` are the states of its branches."""

    state: str
    entered: datetime
    exited: datetime | None = None
    attempts: int = 0
    error: str = ""
    inside: list["Visit"] = field(default_factory=list)

    @property
    def seconds(self) -> float | None:
        """How long it took, or None while it lasts, or where the execution ended in it."""
        return round((self.exited - self.entered).total_seconds(), 3) if self.exited else None


def path_of(events: Iterable[Mapping[str, Any]]) -> list[Visit]:
    """The states at the top, in the order in which they were entered."""
    top: list[Visit] = []
    # Where the execution was after each event: the states that it was in, from the outermost to the innermost.
    within: dict[int, tuple[Visit, ...]] = {0: ()}
    last = 0
    for event in events:
        # The bare local engine does not say what came before.
        here = within.get(event.get("previousEventId", last), ())
        kind = event["type"]
        if kind.endswith("StateEntered"):
            visit = Visit(event["stateEnteredEventDetails"]["name"], event["timestamp"])
            (here[-1].inside if here else top).append(visit)
            here = (*here, visit)
        elif kind.endswith("StateExited"):
            name = event["stateExitedEventDetails"]["name"]
            # Out of the state itself, and of what is inside and was left behind.
            while here:
                *outer, visit = here
                here = tuple(outer)
                if visit.state == name:
                    visit.exited = event["timestamp"]
                    break
        elif here and kind == "TaskScheduled":
            here[-1].attempts += 1
        elif here and kind in FAILURES:
            here[-1].error = event.get(FAILURES[kind], {}).get("error", kind)
        within[event["id"]] = here
        last = event["id"]
    return top


def as_records(path: list[Visit]) -> list[dict[str, Any]]:
    """The path as JSON."""
    return [
        {
            "state": visit.state,
            "seconds": visit.seconds,
            **({"attempts": visit.attempts} if visit.attempts else {}),
            **({"error": visit.error} if visit.error else {}),
            **({"inside": as_records(visit.inside)} if visit.inside else {}),
        }
        for visit in path
    ]


def as_lines(path: list[Visit]) -> list[str]:
    """The path for a person: a line for each state, those inside another one further to the right."""
    rows = list(_rows(path, 1))
    width = max((len(name) for name, *_ in rows), default=0)
    return [f"{name:{width}}  {seconds:>9}  {note}".rstrip() for name, seconds, note in rows]


def _rows(path: list[Visit], depth: int) -> Iterator[tuple[str, str, str]]:
    for visit in path:
        attempts = f"{visit.attempts} attempts" if visit.attempts > 1 else ""
        note = ": ".join(part for part in (attempts, visit.error) if part)
        yield "  " * depth + visit.state, "" if visit.seconds is None else f"{visit.seconds:.3f} s", note
        yield from _rows(visit.inside, depth + 1)
