"""A schedule that is switched off stays silent; the tests since the deployment have taken most of the waiting."""

import time
from datetime import datetime, timedelta, timezone

import pytest

from shell import Shell

#: Longer than the minute between two ticks of the clock.
SILENCE = timedelta(seconds=65)


def test_the_clock_does_not_tick_after_it_was_switched_off(labs: Shell) -> None:
    if labs.clock_off_since is None:
        pytest.skip("the clock was not switched off: run test_options.py before")
    time.sleep(max(0.0, (labs.clock_off_since + SILENCE - datetime.now(timezone.utc)).total_seconds()))
    ticks = [record["body"] for record in labs.records("read_results.py", "clock", "--wait", "5", expect=None)]
    assert [tick for tick in ticks if tick["time"] > labs.clock_off_since.isoformat()] == []
