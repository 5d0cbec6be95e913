"""The lines of the pictures and what stands beside them: no kinks, no line through a text, labels on their own line."""

import math
import re
from collections.abc import Iterator

import pytest

from kit.pictures.album import IMAGES
from kit.pictures.curves import curve_point, goes_through, labelled, straighten
from kit.pictures.layout import Line, Link, Point
from kit.pictures.svg import text_width

LABS = sorted(path.stem for path in IMAGES.glob("*.json"))


def lines_of(name: str) -> Iterator[Line]:
    """The lines in a picture."""
    for path in re.findall(r'<path class="(?:flow|failure)" d="M([^"]*)"', (IMAGES / f"{name}.svg").read_text()):
        pairs = (pair.split(",") for pair in path.replace("C", " ").split())
        yield Line(Link("", ""), [(float(x), float(y)) for x, y in pairs], None)


@pytest.mark.parametrize("lab", LABS)
def test_lines_have_no_kinks(lab: str) -> None:
    for line in lines_of(lab):
        for joint in range(3, len(line.points) - 1, 3):
            at = line.points[joint]
            before = curve_point(line.points[joint - 3 : joint + 1], 0.98)
            after = curve_point(line.points[joint : joint + 4], 0.02)
            turn = math.atan2(after[1] - at[1], after[0] - at[0]) - math.atan2(at[1] - before[1], at[0] - before[0])
            assert abs(math.remainder(turn, math.tau)) < math.radians(20), f"{lab}: a kink at {at}"


def test_no_line_goes_through_the_title_of_a_group() -> None:
    text = (IMAGES / "checkout-workflow.svg").read_text()
    found = re.search(
        r'<text class="note" x="([\d.]+)" y="([\d.]+)" text-anchor="start">(CheckSideBySide)</text>', text
    )
    assert found
    left, bottom = float(found[1]), float(found[2])
    box = (left, bottom - 8, left + text_width(found[3], 11), bottom)
    assert not any(goes_through(line, box) for line in lines_of("checkout-workflow"))


def straight(start: Point, end: Point, label: str = "") -> Line:
    return Line(Link("a", "b", label), [start, start, end, end], None)


def test_a_label_stands_where_no_other_line_is() -> None:
    level, falling = straight((0, 50), (200, 50), "label"), straight((90, 0), (110, 100))
    first, second = labelled([level, falling], [], text_width)
    assert first.label_at and abs(first.label_at[0] - 100) > text_width("label", 11) / 2
    assert second.label_at is None


def test_a_label_alone_stands_in_the_middle_and_two_do_not_cover_each_other() -> None:
    (alone,) = labelled([straight((0, 0), (200, 100), "label")], [], text_width)
    assert alone.label_at == (100, 50)
    same = [straight((0, 0), (200, 100), "label")] * 2
    places = [line.label_at for line in labelled(same, [], text_width)]
    assert places[0] != places[1]


def test_a_line_goes_around_what_is_between_and_straight_where_nothing_is() -> None:
    line = Line(Link("a", "b"), [(0, 0), (10, 90), (190, 90), (200, 0)], None)
    assert len(straighten(line, []).points) == 4
    box = (80.0, -20.0, 120.0, 30.0)
    around = straighten(line, [box])
    assert len(around.points) == 10 and not goes_through(around, box)
    wall = (80.0, -900.0, 120.0, 900.0)
    assert straighten(line, [box, wall, (0.0, -999.0, 200.0, -800.0), (0.0, 800.0, 200.0, 999.0)]).points == line.points
