#!/usr/bin/env python3
"""Send messages to a lab, and with --wait show the replies that belong to them.

scripts/send_message.py calculator '{"number1": 1, "number2": 5, "operation": "+"}' --wait 10 --local
scripts/send_message.py fanout --example --wait 10 --local
scripts/send_message.py checkout --example --wait 10 --local
"""

import argparse
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from kit import denials
from kit.answers import show_answers
from kit.cli import MAX_WAIT_S, Exit, Parser, Stop, run
from kit.outgoing import Attribute, Choices, Sender, Sent, refused
from kit.output import Printer, progress, say
from kit.ports import Port, ports_of
from kit.senders import example_of, sender_to
from kit.target import Target, add_arguments

#: SNS Developer Guide and SQS Developer Guide, "Message attributes": names, with single dots inside only and two
#: beginnings that are AWS's own; how many; the data types, and String.Array of SNS.
ATTRIBUTE = re.compile(r"(?P<name>[\w-]+(\.[\w-]+)*)(:(?P<type>[\w.]+))?=(?P<value>.+)", re.DOTALL | re.ASCII)
MAX_NAME = 256
OWN_NAMES = ("aws.", "amazon.")
MAX_ATTRIBUTES = 10
TYPES = ("String", "Number", "Binary", "String.Array")
#: So many messages at once, and such a long file (in bytes), fit in the memory of any machine.
MAX_MESSAGES = 100_000
MAX_FILE = 100_000_000


def main() -> int:
    arguments = parse_arguments()
    bodies = read_messages(arguments)
    choices = read_choices(arguments)
    target = Target.of(arguments)
    ports = ports_of(target, arguments.lab)
    if arguments.example:
        bodies += example_of(ports["input"])
    if len(bodies) * arguments.count > MAX_MESSAGES:
        raise Stop(f"{len(bodies) * arguments.count} messages are too many: at most {MAX_MESSAGES} at once", Exit.USAGE)
    bodies *= arguments.count
    if arguments.wait and "output" not in ports:
        raise Stop(f"lab {arguments.lab} gives no replies; leave out --wait", Exit.USAGE)
    sender = sender_to(target, ports["input"], choices)
    check(sender, bodies)
    try:
        return send_and_wait(target, ports, sender, bodies, arguments)
    finally:
        denials.tell(target, arguments.lab)


def send_and_wait(
    target: Target, ports: dict[str, Port], sender: Sender, bodies: list[str], arguments: argparse.Namespace
) -> int:
    accepted, code = send(sender, bodies)
    sent = {outcome.message_id: outcome.index for outcome in reversed(accepted)}
    printer = Printer(arguments.json)
    if arguments.wait and sent:
        shown = show_answers(target, ports["output"], sender, sent, bodies, arguments.wait, printer)
        return max(code, shown)
    if printer.as_json:
        for outcome in accepted:
            dropped = {"dropped": outcome.dropped} if outcome.dropped else {}
            printer.result({"message_id": outcome.message_id, **dropped}, bodies[outcome.index])
    return code


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__)
    parser.add_argument("lab", help="name of a deployed lab, for example calculator")
    parser.add_argument("message", nargs="*", help="a message, sent as it is written")
    parser.add_argument("--file", help="a file with one message per line; - for standard input")
    parser.add_argument("--example", action="store_true", help="the messages that the lab's page shows")
    parser.add_argument("--count", type=int, default=1, help="send everything so many times (default: 1)")
    parser.add_argument(
        "--wait", type=float, default=0, metavar="SECONDS", help="show the replies, if they come so soon"
    )
    parser.add_argument(
        "--attribute",
        action="append",
        default=[],
        metavar="NAME[:TYPE]=VALUE",
        help=f"a message attribute; types: {', '.join(TYPES)} (default: String)",
    )
    parser.add_argument("--source", help="source of an event (default: the message's own `source`)")
    parser.add_argument("--type", help="detail type of an event (default: the message's own `type`)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, as when piped")
    add_arguments(parser)
    arguments = parser.parse_args()
    if not arguments.message and not arguments.file and not arguments.example:
        parser.error("nothing to send: give a message, --file or --example")
    if arguments.count < 1:
        parser.error("--count must be 1 or more")
    if not 0 <= arguments.wait <= MAX_WAIT_S:
        parser.error(f"--wait must be 0 to {MAX_WAIT_S} seconds")
    return arguments


def read_messages(arguments: argparse.Namespace) -> list[str]:
    """The messages of the command line and the file. Raises Stop when they cannot be read."""
    bodies: list[str] = list(arguments.message)
    if arguments.file:
        try:
            with sys.stdin.buffer if arguments.file == "-" else Path(arguments.file).open("rb") as file:
                data = file.read(MAX_FILE + 1)
            if len(data) > MAX_FILE:
                raise Stop(f"{arguments.file} holds more than {MAX_FILE // 10**6} MB", Exit.USAGE)
            lines = data.decode("utf-8-sig").split("\n")
        except OSError as error:
            raise Stop(f"cannot read {arguments.file}: {error.strerror}", Exit.USAGE) from None
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise Stop(f"{arguments.file}, line {line}: not UTF-8 text", Exit.USAGE) from None
        bodies += [line.rstrip("\r") for line in lines if line.strip()]
    if not bodies and not arguments.example:
        raise Stop(f"{arguments.file} holds no messages", Exit.USAGE)
    return bodies


def read_choices(arguments: argparse.Namespace) -> Choices:
    """What the options say of all messages. Raises Stop with every attribute that is none."""
    attributes: dict[str, Attribute] = {}
    problems: list[str] = []
    for text in arguments.attribute:
        match = ATTRIBUTE.fullmatch(text)
        kind = (match["type"] or "String") if match else ""
        if not match or len(match["name"]) > MAX_NAME:
            problems.append(f"--attribute {text!r} is not like name=value or name:Number=3")
        elif match["name"].lower().startswith(OWN_NAMES):
            problems.append(f"--attribute {text!r}: names begin with neither AWS. nor Amazon.")
        elif match["name"] in attributes:
            problems.append(f"--attribute {text!r}: {match['name']} is given twice")
        elif kind not in TYPES:
            problems.append(f"--attribute {text!r}: there is no type {kind}; types are {', '.join(TYPES)}")
        elif kind == "Number" and not re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", match["value"], re.ASCII):
            problems.append(f"--attribute {text!r}: {match['value']!r} is no number")
        else:
            attributes[match["name"]] = Attribute(kind, match["value"])
    if len(attributes) > MAX_ATTRIBUTES:
        problems.append(f"a message has at most {MAX_ATTRIBUTES} attributes")
    if problems:
        raise Stop("; ".join(problems), Exit.USAGE)
    return Choices(attributes, arguments.source, arguments.type)


def check(sender: Sender, bodies: Sequence[str]) -> None:
    """Raises Stop, before anything is sent, with every message that the port would refuse."""
    if problems := refused(sender, bodies):
        raise Stop(f"nothing was sent: {'; '.join(problems)}", Exit.USAGE)


def send(sender: Sender, bodies: Sequence[str]) -> tuple[list[Sent], Exit]:
    """Send all; what was accepted, in the order of the messages. What was refused is said and makes exit 2."""
    done: list[Sent] = []
    started = time.monotonic()
    try:
        with progress("sending", len(bodies)) as advance:
            for outcomes in sender.send(bodies):
                done += outcomes
                advance(len(outcomes))
    finally:
        done.sort(key=lambda outcome: outcome.index)
        accepted = [outcome for outcome in done if not outcome.problem]
        dropped = [outcome.dropped for outcome in accepted if outcome.dropped]
        seconds = time.monotonic() - started
        say(f"sent {len(accepted) - len(dropped)} of {len(bodies)} in {seconds:.2f} s")
        if dropped:
            say(f"{len(dropped)} of {len(bodies)} dropped as duplicates: {few(dropped)}")
        for outcome in done:
            if outcome.problem:
                say(f"error: message {outcome.index + 1} was refused: {outcome.problem}")
    return accepted, Exit.DONE if len(accepted) == len(done) else Exit.USAGE


def few(texts: Sequence[str]) -> str:
    """The first of these texts, each once."""
    different = list(dict.fromkeys(texts))
    return "; ".join(different[:3]) + ("; ..." if len(different) > 3 else "")


if __name__ == "__main__":
    run(main)
