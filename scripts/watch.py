#!/usr/bin/env python3
"""Watch labs in the terminal: every station with its numbers, the last results and log lines, as they come.

scripts/watch.py calculator --local
scripts/watch.py --local

Keys: e sends the lab's example, Enter opens a result, left and right go to another lab, q quits. Nothing is taken out
of the queues.
"""

import argparse
import sys

from kit.cli import Exit, Parser, Stop, run
from kit.live.clients import Clients
from kit.live.collector import Collector
from kit.live.sending import graphs_of, send_example
from kit.target import Target, add_arguments


def main() -> int:
    arguments = parse_arguments()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Stop("watch.py needs a terminal; elsewhere use read_results.py and logs.py", Exit.USAGE)
    from kit.live.terminal import Watch

    target = Target.of(arguments)
    graphs = graphs_of(target, arguments.lab)
    clients = Clients(target)
    app: list[Watch] = []
    collectors = [Collector(clients, graph, lambda: app[0].changed(), len(graphs)) for graph in graphs]
    app.append(Watch(collectors, str(target), send_example))
    app[0].run()
    return Exit.DONE


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", nargs="*", help="deployed labs (default: all that are)")
    add_arguments(parser)
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
