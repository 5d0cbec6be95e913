"""SVG from what was placed. Nothing in it depends on the machine: the same graph gives the same file."""

import math
import re
from collections.abc import Iterator
from functools import cache
from html import escape

from kit.pictures.layout import LABEL_PX, Line, Placed, Point

import project

ICONS = project.ROOT / "node_modules" / "aws-icons" / "icons"
MARGIN = 18
ARROW = 9
FONT = "'DejaVu Sans', 'Helvetica Neue', Arial, sans-serif"
#: A letter's width for its height, on the average of the font: enough to keep texts apart.
LETTER = 0.58

STYLE = f"""
  svg {{ font-family: {FONT}; text-anchor: middle }}
  text {{ fill: #232f3e }}
  .title {{ font-size: 12.5px; font-weight: bold }}
  .small-title {{ font-size: {LABEL_PX}px; font-weight: bold }}
  .note, .label {{ font-size: {LABEL_PX}px; fill: #5a6b7b }}
  .label {{ paint-order: stroke; stroke: #fff; stroke-width: 5px; stroke-linejoin: round }}
  .flow {{ fill: none; stroke: #4a5b6c; stroke-width: 1.6 }}
  .failure {{ fill: none; stroke: #c7375c; stroke-width: 1.3; stroke-dasharray: 5 4 }}
  .flow-arrow {{ fill: #4a5b6c }}
  .failure-arrow {{ fill: #c7375c }}
  .label.of-failure {{ fill: #a32a4a }}
  .paper {{ fill: #fff; stroke: #d5dbe1 }}
"""
#: What becomes of these colours on a dark page; the last is that of the icons of people.
DARK = """
  text { fill: #e3e8ed }
  .note, .label { fill: #a9b8c6 }
  .label { stroke: #18212b }
  .flow { stroke: #90a2b4 }
  .failure { stroke: #e0688a }
  .flow-arrow { fill: #90a2b4 }
  .failure-arrow { fill: #e0688a }
  .label.of-failure { fill: #f590ac }
  .paper { fill: #18212b; stroke: #344250 }
  [fill="#242f3e"] { fill: #c6d1db }
"""


def text_width(text: str, size: float) -> float:
    """About how wide the longest line of the text is, in pixels."""
    return max((len(line) for line in text.splitlines()), default=0) * size * LETTER


def document(placed: Placed, title: str, content: Iterator[str], style: str = "", dark: str = "") -> str:
    """A whole SVG file; `style` and, for a dark page, `dark` are added to what all pictures have."""
    width, height = round(placed.width + 2 * MARGIN), round(placed.height + 2 * MARGIN)
    body = "\n".join(content)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<title>{escape(title)}</title>
<style>{STYLE}{style}@media (prefers-color-scheme: dark) {{{DARK}{dark}}}</style>
<rect class="paper" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10"/>
<g transform="translate({MARGIN} {MARGIN})">
{body}
</g>
</svg>
"""


def line(line: Line, kind: str, gaps: tuple[float, float] = (0, 0)) -> Iterator[str]:
    """An edge with its arrow, made longer at both ends, to the right and to the left, by `gaps`."""
    points = line.points
    first, last = (points[0][0] - gaps[0], points[0][1]), (points[-1][0] + gaps[1], points[-1][1])
    points = [*_straight(first, points[0]), *points[1:], *_straight(points[-1], last)[1:]]
    if line.link.back:
        points.reverse()
    yield from _with_arrow(points, kind)


def arrow(start: Point, end: Point, kind: str) -> Iterator[str]:
    """A straight arrow."""
    yield from _with_arrow(_straight(start, end), kind)


def arc(source: Point, target: Point, above: float, below: float, kind: str) -> Iterator[str]:
    """An arrow back to the left, that comes to its target from above or below, `above` or `below` its middle."""
    side = 1 if source[1] > target[1] else -1
    start = (source[0] - above, source[1] + side * above / 2)
    end = (target[0], target[1] + (below if side > 0 else -above))
    yield from _with_arrow([start, ((start[0] + end[0]) / 2, start[1]), (end[0], start[1]), end], kind)


def _with_arrow(points: list[Point], kind: str) -> Iterator[str]:
    # The line ends inside the arrow, which is sharper than it.
    tip, tail = points[-1], next(point for point in reversed(points) if math.dist(point, points[-1]) > 1)
    dx, dy = (tip[0] - tail[0]) / math.dist(tip, tail), (tip[1] - tail[1]) / math.dist(tip, tail)
    back, half = (tip[0] - ARROW * dx, tip[1] - ARROW * dy), ARROW * 0.42
    corners = [tip, (back[0] - half * dy, back[1] + half * dx), (back[0] + half * dy, back[1] - half * dx)]
    points[-1] = (tip[0] - 3 * dx, tip[1] - 3 * dy)
    yield f'<path class="{kind}" d="M{_pair(points[0])}C{" ".join(map(_pair, points[1:]))}"/>'
    yield f'<path class="{kind}-arrow" d="M{"L".join(map(_pair, corners))}z"/>'


def _straight(start: Point, end: Point) -> list[Point]:
    """A straight line as a Bézier curve; nothing but its start when there is none."""
    if math.dist(start, end) < 0.1:
        return [start]
    third = ((end[0] - start[0]) / 3, (end[1] - start[1]) / 3)
    return [start, (start[0] + third[0], start[1] + third[1]), (end[0] - third[0], end[1] - third[1]), end]


def label(line: Line, kind: str) -> Iterator[str]:
    """The label of an edge, to be drawn over all lines."""
    if line.label_at:
        x, y = line.label_at
        yield from text(line.link.label, (x, y - 2), f"label of-{kind}", LABEL_PX, centred=True)


def text(
    content: str, at: Point, kind: str, size: float, *, centred: bool = False, left: bool = False
) -> Iterator[str]:
    """Lines of text below each other; the first one's middle at `at`, or, `centred`, the whole of them.

    `left`: they begin there.
    """
    lines = content.splitlines()
    anchor = ' text-anchor="start"' if left else ""
    step = size * 1.25
    top = at[1] - (len(lines) - 1) * step / 2 if centred else at[1]
    for number, words in enumerate(lines):
        y = top + number * step + size * 0.35
        yield f'<text class="{kind}" x="{at[0]:.1f}" y="{y:.1f}"{anchor}>{escape(words)}</text>'


def icon(name: str, centre: Point, size: float) -> str:
    """An AWS icon, as vectors, inside the picture."""
    view, drawing = _drawing(name)
    x, y = centre[0] - size / 2, centre[1] - size / 2
    return f'<svg x="{x:.1f}" y="{y:.1f}" width="{size}" height="{size}" viewBox="{view}">{drawing}</svg>'


@cache
def _drawing(name: str) -> tuple[str, str]:
    source = (ICONS / f"{name}.svg").read_text()
    found = re.search(r'<svg[^>]*viewBox="([^"]*)"[^>]*>(.*)</svg>', source, re.DOTALL)
    if not found:
        raise ValueError(f"{name}.svg is no icon")
    drawing = re.sub(r"<title>.*?</title>", "", found[2])
    # Several icons in a picture must not share the ids of their gradients.
    prefix = re.sub(r"\W", "", name)
    drawing = re.sub(r'id="([^"]+)"', rf'id="{prefix}-\1"', drawing)
    return found[1], re.sub(r"(url\(#|href=\"#)", rf"\1{prefix}-", drawing).strip()


def _pair(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
