#!/usr/bin/env python3
"""Deploy a lab or destroy it, through cdktf and Terraform, with this machine's toolchain set up for them.

scripts/lab.py deploy calculator --local
"""

import argparse
import os
import sys

from kit import shard_changes, state, target_checks, toolchain
from kit.cdktf import run_interactively, run_quietly
from kit.cli import Exit, Parser, Stop, run
from kit.cost_report import remarks, table
from kit.costs import estimate
from kit.engines import ensure_running
from kit.output import say
from kit.prices import all_prices
from kit.removal import delete_late_logs, stop_executions
from kit.rules import check
from kit.synthesized import Stack, load, output_folder, synthesize
from kit.target import Target, add_arguments
from kit.terraform_errors import came_late, next_step
from kit.turns import turn

import project


def main() -> int:
    arguments = parse_arguments()
    toolchain.check()
    target = Target.of(arguments)
    environment = toolchain.environment_at(target, os.environ)
    with turn(output_folder(), f"{arguments.command} {arguments.lab}"):
        if not target.local:
            show_account(target)
        stacks = prepare(arguments.lab, environment)
        if target.local:
            ensure_running()
        labs = [stack.lab for stack in stacks]
        if arguments.command == "deploy":
            check_stacks(stacks)
            check_role(target)
            state.check(target, labs, "deploy")
            shard_changes.check(target, stacks)
            if not target.local:
                show_costs(stacks, target.region)
            run_cdktf(arguments, target, environment)
        else:
            state.check(target, labs, "destroy")
            if arguments.yes or target.local:  # else the user has not said yes yet; Terraform waits long enough
                stop_executions(target, labs)
            run_cdktf(arguments, target, environment)
            for name in delete_late_logs(target, labs):
                say(f"log group {name} had come back with a function's last lines: deleted")
    return Exit.DONE


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("command", choices=["deploy", "destroy"])
    parser.add_argument("lab", help="a lab, for example calculator, or `all`")
    parser.add_argument("--yes", action="store_true", help="do not ask (never asked for the local engine)")
    add_arguments(parser)
    return parser.parse_args()


def show_account(target: Target) -> None:
    """Say whose account it is, once its credentials have proved good. Raises what boto3 raises."""
    identity = target_checks.identity(target)
    say(f"account {identity['Account']}, region {target.region}, as {identity['Arn'].rpartition(':')[2]}")


def prepare(lab: str, environment: dict[str, str]) -> list[Stack]:
    """Synthesize all stacks, where cdktf will look for them, and read those of `lab`. Raises Stop if there is none."""
    folder = output_folder()
    synthesize(folder, environment)
    return load(folder, lab)


def check_stacks(stacks: list[Stack]) -> None:
    """Raises Stop with everything in the stacks that breaks a rule of the account or a safe default."""
    if findings := check(stacks, str(project.context().get("role"))):
        raise Stop("\n  ".join(["nothing was deployed, for these reasons:", *map(str, findings)]), Exit.USAGE)


def check_role(target: Target) -> None:
    """Raises Stop when the role that everything would run as is missing, or does not trust the services."""
    for found in target_checks.role(target):
        if found.well is False:
            raise Stop(f"{found.found}: {found.fix}", Exit.USAGE)


def show_costs(stacks: list[Stack], region: str) -> None:
    """What the labs will cost, for a person who has not said yes yet."""
    prices = all_prices(region)
    estimates = [estimate(stack, prices) for stack in stacks]
    for line in (*table(estimates), *remarks(estimates, prices)):
        say(line)


def run_cdktf(arguments: argparse.Namespace, target: Target, environment: dict[str, str]) -> None:
    """Run cdktf; on a terminal and on AWS the user sees the plan and is asked. Raises Stop where it fails."""
    ask = not (arguments.yes or target.local)
    if ask and not sys.stdin.isatty():
        raise Stop("there is nobody to ask whether to go on; with --yes (YES=1) nothing is asked", Exit.USAGE)
    command = [
        str(toolchain.CDKTF),
        arguments.command,
        "*" if arguments.lab == "all" else arguments.lab,
        f"--terraform-parallelism={toolchain.PARALLELISM}",
        "--skip-synth",
        *([] if ask else ["--auto-approve"]),
    ]
    log = project.LOCAL_DIR / "log" / f"{arguments.command}-{arguments.lab}.log"
    say(f"{arguments.command} {arguments.lab} at {target}")
    outcome = run_interactively(command, environment) if ask else run_quietly(command, environment, log)
    if came_late(outcome.reasons):
        say("a dead-letter queue came after the queue that names it: once more")
        outcome = run_quietly(command, environment, log)
    if outcome.code:
        if ask:  # what Terraform said went to the terminal alone: if a session has ended, this says so
            target_checks.identity(target)
        where = "" if ask else f"; the whole output is in {log}"
        lines = [f"{arguments.command} failed{where}", *outcome.reasons]
        raise Stop("\n  ".join([*lines, next_step(outcome.reasons, arguments.lab)]), Exit.ERROR_REPLY)
    for summary in outcome.summaries:
        say(summary)
    say(f"{arguments.command} {arguments.lab}: {outcome.seconds:.0f} s")


if __name__ == "__main__":
    run(main)
