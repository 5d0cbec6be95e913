"""Where the nodes and edges of a picture are, as Graphviz places them; sizes and places in pixels."""

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kit.pictures.node import layouts

#: Graphviz counts in inches and points (1/72 inch); a point is a pixel here.
POINTS = 72
FONT = "Helvetica"
LABEL_PX = 11
#: What Graphviz is told: its Helvetica is narrower than what the pictures are drawn with.
ASSUMED_PX = 13

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A node to be placed: its size with everything that belongs to it, and the `group` that it is drawn in.

    Of one with a `band`, lines come and go at that height: (from the top, height).
    """

    id: str
    width: float
    height: float
    band: tuple[float, float] | None = None
    group: str = ""
    #: `max`: on the last rank; any other word: on the same rank as all that have it.
    rank: str = ""


@dataclass(frozen=True)
class Link:
    """An edge to be placed. `back` turns the arrow, not the layout; a `weak` one does not pull."""

    source: str
    target: str
    label: str = ""
    back: bool = False
    weak: bool = False


@dataclass(frozen=True)
class Plan:
    """A graph to be laid out from left to right (`LR`) or from top to bottom (`TB`)."""

    boxes: list[Box]
    links: list[Link]
    direction: str = "LR"
    rank_gap: float = 60
    node_gap: float = 10
    #: Outlines around nodes: group -> (the group around it, title).
    groups: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A link as it was placed: a chain of Bézier curves from source to target, and the middle of its label."""

    link: Link
    points: list[Point]
    label_at: Point | None


@dataclass(frozen=True)
class Placed:
    """A plan, carried out: centres of the boxes, or of their bands, lines, and outlines (left, top, right, bottom)."""

    width: float
    height: float
    centres: dict[str, Point]
    lines: list[Line]
    outlines: dict[str, tuple[float, float, float, float]]


def place(plans: Mapping[str, Plan]) -> dict[str, Placed]:
    """Lay out all plans. Raises Stop when the tools for it are missing."""
    placed = layouts({name: to_dot(plan) for name, plan in plans.items()})
    return {name: _read(plan, placed[name]) for name, plan in plans.items()}


def to_dot(plan: Plan) -> str:
    """The plan in Graphviz's language."""
    gaps = f"ranksep={plan.rank_gap / POINTS:.3f} nodesep={plan.node_gap / POINTS:.3f}"
    lines = [
        f"digraph {{ rankdir={plan.direction} splines=spline {gaps} remincross=true",
        f'node [shape=box fixedsize=true label="" ]; edge [arrowhead=none fontname={FONT} fontsize={ASSUMED_PX}]',
        *_groups(plan, ""),
    ]
    ports = {box.id: (":band:w", ":band:e") if box.band else ("", "") for box in plan.boxes}
    for rank in sorted({box.rank for box in plan.boxes if box.rank}):
        same = [_quoted(box.id) for box in plan.boxes if box.rank == rank]
        lines.append(f"{{ rank={'max' if rank == 'max' else 'same'}; {'; '.join(same)} }}")
    for number, link in enumerate(plan.links):
        label = f" label={_html(link.label)}" if link.label else ""
        weak = " weight=1" if link.weak else " weight=3"
        ends = f"{_quoted(link.source)}{ports[link.source][1]} -> {_quoted(link.target)}{ports[link.target][0]}"
        lines.append(f'{ends} [comment="{number}"{label}{weak}]')
    return "\n".join([*lines, "}"])


def _groups(plan: Plan, around: str) -> Iterator[str]:
    for box in plan.boxes:
        if box.group == around:
            size = f"width={box.width / POINTS:.3f} height={box.height / POINTS:.3f}"
            yield f"{_quoted(box.id)} [{size}{_band(box)}]"
    for group, (outer, title) in plan.groups.items():
        if outer == around:
            yield f"subgraph {_quoted('cluster_' + group)} {{"
            yield f"margin=14 label={_html(title)} labeljust=l fontsize={ASSUMED_PX}"
            yield from _groups(plan, group)
            yield "}"


def _band(box: Box) -> str:
    """A table as the node's label, one of whose rows is where lines come and go."""
    if not box.band:
        return ""
    top, height = box.band
    rows = [("", top), (' port="band"', height), ("", box.height - top - height)]
    cells = "".join(f'<tr><td{port} height="{size:.0f}" width="{box.width:.0f}"></td></tr>' for port, size in rows)
    table = f'<table border="0" cellborder="0" cellspacing="0" cellpadding="0">{cells}</table>'
    return f" shape=plain fixedsize=false label=<{table}>"


def _quoted(text: str) -> str:
    return json.dumps(text)


def _html(text: str) -> str:
    """A label with its lines; some air keeps it off the line."""
    return f"<{'<br/>'.join(html.escape(' ' + line + ' ') for line in text.splitlines())}>" if text else '""'


def _read(plan: Plan, answer: dict[str, Any]) -> Placed:
    _, _, width, height = map(float, answer["bb"].split(","))

    def down(x: float, y: float) -> Point:
        """Graphviz counts upwards, SVG downwards."""
        return round(x, 1), round(height - y, 1)

    bands = {box.id: box.band[0] + box.band[1] / 2 - box.height / 2 for box in plan.boxes if box.band}
    centres: dict[str, Point] = {}
    outlines: dict[str, tuple[float, float, float, float]] = {}
    for item in answer.get("objects", []):
        if "pos" in item:
            x, y = map(float, item["pos"].split(","))
            centres[item["name"]] = down(x, y - bands.get(item["name"], 0))
        elif item["name"].startswith("cluster_") and "bb" in item:
            left, bottom, right, top = map(float, item["bb"].split(","))
            outlines[item["name"].removeprefix("cluster_")] = (*down(left, top), *down(right, bottom))
    lines = []
    for edge in sorted(answer.get("edges", []), key=lambda edge: int(edge["comment"])):
        spline = re.sub(r"\b[se],\S+ ", "", edge["pos"])
        points = [down(*map(float, pair.split(","))) for pair in spline.split()]
        label_at = down(*map(float, edge["lp"].split(","))) if "lp" in edge else None
        lines.append(Line(plan.links[int(edge["comment"])], points, label_at))
    return Placed(round(width, 1), round(height, 1), centres, lines, outlines)
