"""The terminal view, drawn for what a collector knows: lines that go on, numbers that fit."""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable

import pytest
import rich.console
from textual.pilot import Pilot
from textual.widgets import OptionList, RichLog, Static

from kit.live.chain import chain
from kit.live.collector import KEPT_LINES, View
from kit.live.logs import Line
from kit.live.numbers import Numbers
from kit.live.results import Result
from kit.live.terminal import Watch
from kit.pictures.album import graph_of_lab


class Known:
    """A collector that knows what it is told, and starts nothing."""

    def __init__(self, lab: str) -> None:
        graph = graph_of_lab(lab)
        assert graph
        self.graph, self.lab, self.focused = graph, lab, False
        self.now = View(lab, problem="")
        self.lines: deque[Line] = deque(maxlen=KEPT_LINES)

    def start(self) -> None:
        pass

    def view(self) -> View:
        self.now.lines = list(self.lines)
        return self.now


def use(work: Callable[[Watch, Pilot[None]], Awaitable[None]], *labs: Known, width: int = 130) -> None:
    """Do the work in a terminal of this width that shows these labs."""

    async def run() -> None:
        watch = Watch(labs, "here", lambda lab: f"sent 1 to {lab.lab}")  # type: ignore[arg-type]  # all that it needs
        async with watch.run_test(size=(width, 40)) as pilot:
            await work(watch, pilot)

    asyncio.run(run())


def line(text: str) -> Line:
    return Line(0, "calculate", "s", "", "", text, {})


def test_the_log_goes_on_when_more_has_come_than_is_kept() -> None:
    lab = Known("calculator")

    async def work(watch: Watch, pilot: Pilot[None]) -> None:
        log = watch.query_one(RichLog)

        async def shown() -> list[str]:
            watch.changed()
            await pilot.pause()
            return [text.text.split()[2] for text in log.lines]

        lab.lines.extend(line(f"l-{number}") for number in range(KEPT_LINES))
        assert await shown() == [f"l-{number}" for number in range(KEPT_LINES)]
        # The ten that a collector forgets for ten new ones stay where they are read.
        lab.lines.extend(line(f"m-{number}") for number in range(10))
        assert len(await shown()) == KEPT_LINES + 10 and log.lines[0].text.split()[2] == "l-0"
        # All that is known is new: whether something is missing in between cannot be told.
        lab.lines.extend(line(f"n-{number}") for number in range(KEPT_LINES))
        assert await shown() == [f"n-{number}" for number in range(KEPT_LINES)]
        # Another deployment.
        lab.lines.clear()
        assert await shown() == []

    use(work, lab)


@pytest.mark.parametrize("lab", ["calculator", "clock", "checkout", "orders", "fanout"])
def test_no_number_is_cut_at_any_width(lab: str) -> None:
    known = Known(lab).graph
    numbers: Numbers = {"running": 123456, "succeeded": 2345678, "failed": 7, "in flight": 1.5, "waiting": None}
    stations = {node.id: numbers for node in known.nodes}
    for width in range(54, 200):
        console = rich.console.Console(width=width, force_terminal=False)
        with console.capture() as captured:
            console.print(chain(known, stations, width))
        text = captured.get()
        cards = text.count("123456 running")
        assert cards
        for told in ("2345678 succeeded", "7 failed", "1.5 in flight", "– waiting"):
            assert text.count(told) == cards, (width, told, text)


def test_half_a_character_takes_the_room_that_it_is_given() -> None:
    lab = Known("calculator")
    lab.now.results = [Result("k", 0, "m", '{"error": "not \\ud800"}', False)]
    lab.lines.append(line("not \ud800"))

    async def work(watch: Watch, pilot: Pilot[None]) -> None:
        watch.changed()
        await pilot.pause()
        assert "not \\ud800" in watch.query_one(RichLog).lines[0].text
        assert "not \\ud800" in str(watch.query_one(OptionList).get_option_at_index(0).prompt)
        await pilot.press("enter")
        assert 'not \\ud800"' in str(watch.screen.query_one("#detail Static", Static).render())

    use(work, lab)


def test_what_was_said_of_one_lab_is_not_said_of_the_next() -> None:
    labs = [Known("calculator"), Known("clock")]

    async def work(watch: Watch, pilot: Pilot[None]) -> None:
        def said() -> str:
            return str(watch.query_one("#said", Static).render())

        at_first = said()
        assert at_first.startswith("here")
        await pilot.press("e")
        await watch.workers.wait_for_complete()
        assert said() == "sent 1 to calculator"
        await pilot.press("n")
        assert said() == at_first
        # An answer that comes late is not put on another lab's screen.
        gate = threading.Event()
        watch._send = lambda lab: str(gate.wait(60)) + lab.lab
        await pilot.press("e", "p")
        gate.set()
        await watch.workers.wait_for_complete()
        await pilot.pause()
        assert said() == at_first

    use(work, *labs)
