"""The picture of a lab: icons with their names, from the input port on the left to the output port on the right."""

from collections.abc import Iterator

from kit.pictures import svg
from kit.pictures.curves import Rectangle, labelled, straighten
from kit.pictures.graph import Edge, Graph, Node, Satellite, goes_back, satellites_of
from kit.pictures.kinds import BY_TIME_ICON, CLIENT, KINDS, SUBSCRIBER
from kit.pictures.layout import LABEL_PX, Box, Link, Placed, Plan, Point

ICON = 52
TITLE_PX = 12.5
#: Between the icon and what comes next to it.
AIR = 8
LINE = LABEL_PX * 1.25
#: Above the icon: where the console puts a station's numbers, two lines at most, and how wide they may be.
ABOVE = 36
NUMBERS = 132
#: Of a dead-letter queue below its queue: its icon, its row, and the way down to it.
SMALL = 22
ROW = 28
WAY = 26


def plan_of(graph: Graph) -> Plan:
    """What is to be placed, and how."""
    satellites = satellites_of(graph)
    small = {satellite.node.id for group in satellites.values() for satellite in group}
    return Plan(
        boxes=[_box(graph, node, satellites.get(node.id, [])) for node in graph.nodes if node.id not in small],
        links=[_link(edge) for edge in graph.edges if edge.target not in small and not goes_back(graph, edge)],
        rank_gap=44,
        node_gap=8,
    )


def draw(graph: Graph, placed: Placed) -> str:
    """The picture. Each station is a group with the node's id, and the place where its numbers may be put.

    That is their lower edge, and of a satellite, which has one number beside it, its middle.
    """
    return svg.document(placed, f"Lab {graph.lab}", _content(graph, placed))


def _content(graph: Graph, placed: Placed) -> Iterator[str]:
    satellites = satellites_of(graph)
    edges = {(edge.source, edge.target): edge for edge in graph.edges}
    plan = plan_of(graph)
    widths = {box.id: box.width for box in plan.boxes}
    places = {box.id: _place(box, placed.centres[box.id]) for box in plan.boxes}
    lines = []
    for line in placed.lines:
        others = [place for id, place in places.items() if id not in (line.link.source, line.link.target)]
        lines.append(straighten(line, others))
    kinds = [(line, _kind(edges, line.link)) for line in labelled(lines, places.values(), svg.text_width)]
    for line, kind in kinds:
        ends = (line.link.source, line.link.target)
        source, target = (widths[id] / 2 - ICON / 2 - AIR for id in ends)
        yield from svg.line(line, kind, (source, target))
    for line, kind in kinds:
        yield from svg.label(line, kind)
    nodes = {node.id: node for node in graph.nodes}
    for edge in graph.edges:
        if goes_back(graph, edge):
            above, below = ICON / 2 + AIR, ICON / 2 + _text_height(nodes[edge.target]) + AIR
            source_at, target_at = placed.centres[edge.source], placed.centres[edge.target]
            yield from svg.arc(source_at, target_at, above, below, _kind_of(edge))
    for node in graph.nodes:
        if node.id in placed.centres:
            yield from _station(node, placed.centres[node.id])
            yield from _below(node, satellites.get(node.id, []), placed.centres[node.id])


def _station(node: Node, at: Point) -> Iterator[str]:
    x, y = at
    yield f'<g id="{node.id}" class="station" data-x="{x}" data-y="{y - ICON / 2 - 3}">'
    yield svg.icon(_icon(node), at, ICON)
    below = y + ICON / 2 + AIR
    yield from svg.text(node.title, (x, below + TITLE_PX / 2), "title", TITLE_PX)
    yield from svg.text(node.note, (x, below + TITLE_PX * 1.25 + LABEL_PX / 2), "note", LABEL_PX)
    yield "</g>"


def _below(node: Node, satellites: list[Satellite], at: Point) -> Iterator[str]:
    """A node's satellites: a dashed way down, and a row for each."""
    if not satellites:
        return
    x = at[0] - _rows_width(satellites) / 2
    top = at[1] + ICON / 2 + _text_height(node) + AIR / 2
    middle = x + SMALL / 2
    line = svg.arrow((middle, top), (middle, top + WAY - AIR / 2), "failure")
    yield from line
    label = satellites[0].edge.label or "not delivered"
    yield from svg.text(label, (middle + AIR, top + WAY / 2 - 3), "label of-failure", LABEL_PX, left=True)
    for number, satellite in enumerate(satellites):
        y = top + WAY + ROW / 2 + number * ROW
        end = x + SMALL + AIR + svg.text_width(satellite.title, LABEL_PX * 1.12)
        yield f'<g id="{satellite.node.id}" class="station small" data-x="{end + 16:.1f}" data-y="{y}">'
        yield svg.icon(_icon(satellite.node), (middle, y), SMALL)
        yield from svg.text(satellite.title, (x + SMALL + AIR, y), "small-title", LABEL_PX, left=True)
        yield "</g>"


def _kind(edges: dict[tuple[str, str], Edge], link: Link) -> str:
    return _kind_of(edges[link.target, link.source] if link.back else edges[link.source, link.target])


def _kind_of(edge: Edge) -> str:
    return "failure" if edge.failure else "flow"


def _box(graph: Graph, node: Node, satellites: list[Satellite]) -> Box:
    """The icon, the room above it, the text below it, and then the satellites."""
    texts = (svg.text_width(node.title, TITLE_PX * 1.1), svg.text_width(node.note, LABEL_PX))
    width = max(NUMBERS if node.name else ICON + 2 * AIR + 28, *texts, _rows_width(satellites))
    below = _text_height(node) + (AIR + WAY + ROW * len(satellites) if satellites else 0)
    is_alone = not any(node.id in (edge.source, edge.target) for edge in graph.edges)
    rank = "rules" if node.type == "aws_cloudwatch_event_rule" else ""
    rank = "max" if is_alone or node.id == "client-read" else rank
    return Box(node.id, round(width), round(ABOVE + ICON + below), (ABOVE, ICON), rank=rank)


def _place(box: Box, centre: Point) -> Rectangle:
    """What the box covers, without the room above its icon."""
    x, y = centre
    return x - box.width / 2, y - ICON / 2 - AIR, x + box.width / 2, y + box.height - ABOVE - ICON / 2


def _text_height(node: Node) -> float:
    return AIR + TITLE_PX * 1.25 + LINE * len(node.note.splitlines())


def _rows_width(satellites: list[Satellite]) -> float:
    return max((SMALL + AIR + svg.text_width(item.title, LABEL_PX * 1.12) + 30 for item in satellites), default=0)


def _link(edge: Edge) -> Link:
    """What is read stands on the reader's right, like what is written, though the arrow comes from there."""
    if edge.label == "reads":
        return Link(edge.target, edge.source, edge.label, back=True)
    return Link(edge.source, edge.target, edge.label, weak=edge.failure)


def _icon(node: Node) -> str:
    if node.type == "aws_cloudwatch_event_rule" and node.note.startswith(("rate(", "cron(")):
        return BY_TIME_ICON
    other = {CLIENT.short: CLIENT, SUBSCRIBER.short: SUBSCRIBER}
    return (KINDS.get(node.type) or other[node.type]).icon
