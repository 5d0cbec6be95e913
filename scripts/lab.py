#!/usr/bin/env python3
"""Deploy a lab or destroy it, through cdktf and Terraform, with this machine's toolchain set up for them.

scripts/lab.py deploy calculator --local
"""

import argparse
import os
import sys

from kit import toolchain
from kit.cdktf import run_interactively, run_quietly
from kit.cli import Exit, Parser, Stop, run
from kit.engines import ensure_running
from kit.output import say
from kit.target import Target, add_arguments

import project


def main() -> int:
    arguments = parse_arguments()
    toolchain.check()
    target = Target.of(arguments)
    if target.local:
        ensure_running()
        environment = toolchain.local_environment(target.endpoint or "")
    else:
        environment = account_environment(target)
    return run_cdktf(arguments, target, environment)


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("command", choices=["deploy", "destroy"])
    parser.add_argument("lab", help="a lab, for example calculator, or `all`")
    parser.add_argument("--yes", action="store_true", help="do not ask (never asked for the local engine)")
    add_arguments(parser)
    return parser.parse_args()


def account_environment(target: Target) -> dict[str, str]:
    """The environment for AWS, once its credentials have proved good. Raises what boto3 raises."""
    identity = target.client("sts").get_caller_identity()
    say(f"account {identity['Account']}, region {target.region}, as {identity['Arn'].rpartition(':')[2]}")
    return {
        "AWS_REGION": target.region,
        **({"AWS_PROFILE": target.profile} if target.profile else {}),
        **toolchain.environment(),
    }


def run_cdktf(arguments: argparse.Namespace, target: Target, environment: dict[str, str]) -> int:
    """Run cdktf; on a terminal and on AWS the user sees the plan and is asked."""
    ask = not (arguments.yes or target.local)
    if ask and not sys.stdin.isatty():
        raise Stop("there is nobody to ask whether to go on; with --yes (YES=1) nothing is asked", Exit.USAGE)
    command = [
        str(toolchain.CDKTF),
        arguments.command,
        "*" if arguments.lab == "all" else arguments.lab,
        f"--terraform-parallelism={toolchain.PARALLELISM}",
        *([] if ask else ["--auto-approve"]),
    ]
    environment = toolchain.clean(os.environ, local=target.local, profile=target.profile) | environment
    log = project.LOCAL_DIR / "log" / f"{arguments.command}-{arguments.lab}.log"
    say(f"{arguments.command} {arguments.lab} at {target}")
    outcome = run_interactively(command, environment) if ask else run_quietly(command, environment, log)
    if outcome.code:
        where = "" if ask else f"; the whole output is in {log}"
        raise Stop("\n  ".join([f"{arguments.command} failed{where}", *outcome.reasons]), Exit.ERROR_REPLY)
    for summary in outcome.summaries:
        say(summary)
    say(f"{arguments.command} {arguments.lab}: {outcome.seconds:.0f} s")
    return Exit.DONE


if __name__ == "__main__":
    run(main)
