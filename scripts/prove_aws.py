#!/usr/bin/env python3
"""Prove with your account that the labs work there: look, try the role, deploy, use and destroy each lab, and report.

scripts/prove_aws.py
scripts/prove_aws.py --local clock

It says before what it will do and cost, and asks. Everything has a prefix and a Terraform state of its own, and is
destroyed, also after Ctrl-C and errors; it stops after 40 minutes. The report holds nothing of whose account it is.
Exit 0 only if every step has passed.
"""

import argparse
import dataclasses
import json
import os
import shutil
import sys
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kit import state, toolchain
from kit.cli import Exit, Parser, Stop, run
from kit.output import say
from kit.target import Target, add_arguments

import project

if TYPE_CHECKING:
    from kit.proof.report import Step
    from kit.synthesized import Stack

LIMIT_MIN = 40
#: Messages to each lab, for what they cost: the example twice, and room for one that a lab sends itself.
MESSAGES = 20


def main() -> int:
    arguments = parse_arguments()
    from kit.proof import page

    if arguments.page:
        say(f"{page.write()} is written")
        return Exit.DONE
    from kit.engines import ensure_running
    from kit.proof import report
    from kit.proof.account import secrets
    from kit.proof.proof import Proof
    from kit.synthesized import load, synthesize

    toolchain.check()
    os.environ["LAB_CONTEXT"] = own_context(os.environ.get("LAB_CONTEXT", ""))
    target = Target.of(arguments)
    if target.local:
        ensure_running()
    folder = project.LOCAL_DIR / "proof" / target.prefix
    states = [state.begin_own(target, lab) for lab in chosen(arguments.lab)]
    out = folder / "cdktf.out"
    out.mkdir(parents=True)
    try:
        synthesize(out, toolchain.environment_at(target, os.environ) | {"CDKTF_OUTPUT": str(out)})
        stacks = [stack for stack in load(out) if stack.lab in chosen(arguments.lab)]
        announce(target, stacks)
        confirm(arguments.yes or target.local)
    except BaseException:
        for path in states:
            path.unlink()
        shutil.rmtree(folder)
        raise
    proof = Proof(target, out, versions(), lambda step: show(step, arguments.json))
    done = proof.run([stack.lab for stack in stacks], LIMIT_MIN * 60)
    shutil.rmtree(out)  # may hold the provider, once for each lab
    if done.steps[0].outcome != "passed":  # whose account it was is not known: there is nothing to tell
        return Exit.NO_CONNECTION if done.steps[0].code != "Stop" else Exit.USAGE
    own = folder if target.endpoint else page.FOLDER
    path = own / f"{done.date}-{target.region}-{target.prefix}.json"
    report.write(path, done.as_json(), secrets(target))
    say(f"the report is {path}")
    if not target.endpoint:
        say(f"{page.write()} is written: a pull request with both tells everybody")
    return Exit.DONE if done.passed else Exit.ERROR_REPLY


def own_context(given: str) -> str:
    """The user's context, with a prefix of the proof's own and its states in files; the last of a name counts."""
    return f"{given} prefix=prove-{uuid.uuid4().hex[:6]} state=".strip()


def chosen(lab: str) -> tuple[str, ...]:
    """The labs to prove. Raises Stop for a word that is none."""
    from kit.inventory import LABS, check_lab

    check_lab(None if lab == "all" else lab)
    return LABS if lab == "all" else (lab,)


def announce(target: Target, stacks: "Sequence[Stack]") -> None:
    """What will be done, how long it takes and what it costs."""
    from kit.costs import estimate, total
    from kit.prices import all_prices

    estimates = [estimate(stack, all_prices(target.region)) for stack in stacks]
    usd = total(estimates, MESSAGES, LIMIT_MIN / 60)
    say(f"at {target}, with prefix {target.prefix}: look at the account, try its role with a throwaway function, then")
    say(f"deploy, use, plan again and destroy {', '.join(stack.lab for stack in stacks)}, one after the other")
    say(f"about {usd:.2f} USD, were all of it there for all of the {LIMIT_MIN} minutes after which it stops itself")
    say(f"if it is killed: `LAB_CONTEXT=prefix={target.prefix} make destroy LAB=...`, and `scripts/leftovers.py`")


def confirm(yes: bool) -> None:
    """Raises Stop unless the user wants it done."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Stop("nothing was done: there is nobody to ask; with --yes nothing is asked", Exit.USAGE)
    if input("do it? [y/N] ").strip().lower() not in ("y", "yes"):
        raise Stop("nothing was done", Exit.USAGE)


def show(step: "Step", as_json: bool) -> None:
    """A line for a step that has ended: for a person, or a JSON object when piped."""
    if as_json or not sys.stdout.isatty():
        print(json.dumps(dataclasses.asdict(step), ensure_ascii=False), flush=True)
        return
    mark = {"passed": "✔", "failed": "✘"}.get(step.outcome, "–")
    why = f"\n  → {step.why}" if step.why else ""
    print(f"{mark} {step.step:<22} {step.seconds:6.1f} s{why}", flush=True)


def versions() -> dict[str, str]:
    """Of what takes part and may behave otherwise in another version."""
    import platform

    import boto3

    from kit.machine_checks import PROVIDER

    return {"Python": platform.python_version(), "boto3": boto3.__version__, "provider": PROVIDER}


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", nargs="?", default="all", help="a lab, for example calculator (default: all)")
    parser.add_argument("--yes", action="store_true", help="do not ask (never asked for the local engine)")
    parser.add_argument("--page", action="store_true", help="only write docs/verified.md from the reports")
    parser.add_argument("--json", action="store_true", help="one JSON object for each step, as when piped")
    add_arguments(parser)
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
