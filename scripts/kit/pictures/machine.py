"""The picture of a workflow, from its definition in Amazon States Language: states from the top to the bottom."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kit.pictures import svg
from kit.pictures.curves import goes_through
from kit.pictures.kinds import KINDS
from kit.pictures.layout import LABEL_PX, Box, Link, Placed, Plan

TITLE_PX = 12
HEIGHT = 40
ICON = 24
AIR = 10
END = 22

STYLE = """
  .state { fill: #fff; stroke: #9aa7b4; stroke-width: 1.2 }
  .choice { fill: #fdf6e7; stroke: #d9a441; stroke-width: 1.2 }
  .ends-well { fill: #eaf6ec; stroke: #3c9a54; stroke-width: 1.2 }
  .ends-badly { fill: #fdecf0; stroke: #c7375c; stroke-width: 1.2 }
  .inside { fill: #f6f8fa; stroke: #c3ccd5; stroke-dasharray: 4 3 }
  .terminal { fill: #232f3e }
"""
DARK = """
  .state { fill: #222d39; stroke: #5d6e7f }
  .choice { fill: #392f17; stroke: #b88d26 }
  .ends-well { fill: #1b3424; stroke: #4fae6b }
  .ends-badly { fill: #3f1d29; stroke: #e0688a }
  .inside { fill: #1d2732; stroke: #475666 }
  .terminal { fill: #c6d1db }
"""

#: What a task calls, by the first part of its integration.
_ICONS = {kind.service: kind.icon for kind in KINDS.values() if kind.service} | {
    "events": KINDS["aws_cloudwatch_event_bus"].icon
}
_COMPARISONS = {
    "Equals": "=",
    "GreaterThanEquals": "≥",
    "LessThanEquals": "≤",
    "GreaterThan": ">",
    "LessThan": "<",
    "Matches": "~",
}
_KINDS = "String|Numeric|Timestamp|Boolean"
Definition = Mapping[str, Any]
START = "start"


@dataclass(frozen=True)
class State:
    """A state with the Parallel or Map that it is inside of."""

    id: str
    definition: Definition
    inside: str

    @property
    def note(self) -> str:
        """What it does, in a few words."""
        kind = str(self.definition["Type"])
        if kind == "Task":
            service, action = _integration(self.definition)
            waits = ", waits" if "waitForTaskToken" in self.definition["Resource"] else ""
            return f"{service} {action}{waits}"
        if kind == "Wait":
            return f"wait {self.definition.get('Seconds', '')} s" if "Seconds" in self.definition else "wait"
        return kind.lower()

    @property
    def icon(self) -> str | None:
        return _ICONS.get(_integration(self.definition)[0]) if self.definition["Type"] == "Task" else None


def plan_of(definition: Definition) -> Plan:
    """What is to be placed, and how."""
    states = list(_states(definition, ""))
    groups = {state.id: (state.inside, f"{state.id} ({state.note})") for state in states if _machines(state.definition)}
    boxes = [Box(START, END, END)]
    boxes += [
        Box(state.id, round(_width(state)), HEIGHT, group=state.inside) for state in states if state.id not in groups
    ]
    return Plan(boxes, list(_links(definition, groups)), "TB", rank_gap=30, node_gap=26, groups=groups)


def draw(name: str, definition: Definition, placed: Placed) -> str:
    """The picture."""
    return svg.document(placed, f"Workflow {name}", _content(definition, placed), STYLE, DARK)


def _content(definition: Definition, placed: Placed) -> Iterator[str]:
    for group, (left, top, right, bottom) in placed.outlines.items():
        size = f'x="{left}" y="{top}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
        yield f'<rect class="inside" {size} rx="8"/>'
        # On the left, or where no line goes through it.
        width = svg.text_width(group, LABEL_PX)
        places = [(x, top + 7, x + width, top + 22) for x in (left + 12, right - 12 - width)]
        place = min(places, key=lambda box: sum(goes_through(line, box) for line in placed.lines))
        yield from svg.text(group, (place[0], top + 14), "note", LABEL_PX, left=True)
    kinds = [(line, "failure" if line.link.weak else "flow") for line in placed.lines]
    for line, kind in kinds:
        yield from svg.line(line, kind)
    for line, kind in kinds:
        yield from svg.label(line, kind)
    x, y = placed.centres[START]
    yield f'<circle class="terminal" cx="{x}" cy="{y}" r="{END / 2}"/>'
    for state in _states(definition, ""):
        if state.id in placed.centres:
            yield from _state(state, placed.centres[state.id])


def _state(state: State, at: tuple[float, float]) -> Iterator[str]:
    x, y = at
    width = round(_width(state))
    yield f'<g id="{re.sub(r"[^A-Za-z0-9-]", "", state.id)}">'
    size = f'x="{x - width / 2:.1f}" y="{y - HEIGHT / 2:.1f}" width="{width}" height="{HEIGHT}"'
    yield f'<rect class="{_look(state)}" {size} rx="{_roundness(state)}"/>'
    middle = x
    if state.icon:
        yield svg.icon(state.icon, (x - width / 2 + AIR + ICON / 2, y), ICON)
        middle = x + (ICON + AIR) / 2
    yield from svg.text(state.id, (middle, y - 7), "title", TITLE_PX)
    yield from svg.text(state.note, (middle, y + 9), "note", LABEL_PX)
    yield "</g>"


def _look(state: State) -> str:
    if state.definition["Type"] == "Fail":
        return "ends-badly"
    if state.definition["Type"] == "Succeed" or (state.definition.get("End") and not state.inside):
        return "ends-well"
    return "choice" if state.definition["Type"] == "Choice" else "state"


def _roundness(state: State) -> int:
    return HEIGHT // 2 if _look(state) != "state" else 6


def _width(state: State) -> float:
    texts = max(svg.text_width(state.id, TITLE_PX * 1.12), svg.text_width(state.note, LABEL_PX))
    return texts + 2 * AIR + (ICON + AIR if state.icon else AIR)


def _states(machine: Definition, inside: str) -> Iterator[State]:
    for name, state in machine["States"].items():
        yield State(name, state, inside)
        for inner in _machines(state):
            yield from _states(inner, name)


def _machines(state: Definition) -> list[Definition]:
    """What is inside a Parallel or a Map."""
    return [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor"), state.get("Iterator")])]


def _links(definition: Definition, groups: Mapping[str, object]) -> Iterator[Link]:
    """All ways from state to state. Lines to and from a group are those of its first and last states."""
    states = {state.id: state for state in _states(definition, "")}

    def entries(name: str) -> list[str]:
        return [entry for inner in _machines(states[name].definition) for entry in entries(inner["StartAt"])] or [name]

    def exits(name: str) -> list[str]:
        ends = [
            exit
            for inner in _machines(states[name].definition)
            for state, content in inner["States"].items()
            if content.get("End")
            for exit in exits(state)
        ]
        return ends or [name]

    for entry in entries(definition["StartAt"]):
        yield Link(START, entry)
    for name, state in states.items():
        for target, label, failure in _ways(state.definition):
            sources = exits(name)
            # One line is enough to say that a group failed.
            for source in sources[:1] if failure else sources:
                for entry in entries(target):
                    yield Link(source, entry, label, weak=failure)


def _ways(state: Definition) -> Iterator[tuple[str, str, bool]]:
    """Where a state leads: (state, when, whether it failed)."""
    if "Next" in state:
        yield state["Next"], "", False
    grouped: dict[str, list[str]] = {}
    for choice in state.get("Choices", []):
        grouped.setdefault(choice["Next"], []).append(condition(choice))
    default = state.get("Default")
    for target, conditions in grouped.items():
        yield target, " or\n".join([*conditions, *(["otherwise"] if target == default else [])]), False
    if default and default not in grouped:
        yield default, "otherwise", False
    for catch in state.get("Catch", []):
        errors = ", ".join(error.rpartition(".")[2] for error in catch["ErrorEquals"])
        yield catch["Next"], "any error" if "States.ALL" in catch["ErrorEquals"] else errors, True


def condition(choice: Definition) -> str:
    """A choice rule in a few words: `needs_approval is true`."""
    if "Condition" in choice:  # JSONata
        return str(choice["Condition"]).strip("{}% ")
    if "Not" in choice:
        inner = condition(choice["Not"])
        return inner.replace(" = ", " ≠ ") if " = " in inner else f"not {inner}"
    for word in ("And", "Or"):
        if word in choice:
            parts = [condition(part) for part in choice[word]]
            # A test for presence only guards the comparison behind it.
            told = [part for part in parts if not part.endswith("is there")] or parts
            return f" {word.lower()} ".join(told)
    operator = next(key for key in choice if key not in ("Variable", "Next", "Comment", "Assign", "Output"))
    return f"{_variable(choice['Variable'])} {_comparison(operator, choice[operator])}"


def _variable(path: str) -> str:
    """The last word of a path, and of a long one the word before it."""
    words = path.removeprefix("$.").split(".")
    return ".".join(words[-2:] if len(words) > 2 else words[-1:])


def _comparison(operator: str, value: Any) -> str:
    if operator.startswith("Is"):
        what = {"IsPresent": "there", "IsNull": "null"}.get(operator, operator[2:].lower())
        return f"is {'' if value else 'not '}{what}"
    if operator.startswith("Boolean"):
        return f"is {str(value).lower()}"
    sign = re.sub(rf"^({_KINDS})|Path$", "", operator)
    return f"{_COMPARISONS.get(sign, sign)} {value}"


def _integration(task: Definition) -> tuple[str, str]:
    """The service and the action behind a task's Resource."""
    parts = re.sub(r"\.(sync(:\d)?|waitForTaskToken)$", "", task["Resource"]).split(":")
    if parts[2] == "lambda":  # the ARN of a function
        return "lambda", "invoke"
    return parts[-2], parts[-1]
