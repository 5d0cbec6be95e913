#!/usr/bin/env python3
"""How many shards a load takes, which limit decides, on-demand or provisioned, and what it costs a month.

scripts/plan_shards.py --records-per-second 3000 --record-kb 0.5 --consumers 4
scripts/plan_shards.py --records-per-second 200 --record-kb 20 --consumers 6 --enhanced-fan-out
"""

import argparse
import dataclasses
import json
import sys

from kit.cli import Exit, Parser, Stop, run
from kit.prices import price_table
from kit.shard_plan import Demand, plan, report

import project


def main() -> int:
    arguments = parse_arguments()
    demand = Demand(
        records_per_second=arguments.records_per_second,
        record_kb=arguments.record_kb,
        consumers=arguments.consumers,
        enhanced_fan_out=arguments.enhanced_fan_out,
        headroom=arguments.headroom / 100,
    )
    if problems := demand.problems():
        raise Stop("; ".join(problems), Exit.USAGE)
    found = plan(demand, price_table(arguments.region or project.region(project.context())))
    if arguments.json or not sys.stdout.isatty():
        print(json.dumps({**dataclasses.asdict(found), "mode": found.mode}))
    else:
        print("\n".join(report(found)))
    return Exit.DONE


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("--records-per-second", type=float, required=True, metavar="R")
    parser.add_argument(
        "--record-kb", type=float, required=True, metavar="KB", help="the size of a record, with its key"
    )
    parser.add_argument("--consumers", type=int, default=1, metavar="N", help="each reads everything (default: 1)")
    parser.add_argument(
        "--enhanced-fan-out", action="store_true", help="each consumer has 2 MB/s of a shard for itself"
    )
    parser.add_argument("--headroom", type=float, default=25, metavar="PERCENT", help="room to grow (default: 25)")
    parser.add_argument("--region", help="whose prices (default: AWS_REGION, then the project's)")
    parser.add_argument("--json", action="store_true", help="one JSON object, as when piped")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
