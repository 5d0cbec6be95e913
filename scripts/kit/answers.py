"""Waits for what becomes of messages that were sent, whatever kind of port answers."""

from collections.abc import Sequence

from kit.cli import Exit
from kit.outgoing import Sender
from kit.output import Printer
from kit.ports import Port
from kit.queues import QueueReader
from kit.replies import show_replies
from kit.tables import TableReader, show_outcomes
from kit.target import Target
from kit.workflows import WorkflowSender


def show_answers(
    target: Target,
    output: Port,
    sender: Sender,
    sent: dict[str, int],
    bodies: Sequence[str],
    wait_s: float,
    printer: Printer,
) -> Exit:
    """Print what becomes of the messages sent (id -> index in `bodies`), for at most `wait_s` seconds."""
    if output["kind"] == "dynamodb":
        return show_outcomes(TableReader(target, output), output["history"], sent, bodies, wait_s, printer)
    if isinstance(sender, WorkflowSender):
        return sender.show(sent, wait_s, printer)
    several = output.get("replies") == "several"
    return show_replies(QueueReader(target, output), sent, bodies, wait_s, several, printer)
