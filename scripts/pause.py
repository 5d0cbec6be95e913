#!/usr/bin/env python3
"""Stop what costs by time, schedules and event sources, without destroying anything. A new deployment starts it again.

scripts/pause.py
scripts/pause.py clock
"""

import argparse

from kit.cli import Exit, Parser, run
from kit.inventory import Found, check_lab, take
from kit.output import say
from kit.target import Target, add_arguments


def main() -> int:
    arguments = parse_arguments()
    check_lab(arguments.lab)
    target = Target.of(arguments)
    found, denied, problems = take(target, arguments.lab)
    for problem in (*denied, *problems):
        say(problem)
    running = [each for each in found if each.running]
    for each in running:
        if each.kind in PAUSE:
            PAUSE[each.kind](target, each)
            say(f"{each.lab}: {each.kind} {each.name} is paused; it {each.running} no more")
        else:
            say(f"{each.lab}: {each.kind} {each.name} cannot be paused ({each.running}): only destroying ends its cost")
    if not running:
        say(f"nothing of prefix {target.prefix} costs by time at {target}")
    elif any(each.kind in PAUSE for each in running):
        say(f"`make deploy LAB={arguments.lab or 'all'}{' LOCAL=1' if target.endpoint else ''}` starts it again")
    return Exit.ERROR_REPLY if problems else Exit.DONE


def pause_rule(target: Target, found: Found) -> None:
    bus, _, name = found.handle.rpartition("/")
    target.client("events").disable_rule(Name=name, EventBusName=bus)


def pause_event_source(target: Target, found: Found) -> None:
    target.client("lambda").update_event_source_mapping(UUID=found.handle, Enabled=False)


PAUSE = {"rule": pause_rule, "event source": pause_event_source}


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", nargs="?", help="a lab, for example clock (default: all)")
    add_arguments(parser)
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
