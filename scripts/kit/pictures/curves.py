"""Simpler lines than Graphviz's, where nothing is in the way: one S from the right of a node to the left of another."""

from collections.abc import Iterable

from kit.pictures.layout import Line, Point

#: (left, top, right, bottom)
Rectangle = tuple[float, float, float, float]

#: Points at which a curve is looked at.
SAMPLES = 24
#: How far a label is above a line that hardly rises.
OVER = 8
FLAT = 14


def straighten(line: Line, obstacles: Iterable[Rectangle]) -> Line:
    """The line as one S, with its label on its middle, if it meets no obstacle; else as it is."""
    (x1, y1), (x2, y2) = line.points[0], line.points[-1]
    middle = (x1 + x2) / 2
    curve = [(x1, y1), (middle, y1), (middle, y2), (x2, y2)]
    samples = [_at(curve, step / SAMPLES) for step in range(1, SAMPLES)]
    if x2 <= x1 or any(_hits(samples, box) for box in obstacles):
        return line
    over = OVER if abs(y2 - y1) < FLAT else 0
    return Line(line.link, curve, (middle, (y1 + y2) / 2 - over) if line.link.label else None)


def _at(curve: list[Point], t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    x = sum(weight * point[0] for weight, point in zip(weights, curve, strict=True))
    return x, sum(weight * point[1] for weight, point in zip(weights, curve, strict=True))


def _hits(points: Iterable[Point], box: Rectangle) -> bool:
    return any(box[0] < x < box[2] and box[1] < y < box[3] for x, y in points)
