"""Waits for the replies to messages that were sent, and leaves the replies to others where they are."""

import sys
import time
from collections.abc import Sequence

from kit.cli import Exit
from kit.output import Printer, is_error_reply, parse, progress, say
from kit.queues import QueueReader, Received

#: How long nothing must come, once every message has a reply, where several consumers may reply to each.
QUIET_S = 2


def show_replies(
    reader: QueueReader,
    sent: dict[str, int],
    bodies: Sequence[str],
    wait_s: float,
    several: bool,
    printer: Printer,
) -> Exit:
    """Print the replies to the messages sent (id -> index in `bodies`), as they come, for at most `wait_s` seconds.

    Where `several` may reply to each message, it goes on until none has come for a while.
    """
    pending = set(sent)
    shown: set[tuple[str, str]] = set()
    held: dict[str, Received] = {}
    errors = 0
    started = time.monotonic()
    deadline = started + wait_s
    try:
        with progress("replies", len(sent)) as advance:
            while time.monotonic() < deadline and (pending or several):
                left = deadline - time.monotonic()
                received = reader.receive(10, left if pending else QUIET_S, hidden_s=int(wait_s) + 30)
                if not received and not pending:
                    break
                held |= {message.message_id: message for message in received}
                ours: list[Received] = []
                for message in received:
                    content = parse(message.body)
                    message_id = content.get("correlation_id") if isinstance(content, dict) else None
                    if message_id not in sent:
                        continue
                    ours.append(message)
                    reply = (message_id, str(content.get("handled_by")))
                    if reply in shown:  # a second delivery
                        continue
                    shown.add(reply)
                    errors += is_error_reply(content)
                    seconds = round(time.monotonic() - started, 3)
                    printer.result({"message_id": message_id, "seconds": seconds}, message.body)
                    if message_id in pending:
                        pending.remove(message_id)
                        advance(1)
                sys.stdout.flush()  # shown for certain before it is deleted
                reader.delete(ours)
                for message in ours:
                    held.pop(message.message_id, None)
    finally:
        reader.release(list(held.values()))  # the replies to others, and what could not be shown
    if pending:
        say(f"error: no reply in {wait_s:g} s to {len(pending)} of {len(sent)}: {_few(sent, pending, bodies)}")
        return Exit.NOTHING_IN_TIME
    return Exit.ERROR_REPLY if errors else Exit.DONE


def _few(sent: dict[str, int], pending: set[str], bodies: Sequence[str]) -> str:
    first = sorted(pending, key=lambda message_id: sent[message_id])[:3]
    more = ", ..." if len(pending) > len(first) else ""
    return ", ".join(f"{message_id} {bodies[sent[message_id]][:40]}" for message_id in first) + more
