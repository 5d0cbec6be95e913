"""Simpler lines than Graphviz's: one S from the right of a node to the left of another, or two around what is between.

And their labels: each where it covers no other line, label or node.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from kit.pictures.layout import LABEL_PX, Line, Point

#: (left, top, right, bottom)
Rectangle = tuple[float, float, float, float]

#: Points at which a curve is looked at.
SAMPLES = 24
#: How far a line keeps off the nodes that it goes around: above them is room for their numbers.
ABOVE, BELOW = 32, 5
#: How far a label is above a line that hardly rises.
OVER = 8
FLAT = 14
#: Where a label may be on its line, the best place first.
PLACES = (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72, 0.22, 0.78)


def straighten(line: Line, obstacles: Iterable[Rectangle]) -> Line:
    """The line as one S, or as two with a straight way between them; as it is where both would meet an obstacle."""
    start, end = line.points[0], line.points[-1]
    boxes = list(obstacles)
    if end[0] <= start[0]:
        return line
    ways = [_s(start, end), *_detours(start, end, boxes)]
    free = (way for way in ways if not any(_hits(list(_samples(way)), box) for box in boxes))
    return replace(line, points=next(free, line.points))


def _detours(start: Point, end: Point, boxes: Sequence[Rectangle]) -> Iterator[list[Point]]:
    """Ways above and below the nodes between the two ends, the shortest first."""
    between = [box for box in boxes if start[0] < box[0] and box[2] < end[0]]
    if not between:
        return
    left, right = min(box[0] for box in between), max(box[2] for box in between)
    heights = [height for box in between for height in (box[1] - ABOVE, box[3] + BELOW)]
    for height in sorted(heights, key=lambda height: abs(height - start[1]) + abs(height - end[1])):
        near, far = (left, height), (right, height)
        yield [*_s(start, near), *_s(near, far)[1:], *_s(far, end)[1:]]


def labelled(lines: Sequence[Line], boxes: Iterable[Rectangle], width: Callable[[str, float], float]) -> Iterator[Line]:
    """The lines with their labels where they cover least; `width` is that of a text of some size."""
    samples = [list(_samples(line.points)) for line in lines]
    taken = list(boxes)
    for number, line in enumerate(lines):
        if not line.link.label:
            yield replace(line, label_at=None)
            continue
        size = width(line.link.label, LABEL_PX) + 6, LABEL_PX * 1.25 * len(line.link.label.splitlines()) + 4
        others = [point for other, points in enumerate(samples) if other != number for point in points]
        level = abs(line.points[0][1] - line.points[-1][1]) < FLAT
        spots = [_at_share(line.points, share) for share in PLACES]
        spots = [(x, y - OVER if level else y) for x, y in spots]

        def covers(spot: Point, size: Point = size, others: list[Point] = others) -> float:
            box = _around(spot, size)
            points = sum(_hits([point], box) for point in others)
            return points + 10 * sum(_overlap(box, other) for other in taken)

        best = min(spots, key=covers)
        taken.append(_around(best, size))
        yield replace(line, label_at=best)


def goes_through(line: Line, box: Rectangle) -> bool:
    """Whether the line goes through the rectangle."""
    return _hits(_samples(line.points), box)


def _s(start: Point, end: Point) -> list[Point]:
    middle = (start[0] + end[0]) / 2
    return [start, (middle, start[1]), (middle, end[1]), end]


def _samples(points: Sequence[Point]) -> Iterator[Point]:
    """Points along a chain of curves, without its ends."""
    for first in range(0, len(points) - 1, 3):
        curve = points[first : first + 4]
        yield from (curve_point(curve, step / SAMPLES) for step in range(1, SAMPLES + 1))


def _at_share(points: Sequence[Point], share: float) -> Point:
    """The point after such a share of a chain of curves, each as long as any other."""
    curves = (len(points) - 1) // 3
    number = min(int(share * curves), curves - 1)
    return curve_point(points[3 * number : 3 * number + 4], share * curves - number)


def curve_point(curve: Sequence[Point], t: float) -> Point:
    """The point of a Bézier curve after the share `t` of it."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    x = sum(weight * point[0] for weight, point in zip(weights, curve, strict=True))
    return x, sum(weight * point[1] for weight, point in zip(weights, curve, strict=True))


def _around(spot: Point, size: Point) -> Rectangle:
    return spot[0] - size[0] / 2, spot[1] - size[1] / 2, spot[0] + size[0] / 2, spot[1] + size[1] / 2


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _hits(points: Iterable[Point], box: Rectangle) -> bool:
    return any(box[0] < x < box[2] and box[1] < y < box[3] for x, y in points)
