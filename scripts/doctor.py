#!/usr/bin/env python3
"""Is everything there for a deployment? A line for each thing that has to be, and what to do where it is not.

scripts/doctor.py
scripts/doctor.py --local
scripts/doctor.py --probe

Changes nothing; --probe runs a throwaway function, to learn what the role may do. Exit 0 only if all is well.
"""

import argparse
import json
import sys
from collections.abc import Iterator

from kit import machine_checks, target_checks
from kit.checkup import Check, exit_code
from kit.cli import Parser, run
from kit.target import Target, add_arguments

import project


def main() -> int:
    arguments = parse_arguments()
    target = Target.of(arguments)
    as_json = arguments.json or not sys.stdout.isatty()
    done = []
    for check in checks(target, arguments.probe):
        done.append(check)
        if as_json:
            print(json.dumps({**vars(check), "code": int(check.code)}, ensure_ascii=False), flush=True)
        else:
            print(check.line, flush=True)
    return exit_code(done)


def checks(target: Target, probe: bool) -> Iterator[Check]:
    yield from machine_checks.python()
    yield from machine_checks.node()
    yield from machine_checks.terraform()
    yield from machine_checks.packages()
    yield from machine_checks.provider()
    yield from machine_checks.aws_cli()
    if project.endpoint() is None or not target.local:  # else an emulator of the user's own
        engine, *about_it = machine_checks.engine(is_target=target.local)
        yield from (engine, *about_it)
        if target.local and not engine.well:
            return
    well = True
    for check in target_checks.all_of(target):
        well = well and not (check.subject in ("endpoint", "credentials", "role") and check.well is False)
        yield check
    if probe and well:
        yield from target_checks.permissions(target)


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("--probe", action="store_true", help="try what the labs' role may do, by a throwaway function")
    parser.add_argument("--json", action="store_true", help="one JSON object for each check, as when piped")
    add_arguments(parser)
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
