"""A lab's chain as text: its stations in columns from left to right, with their numbers, and arrows between."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from kit.live.numbers import Numbers, columns, figure, level
from kit.pictures.graph import Graph, Node, Satellite, satellites_of
from kit.pictures.kinds import KINDS

STYLES = {"bad": "bold red", "busy": "bold yellow", "quiet": "bold"}
#: Below this width a line for each station is more readable than columns.
NARROW = 24
ARROW = "──►"
#: The place of the numbers where there is a line for each station.
NAMES = 34


def chain(graph: Graph, stations: Mapping[str, Numbers], width: int) -> RenderableType:
    """The chain, in columns where `width` allows it."""
    below = satellites_of(graph)
    small = {satellite.node.id for group in below.values() for satellite in group}
    groups = [kept for group in columns(graph) if (kept := [node for node in group if node.id not in small])]
    if width < NARROW * len(groups):
        return Group(*(_line(node, stations.get(node.id), width) for group in columns(graph) for node in group))
    grid = Table.grid(padding=(0, 1), expand=True)
    # What the arrows leave of it, with a space on either side.
    cell = (width - (len(groups) - 1) * (len(ARROW) + 2)) // len(groups)
    cells: list[RenderableType] = []
    for number, group in enumerate(groups):
        if number:
            grid.add_column(width=len(ARROW), vertical="middle")
            cells.append(Text(ARROW, style="dim"))
        grid.add_column(ratio=1, vertical="middle")
        cards = [_card(node, stations, below.get(node.id, []), cell) for node in group]
        cells.append(Group(*(part for card in cards for part in (*card, Text("")))))
    grid.add_row(*cells)
    return grid


def _card(node: Node, stations: Mapping[str, Numbers], below: list[Satellite], width: int) -> list[Text]:
    """A station in lines: its name, what it is, its numbers, and what rests in its dead-letter queues."""
    numbers = stations.get(node.id)
    lines = [_title(node, numbers), Text(KINDS[node.type].note, style="dim"), *_numbers(numbers, width)]
    for satellite in below:
        resting = stations.get(satellite.node.id, {}).get("waiting", 0)
        lines.append(Text(f"└ {figure(resting)} {satellite.title}", style="red" if resting else "dim", no_wrap=True))
    return lines


def _line(node: Node, numbers: Numbers | None, width: int) -> Text:
    title = _title(node, numbers)
    told = _numbers(numbers, width - NAMES)
    title.truncate(NAMES - 1, overflow="ellipsis", pad=True)
    return Text("\n" + " " * NAMES).join([Text.assemble(title, " ", *told[:1]), *told[1:]])


def _title(node: Node, numbers: Numbers | None) -> Text:
    return Text(f"● {node.title}", style=STYLES[level(node, numbers or {})], no_wrap=True)


def _numbers(numbers: Numbers | None, width: int) -> list[Text]:
    """The numbers in lines of this width, each with its name beside it."""
    lines: list[Text] = []
    for name, value in (numbers or {}).items():
        style = "red" if name in ("failed", "errors") and value else "yellow" if value else "dim"
        told = Text.assemble((f"{figure(value)} ", f"bold {style}" if value else style), (name, "" if value else "dim"))
        if lines and len(lines[-1]) + 2 + len(told) <= width:
            lines[-1].append("  ").append(told)
        else:
            lines.append(told)
    return lines
