"""Correction branch_history: what the bare engine leaves out of a history, and what is there with it."""

from typing import Any

import pytest
from ministack.services import stepfunctions

from engine.corrections import branch_history
from interpreter import Interpreter

PASS = {"Type": "Pass", "End": True}
BRANCHES = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A2"}, "A2": PASS}},
                {"StartAt": "B", "States": {"B": PASS}},
            ],
            "Next": "After",
        },
        "After": PASS,
    },
}


def history(patch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = Interpreter(patch, BRANCHES, lambda *_: {}).run("both", {})["events"]
    return events


def entered(events: list[dict[str, Any]]) -> list[str]:
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def test_the_bare_engine_forgets_the_states_of_branches(monkeypatch: pytest.MonkeyPatch) -> None:
    events = history(monkeypatch)
    assert entered(events) == ["Both", "After"]
    assert not any("previousEventId" in event for event in events)


def test_corrected_it_tells_them_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_add_event", "_run_sub_machine"):
        monkeypatch.setattr(stepfunctions, name, getattr(stepfunctions, name))  # put back afterwards
    branch_history.apply()
    events = history(monkeypatch)
    assert sorted(entered(events)) == ["A", "A2", "After", "B", "Both"]
    ids = {details["name"]: event["id"] for event in events if (details := event.get("stateEnteredEventDetails"))}
    before = {event["id"]: event.get("previousEventId") for event in events}
    # As in AWS's examples of GetExecutionHistory: before the start and before the first state comes nothing.
    assert before[1] == before[ids["Both"]] == 0
    assert before[ids["A"]] == before[ids["B"]] == ids["Both"]
    left = {details["name"]: event["id"] for event in events if (details := event.get("stateExitedEventDetails"))}
    assert (
        before[ids["A2"]] == left["A"] and before[left["Both"]] == ids["Both"] and before[ids["After"]] == left["Both"]
    )
