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


def chain(graph: Graph, stations: Mapping[str, Numbers], width: int) -> RenderableType:
    """The chain, in columns where `width` allows it."""
    below = satellites_of(graph)
    small = {satellite.node.id for group in below.values() for satellite in group}
    groups = [kept for group in columns(graph) if (kept := [node for node in group if node.id not in small])]
    if width < NARROW * len(groups):
        return Group(*(_line(node, stations.get(node.id)) for group in columns(graph) for node in group))
    grid = Table.grid(padding=(0, 1), expand=True)
    cells: list[RenderableType] = []
    for number, group in enumerate(groups):
        if number:
            grid.add_column(width=3, vertical="middle")
            cells.append(Text("──►", style="dim"))
        grid.add_column(ratio=1, vertical="middle")
        cards = [_card(node, stations, below.get(node.id, [])) for node in group]
        cells.append(Group(*(part for card in cards for part in (card, Text("")))))
    grid.add_row(*cells)
    return grid


def _card(node: Node, stations: Mapping[str, Numbers], below: list[Satellite]) -> Text:
    """A station: its name, what it is, its numbers, and what rests in its dead-letter queues."""
    numbers = stations.get(node.id)
    text = _title(node, numbers)
    text.append(f"\n{KINDS[node.type].note}\n", style="not bold dim")
    text.append(_numbers(numbers))
    for satellite in below:
        resting = stations.get(satellite.node.id, {}).get("waiting", 0)
        style = "not bold red" if resting else "not bold dim"
        text.append(f"\n└ {figure(resting)} {satellite.title}", style=style)
    return text


def _line(node: Node, numbers: Numbers | None) -> Text:
    title = _title(node, numbers)
    title.append(" " * max(1, 34 - len(title)))
    return title.append(_numbers(numbers))


def _title(node: Node, numbers: Numbers | None) -> Text:
    return Text(f"● {node.title}", style=STYLES[level(node, numbers or {})], no_wrap=True)


def _numbers(numbers: Numbers | None) -> Text:
    text = Text(style="not bold")
    for name, value in (numbers or {}).items():
        style = "red" if name in ("failed", "errors") and value else "yellow" if value else "dim"
        text.append(f"{figure(value)} ", style=f"bold {style}" if value else style)
        text.append(f"{name}  ", style="" if value else "dim")
    return text
