"""The path of an execution out of its history: as AWS records it, and as a bare emulator does."""

from datetime import datetime, timedelta, timezone
from typing import Any

from kit.paths import Visit, as_lines, as_records, path_of

START = datetime(2025, 1, 31, tzinfo=timezone.utc)


def event(id: int, before: int | None, type: str, name: str = "", error: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {"id": id, "type": type, "timestamp": START + timedelta(seconds=id)}
    if before is not None:
        made["previousEventId"] = before
    if type.endswith("StateEntered"):
        made["stateEnteredEventDetails"] = {"name": name}
    if type.endswith("StateExited"):
        made["stateExitedEventDetails"] = {"name": name}
    if error:
        made[f"{type[0].lower()}{type[1:]}EventDetails"] = {"error": error}
    return made


#: A function that is tried twice, then two branches of which each waits for the other's events in the list.
ON_AWS = [
    event(1, 0, "ExecutionStarted"),
    event(2, 0, "TaskStateEntered", "Check"),
    event(3, 2, "TaskScheduled"),
    event(4, 3, "TaskStarted"),
    event(5, 4, "TaskFailed", error="Lambda.TooManyRequestsException"),
    event(6, 5, "TaskScheduled"),
    event(7, 6, "TaskStarted"),
    event(8, 7, "TaskSucceeded"),
    event(9, 8, "TaskStateExited", "Check"),
    event(10, 9, "ParallelStateEntered", "Both"),
    event(11, 10, "ParallelStateStarted"),
    event(12, 11, "TaskStateEntered", "Left"),
    event(13, 11, "PassStateEntered", "Right"),
    event(14, 12, "TaskScheduled"),
    event(15, 13, "PassStateExited", "Right"),
    event(16, 15, "PassStateEntered", "Right2"),
    event(17, 14, "TaskTimedOut", error="States.Timeout"),
    event(18, 16, "PassStateExited", "Right2"),
    event(19, 17, "ParallelStateFailed"),
    event(20, 19, "ParallelStateExited", "Both"),
    event(21, 20, "FailStateEntered", "Failed"),
    event(22, 21, "ExecutionFailed"),
]


def names(path: list[Visit]) -> list[Any]:
    return [(visit.state, names(visit.inside)) if visit.inside else visit.state for visit in path]


def test_branches_are_inside_the_state_that_has_them() -> None:
    path = path_of(ON_AWS)
    assert names(path) == ["Check", ("Both", ["Left", "Right", "Right2"]), "Failed"]
    check, both, failed = path
    assert (check.attempts, check.error, check.seconds) == (2, "Lambda.TooManyRequestsException", 7)
    assert (both.inside[0].error, both.inside[0].seconds, both.inside[2].seconds) == ("States.Timeout", None, 2)
    assert (both.seconds, failed.seconds) == (10, None)


def test_a_map_has_its_iterations_inside() -> None:
    history = [
        event(1, 0, "ExecutionStarted"),
        event(2, 0, "MapStateEntered", "Each"),
        event(3, 2, "MapStateStarted"),
        event(4, 3, "MapIterationStarted"),
        event(5, 4, "PassStateEntered", "One"),
        event(6, 5, "PassStateExited", "One"),
        event(7, 6, "MapIterationSucceeded"),
        event(8, 3, "MapIterationStarted"),
        event(9, 8, "PassStateEntered", "One"),
        event(10, 9, "PassStateExited", "One"),
        event(11, 10, "MapIterationSucceeded"),
        event(12, 11, "MapStateSucceeded"),
        event(13, 12, "MapStateExited", "Each"),
        event(14, 13, "PassStateEntered", "Last"),
    ]
    assert names(path_of(history)) == [("Each", ["One", "One"]), "Last"]


def test_without_the_order_of_branches_the_top_is_right() -> None:
    top = ("Check", "Both", "Failed")
    bare = [
        {key: value for key, value in made.items() if key != "previousEventId"}
        for made in ON_AWS
        if made.get("stateEnteredEventDetails", made.get("stateExitedEventDetails", {"name": top[0]}))["name"] in top
    ]
    assert names(path_of(bare)) == list(top)


def test_for_a_person_and_as_json() -> None:
    path = path_of(ON_AWS)
    assert as_lines(path) == [
        "  Check       7.000 s  2 attempts: Lambda.TooManyRequestsException",
        "  Both       10.000 s",
        "    Left               States.Timeout",
        "    Right     2.000 s",
        "    Right2    2.000 s",
        "  Failed",
    ]
    assert as_records(path)[2] == {"state": "Failed", "seconds": None}
    assert as_records(path)[1]["inside"][0] == {
        "state": "Left",
        "seconds": None,
        "attempts": 1,
        "error": "States.Timeout",
    }
