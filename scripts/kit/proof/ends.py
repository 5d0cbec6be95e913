"""What ends a proof early: Ctrl-C, a terminal that is closed, the time that is over. Nothing stops a clean-up."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from kit.output import say

SIGNALS = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "ended by a signal",
    signal.SIGHUP: "the terminal was closed",
    signal.SIGALRM: "its time is over",
}


class Ended(BaseException):
    """Ends the work, and leads to the clean-up. No Exception, which a step would go on after."""


class Ends:
    """Turns signals into `Ended`, but for the time of a clean-up, after which it is raised."""

    def __init__(self) -> None:
        self._cleaning = False
        self._missed = ""

    @contextlib.contextmanager
    def watched(self, limit_s: float) -> Iterator[None]:
        """Within, `Ended` is raised at the first signal, and after `limit_s` seconds."""
        before = {number: signal.signal(number, self._hear) for number in SIGNALS}
        signal.setitimer(signal.ITIMER_REAL, limit_s)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def cleaning(self) -> Iterator[None]:
        """Within, no signal ends anything."""
        self._cleaning = True
        try:
            yield
        finally:
            self._cleaning = False

    def go_on(self) -> None:
        """Raises `Ended` for a signal that came during a clean-up."""
        if self._missed:
            raise Ended(self._missed)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        why = SIGNALS[signal.Signals(number)]
        if self._cleaning or self._missed:
            self._missed = self._missed or why
            say(f"{why}: what was deployed is being destroyed first")
            return
        self._missed = why
        raise Ended(why)
