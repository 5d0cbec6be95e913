"""The terminal view, drawn for what a collector knows: lines that go on, numbers that fit."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot
from textual.widgets import RichLog

from kit.live.collector import KEPT_LINES, View
from kit.live.logs import Line
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
