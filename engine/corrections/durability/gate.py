"""What cannot be written down is refused: a sender is told when the journal does not take what it sends.

A full disk is the usual reason. The error is a service's own, 503, which every SDK tries again; so a sender goes on as
soon as there is room. What another service delivers (a notification of a bucket, a schedule) has no sender to tell:
that is in the log.
"""

from typing import Any
from urllib.parse import parse_qs

from engine.corrections import errors
from engine.corrections.durability.journal import Journal
from engine.requests import Answer, Request, around

#: Requests that bring something into a queue or stream, by the beginning of their actions.
ARRIVALS = ("SendMessage", "PutRecord", "PutEvents", "Publish")
#: How much longer than its request an entry may be: characters become escapes, and a topic may have several queues.
GROWTH = 8
MIN_BYTES = 64 * 1024


def apply(journal: Journal) -> None:
    async def take_what_is_written(request: Request, go_on: Answer) -> Any:
        if not _action(request.headers, request.body).startswith(ARRIVALS):
            return await go_on()
        unwritten = journal.unwritten
        if journal.has_room(GROWTH * len(request.body) + MIN_BYTES):
            answer = await go_on()
            if journal.unwritten == unwritten:
                return answer
        reason = f" ({journal.problem.strerror})" if journal.problem else ""
        message = f"the local engine cannot write down what arrives{reason}: make room for {journal.folder.parent}"
        return errors.answer(request.headers, 503, "ServiceUnavailable", message)

    around(take_what_is_written)


def _action(headers: dict[str, str], body: bytes) -> str:
    """The request's action; empty where the path says it, as for none of the arrivals."""
    target = headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    if "x-www-form-urlencoded" not in headers.get("content-type", ""):
        return ""
    return parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
