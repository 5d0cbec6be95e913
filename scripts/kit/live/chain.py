"""A lab's chain as text: its stations in columns from left to right, with their numbers, and arrows between."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from kit.live.numbers import Numbers, columns, figure, level
from kit.pictures.graph import Graph, Node
from kit.pictures.kinds import KINDS

STYLES = {"bad": "bold red", "busy": "bold yellow", "quiet": "bold"}
#: Below this width a line for each station is more readable than columns.
NARROW = 24


def chain(graph: Graph, stations: Mapping[str, Numbers], width: int) -> RenderableType:
    """The chain, in columns where `width` allows it."""
    groups = columns(graph)
    if width < NARROW * len(groups):
        return Group(*(_line(node, stations.get(node.id)) for group in groups for node in group))
    grid = Table.grid(padding=(0, 1), expand=True)
    cells: list[RenderableType] = []
    for number, group in enumerate(groups):
        if number:
            grid.add_column(width=3, vertical="middle")
            cells.append(Text("──►", style="dim"))
        grid.add_column(ratio=1, vertical="middle")
        cells.append(Group(*(part for node in group for part in (_card(node, stations.get(node.id)), Text("")))))
    grid.add_row(*cells)
    return grid


def _card(node: Node, numbers: Numbers | None) -> Text:
    text = _title(node, numbers)
    text.append(f"\n{KINDS[node.type].note}" if node.type in KINDS else "", style="dim")
    text.append("\n")
    return text.append(_numbers(numbers))


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
