#!/usr/bin/env python3
"""List everything of this project that is in the account and region, also what no Terraform state knows any more.

scripts/leftovers.py
scripts/leftovers.py calculator --delete

`make destroy` is the way to end a lab whose state you have; --delete removes what is left when that is lost. It shows
everything first, and asks unless --yes says so. Everything means: of the project's prefix, in the region.
"""

import argparse
import json
import sys

from kit.cli import Exit, Parser, Stop, run
from kit.inventory import Found, check_lab, take
from kit.output import say
from kit.state import knows
from kit.target import Target, add_arguments


def main() -> int:
    arguments = parse_arguments()
    check_lab(arguments.lab)
    target = Target.of(arguments)
    found, denied, problems = take(target, arguments.lab)
    show(found, target, arguments.json or not sys.stdout.isatty())
    for problem in (*denied, *problems):
        say(problem)
    if arguments.delete and found:
        confirm(found, target, arguments.yes)
        problems += remove(target, found)
    return Exit.ERROR_REPLY if problems else Exit.DONE


def show(found: list[Found], target: Target, as_json: bool) -> None:
    """A line for each resource, and for each lab whether this checkout's state knows it."""
    for each in found:
        if as_json:
            print(json.dumps(vars(each)))
        else:
            print(f"{each.lab:<12} {each.kind:<13} {each.name}{'   ' if each.running else ''}{each.running}")
    for lab in sorted({each.lab for each in found}):
        count = sum(each.lab == lab for each in found)
        local = " LOCAL=1" if target.endpoint else ""
        way = f"`make destroy LAB={lab}{local}`" if knows(target, lab) else "no state here knows it: --delete"
        say(f"{lab}: {count} resources; {way}")
    if not found:
        say(f"nothing of prefix {target.prefix} is left at {target}")


def confirm(found: list[Found], target: Target, yes: bool) -> None:
    """Raises Stop unless the user wants all of it deleted."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Stop("nothing was deleted: there is nobody to ask; with --yes nothing is asked", Exit.USAGE)
    say(f"delete these {len(found)} resources at {target}, with everything in them? Type yes:")
    if input().strip() != "yes":
        raise Stop("nothing was deleted", Exit.USAGE)


def remove(target: Target, found: list[Found]) -> list[str]:
    """Delete all of it. Returns a line for each resource that could not be."""
    from botocore.exceptions import ClientError

    from kit.removal import DELETE, delete

    problems = []
    for each in sorted(found, key=lambda each: [*DELETE, each.kind].index(each.kind)):
        try:
            delete(target, each)
        except (ClientError, KeyError) as error:
            why = "not a kind that is known here: delete it in the console" if isinstance(error, KeyError) else error
            problems.append(f"{each.kind} {each.name} of {each.lab} is still there: {why}")
            say(problems[-1])
    say(f"deleted {len(found) - len(problems)} of {len(found)}")
    return problems


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", nargs="?", help="a lab, for example calculator (default: all)")
    parser.add_argument("--delete", action="store_true", help="delete what is shown")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="one JSON object for each resource, as when piped")
    add_arguments(parser)
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
