"""One reply for each message of a batch: an answer, an error reply, or another attempt.

A permanent problem (Rejected) is answered at once; anything else that goes wrong makes the queue deliver that message
again, and after some attempts keep it in the dead-letter queue. Neither holds up the other messages of the batch.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from labkit.messages import Message, Rejected, read_message
from labkit.outbox import Outbox

logger = Logger(child=True)

Reply = dict[str, Any]

#: How much of a rejected message its error reply repeats.
MAX_QUOTED = 2_000


def reply_to_each(event: dict[str, Any], answer: Callable[[Message], Reply], outbox: Outbox, **always: str) -> Reply:
    """Answer each record of an SQS event, and send the replies to `outbox` in batches.

    Every reply carries the id of its request as `correlation_id`, and what is given as `always`. Returns the partial
    batch response (Lambda Developer Guide, "Reporting batch item failures"): the records that raised, and those whose
    reply was not accepted.
    """

    def reply(record: SQSRecord) -> Reply:
        message = read_message(record)
        try:
            content = answer(message)
        except Rejected as reason:
            logger.warning("rejected", extra={"message_id": message.id, "reason": str(reason)})
            content = {"error": str(reason), "request": shorten(message.body, MAX_QUOTED)}
        except Exception:
            logger.exception("failed, to be tried again", extra={"message_id": message.id})
            raise
        return {**always, **content, "correlation_id": message.id}

    # In a FIFO queue, what follows a failed message of the same group waits for it; elsewhere there are no groups.
    processor = SqsFifoPartialProcessor(skip_group_on_error=True)
    # A batch that fails as a whole is reported like any other: raising would say the same with less detail.
    processor.raise_on_entire_batch_failure = False
    with processor(event["Records"], handler=reply):
        done = [(SQSRecord(record), content) for status, content, record in processor.process() if status == "success"]
        unsent = _send_in_order(done, outbox)
        for index, problem in unsent.items():
            record, _ = done[index]
            details = {"message_id": record.message_id, "reason": problem}
            logger.error("reply not sent, to be tried again", extra=details)
            processor.fail_messages.append(record)
    answered = [content["correlation_id"] for index, (_, content) in enumerate(done) if index not in unsent]
    # One line for the batch: `scripts/logs.py --request-id` finds by it who handled a message.
    logger.info("answered", extra={"message_ids": answered})
    return dict(processor.response())


def _send_in_order(done: Sequence[tuple[SQSRecord, Reply]], outbox: Outbox) -> dict[int, str]:
    """Send the replies. Returns those not sent: index in `done` -> reason.

    A message is tried again when its reply was not sent, so no reply of its group may be sent before: the first
    replies of all groups go together, then the second ones, and so on (Lambda Developer Guide, "Implementing partial
    batch responses": for FIFO queues, what follows the first failure is returned too).
    """
    unsent: dict[int, str] = {}
    held: set[str] = set()
    for turn in _turns([record.raw_event.get("attributes", {}).get("MessageGroupId") for record, _ in done]):
        ready = [(index, group) for index, group in turn if group not in held]
        unsent |= {index: "a reply before it was not sent" for index, group in turn if group in held}
        for at, problem in outbox.send_all([done[index][1] for index, _ in ready]).items():
            index, group = ready[at]
            unsent[index] = problem
            if group:
                held.add(group)
    return unsent


def _turns(groups: Sequence[str | None]) -> list[list[tuple[int, str | None]]]:
    """(index, group) by place in the group; what has no group comes at once."""
    turns: dict[int, list[tuple[int, str | None]]] = {}
    seen: Counter[str] = Counter()
    for index, group in enumerate(groups):
        turns.setdefault(seen[group] if group else 0, []).append((index, group))
        if group:
            seen[group] += 1
    return [turns[place] for place in sorted(turns)]


def shorten(text: str, limit: int) -> str:
    """`text`, or its first `limit` characters and how many are left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}... ({len(text) - limit} more characters)"
