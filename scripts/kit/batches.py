"""Sends in as few calls as a service allows, several at a time, and again what the service failed on."""

import concurrent.futures
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from kit.outgoing import Sent

#: SQS, SNS and EventBridge API references (SendMessageBatch, PublishBatch, PutEvents): at most 10 entries in a call.
BATCH = 10
#: Same pages: at most 262,144 bytes in a message, and in a call.
MAX_BYTES = 262_144
#: Calls at a time; more than that gains nothing measurable on either target.
SENDERS = 8
ATTEMPTS = 4

#: One call with {index: body}; answers {index: Sent} for what is settled, and leaves out what may be tried again.
Call = Callable[[dict[int, str]], dict[int, Sent]]
T = TypeVar("T")


def send_in_batches(
    bodies: Sequence[str], call: Call, *, margin: int = 0, in_order: bool = False
) -> Iterator[list[Sent]]:
    """Send all bodies in batches; yields the outcomes batch by batch, as they come.

    `margin` is what each entry takes beside its body, in bytes; `in_order` sends one batch after another. A batch that
    could not be sent at all raises what boto3 raises.
    """
    workers = 1 if in_order else SENDERS
    yield from at_once(lambda batch: _settle(dict(batch), call), list(batches(bodies, margin)), workers)


def at_once(work: Callable[[T], list[Sent]], items: Sequence[T], workers: int) -> Iterator[list[Sent]]:
    """Do the work on several items at a time; after a failure, what has not begun is left."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        calls = [pool.submit(work, item) for item in items]
        try:
            for call in concurrent.futures.as_completed(calls):
                yield call.result()
        finally:
            for call in calls:
                call.cancel()


def batches(bodies: Sequence[str], margin: int = 0) -> Iterator[list[tuple[int, str]]]:
    """Groups of (index, body) within the limits of one call."""
    batch: list[tuple[int, str]] = []
    size = 0
    for index, body in enumerate(bodies):
        length = len(body.encode()) + margin
        if batch and (len(batch) == BATCH or size + length > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((index, body))
        size += length
    if batch:
        yield batch


def _settle(waiting: dict[int, str], call: Call) -> list[Sent]:
    """Call until every entry is settled; what the service itself failed on is tried again, in its order."""
    done: list[Sent] = []
    for attempt in range(ATTEMPTS):
        for index, sent in call(waiting).items():
            del waiting[index]
            done.append(sent)
        if not waiting:
            return done
        time.sleep(random.uniform(0, 0.1 * 2**attempt))  # exponential backoff with full jitter
    return done + [Sent(index, problem="the service did not take it; try again later") for index in waiting]
