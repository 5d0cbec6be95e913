"""The history of an execution tells what happened inside Parallel and Map, and on which branch.

AWS (Step Functions API reference, HistoryEvent): a state inside a branch is entered and left like any other, and each
event names the one before it, `previousEventId`, by which branches are told apart. MiniStack records only the tasks of
a branch, and no event names another. Here both are recorded. What a state in a branch took in and gave out is not.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from threading import Lock
from typing import Any

from ministack.services import stepfunctions

#: The latest event of each execution on this branch: a branch runs in a copy of the context of what it branches from.
_latest: ContextVar[Mapping[int, int]] = ContextVar("latest")
_one_at_a_time = Lock()


def apply() -> None:
    add_event, run_branch = stepfunctions._add_event, stepfunctions._run_sub_machine

    def add_event_with_previous(execution: dict[str, Any], *arguments: Any) -> dict[str, Any]:
        with _one_at_a_time:  # or two branches would give the same number to their events
            event: dict[str, Any] = add_event(execution, *arguments)
        # The first event of every execution, its start, is there before any is added; it counts as before none.
        execution["events"][0].setdefault("previousEventId", 0)
        latest = _latest.get({})
        event["previousEventId"] = latest.get(id(execution), 0)
        _latest.set({**latest, id(execution): event["id"]})
        return event

    def run_branch_on_record(
        states: dict[str, Any], start_at: str, input_data: Any, execution: dict[str, Any], ctx: dict[str, Any]
    ) -> Any:
        record = _Record(states, execution)
        # A branch has a state of its own; MiniStack's branches share one.
        output = run_branch(record, start_at, input_data, execution, {**ctx})
        record.leave()
        return output

    stepfunctions._add_event = add_event_with_previous
    stepfunctions._run_sub_machine = run_branch_on_record


class _Record(dict[str, Any]):
    """The states of a branch, which MiniStack looks up one by one, each as it is entered."""

    def __init__(self, states: dict[str, Any], execution: dict[str, Any]) -> None:
        super().__init__(states)
        self._execution = execution
        self._inside = ""

    def get(self, name: str, default: Any = None) -> Any:
        self.leave()
        if name in self:
            self._inside = name
            self._add(name, "Entered")
        return super().get(name, default)

    def leave(self) -> None:
        """The state that the branch is in, if any, has been left."""
        if self._inside:
            self._add(self._inside, "Exited")
        self._inside = ""

    def _add(self, name: str, what: str) -> None:
        details = {f"state{what}EventDetails": {"name": name}}
        stepfunctions._add_event(self._execution, f"{self[name]['Type']}State{what}", details)
