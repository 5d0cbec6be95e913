#!/usr/bin/env python3
"""Estimate what labs cost: by the hour, by the month, for messages, and what goes on when the session has ended.

scripts/estimate_cost.py calculator
scripts/estimate_cost.py all --messages 10000 --hours 4

From the synthesized resources and a dated price table (scripts/kit/prices.json); nothing is asked of AWS.
"""

import argparse
import dataclasses
import json
import sys

from kit.cli import Exit, Parser, Stop, run
from kit.cost_report import BUDGET_USD, remarks, table
from kit.costs import Estimate, estimate, total
from kit.output import say
from kit.prices import all_prices
from kit.synthesized import stacks_of

import project

#: More than anybody deploys or sends, and little enough for every sum.
MOST = 10**12


def main() -> int:
    arguments = parse_arguments()
    # Told by comparing, which says no to nan.
    if not (0 <= arguments.messages <= MOST and 0 <= arguments.hours <= MOST and 0 < arguments.budget <= MOST):
        raise Stop(f"--messages and --hours must be 0 or more, --budget above 0, and none above {MOST:,}", Exit.USAGE)
    region = arguments.region or project.region(project.context())
    prices = all_prices(region)
    estimates = [estimate(stack, prices) for stack in stacks_of(arguments.lab, arguments.out, region)]
    if arguments.json or not sys.stdout.isatty():
        for each in estimates:
            print(json.dumps(record(each, arguments.messages, arguments.hours)))
    else:
        print("\n".join(table(estimates)))
    asked = total(estimates, arguments.messages, arguments.hours)
    say(f"{arguments.messages} messages to each lab in {arguments.hours:g} h: {asked:.2f} USD")
    for line in remarks(estimates, prices, arguments.budget):
        say(line)
    return Exit.DONE


def record(estimate: Estimate, messages: int, hours: float) -> dict[str, object]:
    return {
        "lab": estimate.lab,
        "usd_hour": estimate.usd_hour,
        "usd_month": estimate.usd_month,
        "usd_message": estimate.usd_message,
        "usd": total([estimate], messages, hours),
        "running": [dataclasses.asdict(cost) for cost in estimate.running],
        "unknown": estimate.unknown,
    }


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", help="a lab, for example calculator, or `all`")
    parser.add_argument("--messages", type=int, default=1000, metavar="N", help="to each lab (default: 1000)")
    parser.add_argument("--hours", type=float, default=4, metavar="H", help="deployed (default: 4, a session)")
    parser.add_argument("--budget", type=float, default=BUDGET_USD, metavar="USD", help="(default: %(default)g)")
    parser.add_argument("--out", metavar="FOLDER", help="what cdktf wrote there, as it is (default: a fresh synth)")
    parser.add_argument("--region", help="whose prices (default: AWS_REGION, then the project's)")
    parser.add_argument("--json", action="store_true", help="one JSON object for each lab, as when piped")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
