#!/usr/bin/env python3
"""Send messages to a lab, and with --wait show the reply that belongs to each.

scripts/send_message.py calculator '{"number1": 1, "number2": 5, "operation": "+"}' --wait 10 --local
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from kit.cli import Exit, Stop, run
from kit.functions import FunctionSender
from kit.output import Printer, is_error_reply, parse, progress, say
from kit.ports import ports_of
from kit.queues import QueueReader, QueueSender, Received
from kit.target import Target, add_arguments

SENDERS: dict[str, type[QueueSender] | type[FunctionSender]] = {"sqs": QueueSender, "lambda": FunctionSender}


def main() -> int:
    arguments = parse_arguments()
    bodies = read_messages(arguments)
    target = Target.of(arguments)
    ports = ports_of(target, arguments.lab)
    if arguments.wait and "output" not in ports:
        raise Stop(f"lab {arguments.lab} gives no replies; leave out --wait", Exit.USAGE)
    printer = Printer(arguments.json)
    sender = SENDERS[ports["input"]["kind"]](target, ports["input"])
    problems = [
        f"message {number} {problem}" for number, body in enumerate(bodies, 1) if (problem := sender.problem(body))
    ]
    if problems:
        raise Stop(f"nothing was sent: {'; '.join(problems)}", Exit.USAGE)
    sent, code = send(sender, bodies)
    if arguments.wait and sent:
        code = max(code, show_replies(QueueReader(target, ports["output"]), sent, bodies, arguments.wait, printer))
    elif not arguments.wait:
        for message_id, index in sorted(sent.items(), key=lambda item: item[1]):
            if printer.as_json:
                printer.result({"message_id": message_id}, bodies[index])
    return code


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lab", help="name of a deployed lab, for example calculator")
    parser.add_argument("message", nargs="*", help="a message, sent as it is written")
    parser.add_argument("--file", help="a file with one message per line; - for standard input")
    parser.add_argument("--count", type=int, default=1, help="send everything so many times (default: 1)")
    parser.add_argument(
        "--wait", type=float, default=0, metavar="SECONDS", help="show the replies, if they come so soon"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line, as when piped")
    add_arguments(parser)
    arguments = parser.parse_args()
    if not arguments.message and not arguments.file:
        parser.error("nothing to send: give a message or --file")
    if arguments.count < 1:
        parser.error("--count must be 1 or more")
    if arguments.wait < 0:
        parser.error("--wait must not be negative")
    return arguments


def read_messages(arguments: argparse.Namespace) -> list[str]:
    """The messages of the command line and the file. Raises Stop when the file cannot be read."""
    bodies: list[str] = list(arguments.message)
    if arguments.file:
        try:
            data = sys.stdin.buffer.read() if arguments.file == "-" else Path(arguments.file).read_bytes()
            lines = data.decode("utf-8-sig").split("\n")
        except OSError as error:
            raise Stop(f"cannot read {arguments.file}: {error.strerror}", Exit.USAGE) from None
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise Stop(f"{arguments.file}, line {line}: not UTF-8 text", Exit.USAGE) from None
        bodies += [line.rstrip("\r") for line in lines if line.strip()]
    if not bodies:
        raise Stop(f"{arguments.file} holds no messages", Exit.USAGE)
    return bodies * int(arguments.count)


def check(sender: QueueSender | FunctionSender, bodies: Sequence[str]) -> None:
    """Raises Stop, before anything is sent, with every message that the port would refuse."""
    problems = [(number, sender.problem(body)) for number, body in enumerate(bodies, 1)]
    refused = [f"message {number} {problem}" for number, problem in problems if problem]
    if refused:
        raise Stop(f"nothing was sent: {'; '.join(refused)}", Exit.USAGE)


def send(sender: QueueSender | FunctionSender, bodies: Sequence[str]) -> tuple[dict[str, int], Exit]:
    """Send all; the ids of what was accepted, with the index of each. What was refused is said and makes exit 2."""
    sent: dict[str, int] = {}
    refused: list[tuple[int, str]] = []
    started = time.monotonic()
    try:
        with progress("sending", len(bodies)) as advance:
            for outcomes in sender.send(bodies):
                for outcome in outcomes:
                    if outcome.problem:
                        refused.append((outcome.index, outcome.problem))
                    else:
                        sent[outcome.message_id] = outcome.index
                advance(len(outcomes))
    finally:
        say(f"sent {len(sent)} of {len(bodies)} in {time.monotonic() - started:.2f} s")
        for index, problem in sorted(refused):
            say(f"error: message {index + 1} was refused: {problem}")
    return sent, Exit.USAGE if refused else Exit.DONE


def show_replies(
    reader: QueueReader, sent: dict[str, int], bodies: Sequence[str], wait_s: float, printer: Printer
) -> Exit:
    """Print the reply to each message sent, as they come; replies to others are given back untouched."""
    pending = set(sent)
    others: list[Received] = []
    errors = 0
    started = time.monotonic()
    deadline = started + wait_s
    try:
        with progress("replies", len(sent)) as advance:
            while pending and time.monotonic() < deadline:
                ours: list[Received] = []
                for message in reader.receive(10, deadline - time.monotonic(), hidden_s=int(wait_s) + 30):
                    content = parse(message.body)
                    message_id = content.get("correlation_id") if isinstance(content, dict) else None
                    if message_id not in sent:
                        others.append(message)
                        continue
                    ours.append(message)
                    if message_id in pending:  # else a second delivery of the same reply
                        pending.remove(message_id)
                        errors += is_error_reply(content)
                        seconds = round(time.monotonic() - started, 3)
                        printer.result({"message_id": message_id, "seconds": seconds}, message.body)
                        advance(1)
                sys.stdout.flush()
                reader.delete(ours)
    finally:
        reader.release(others)
    if pending:
        say(f"error: no reply in {wait_s:g} s to {len(pending)} of {len(sent)}: {_few(sent, pending, bodies)}")
        return Exit.NOTHING_IN_TIME
    return Exit.ERROR_REPLY if errors else Exit.DONE


def _few(sent: dict[str, int], pending: set[str], bodies: Sequence[str]) -> str:
    first = sorted(pending, key=lambda message_id: sent[message_id])[:3]
    more = ", ..." if len(pending) > len(first) else ""
    return ", ".join(f"{message_id} {bodies[sent[message_id]][:40]}" for message_id in first) + more


if __name__ == "__main__":
    run(main)
