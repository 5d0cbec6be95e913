#!/usr/bin/env python3
"""Send the events of a lab's archive again, as they came between two moments; they carry the replay's name.

scripts/replay_events.py bus --from 2025-01-31T08:00 --to 2025-01-31T09:00 --local
scripts/replay_events.py bus --from -10m --local
"""

import argparse
import sys
import time
import uuid
from typing import Any

from kit.cli import MAX_WAIT_S, Exit, Parser, Stop, run
from kit.moments import joined, moment
from kit.output import say
from kit.ports import ports_of
from kit.target import Target, add_arguments

POLL_S = 1


def main() -> int:
    arguments = parse_arguments()
    start, end = moment(arguments.start, "--from"), moment(arguments.end, "--to")
    if start >= end:
        raise Stop(f"--from ({start:%Y-%m-%dT%H:%M:%SZ}) must come before --to ({end:%Y-%m-%dT%H:%M:%SZ})", Exit.USAGE)
    target = Target.of(arguments)
    ports = ports_of(target, arguments.lab)
    if "archive" not in ports:
        raise Stop(f"lab {arguments.lab} keeps no archive of events", Exit.USAGE)
    events = target.client("events")
    name = f"{arguments.lab}-{uuid.uuid4()}"
    events.start_replay(
        ReplayName=name,
        EventSourceArn=ports["archive"]["archive"],
        Destination={"Arn": ports["archive"]["bus"]},
        EventStartTime=start,
        EventEndTime=end,
    )
    say(f"replay {name} of {start:%Y-%m-%dT%H:%M:%SZ} to {end:%Y-%m-%dT%H:%M:%SZ} has started")
    return follow(events, name, arguments.wait)


def follow(events: Any, name: str, wait_s: float) -> Exit:
    """Show how far the replay is, until it has ended or `wait_s` seconds have passed."""
    deadline = time.monotonic() + wait_s
    shown = ""
    while True:
        replay = events.describe_replay(ReplayName=name)
        state = replay["State"]
        if state != shown and sys.stderr.isatty():
            say(f"  {state.lower()}")
            shown = state
        if state == "COMPLETED":
            say("the replay has ended")
            return Exit.DONE
        if state in ("FAILED", "CANCELLED"):
            raise Stop(
                f"the replay has {state.lower()}: {replay.get('StateReason', 'no reason given')}", Exit.ERROR_REPLY
            )
        if time.monotonic() > deadline:
            say(f"the replay goes on: {state.lower()} after {wait_s:g} s")
            return Exit.NOTHING_IN_TIME
        time.sleep(POLL_S)


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", help="name of a deployed lab with an archive: bus")
    parser.add_argument("--from", dest="start", required=True, metavar="TIME", help="UTC, or a time ago such as -10m")
    parser.add_argument("--to", dest="end", default="-0s", metavar="TIME", help="the same (default: now)")
    parser.add_argument("--wait", type=float, default=300, metavar="SECONDS", help="for the end (default: 300)")
    add_arguments(parser)
    arguments = parser.parse_args(joined(sys.argv[1:], "--from", "--to"))
    if not 0 <= arguments.wait <= MAX_WAIT_S:
        parser.error(f"--wait must be 0 to {MAX_WAIT_S} seconds")
    return arguments


if __name__ == "__main__":
    run(main)
