#!/usr/bin/env python3
"""Check synthesized stacks against the rules of a Learner Lab account and of safe defaults, without Terraform.

scripts/check_rules.py
scripts/check_rules.py fanout --out cdktf.out

`make deploy` runs the same check before Terraform. All findings are shown, each with its lab, resource and rule.
"""

import argparse
import json
import sys

from kit.cli import Exit, Parser, Stop, run
from kit.output import say
from kit.rules import check
from kit.synthesized import stacks_of

import project


def main() -> int:
    arguments = parse_arguments()
    role = str(project.context().get("role"))
    stacks = stacks_of(arguments.lab, arguments.out, arguments.region or project.region(project.context()))
    findings = check(stacks, role)
    if arguments.json or not sys.stdout.isatty():
        for finding in findings:
            print(json.dumps(finding._asdict()))
    elif findings:
        print("\n".join(map(str, findings)))
    if findings:
        raise Stop(f"{len(findings)} finding{'s' if len(findings) > 1 else ''}", Exit.ERROR_REPLY)
    say(f"{len(stacks)} labs, {sum(len(stack.resources) for stack in stacks)} resources: no findings (role {role})")
    return Exit.DONE


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", nargs="?", default="all", help="a lab, for example calculator (default: all)")
    parser.add_argument("--out", metavar="FOLDER", help="what cdktf wrote there, as it is (default: a fresh synth)")
    parser.add_argument("--region", help="AWS region (default: AWS_REGION, then the project's)")
    parser.add_argument("--json", action="store_true", help="one JSON object for each finding, as when piped")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
