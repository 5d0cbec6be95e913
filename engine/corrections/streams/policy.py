"""What becomes of a batch of stream records: handled, tried again, split, or given up.

Lambda Developer Guide, "Retain discarded batch records for a Kinesis Data Streams event source" and "Configuring
partial batch response with Kinesis Data Streams". Nothing here knows threads, time or services.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Generic, TypeVar

Record = TypeVar("Record")


class Condition(str, Enum):
    """Why records were given up, as the on-failure destination is told."""

    RETRIES = "RetryAttemptsExhausted"
    AGE = "RecordAgeExceeded"


@dataclass(frozen=True)
class Policy:
    """`retries` (-1: until the record expires) is how often a failed batch is tried again; `bisect` splits it first."""

    retries: int = -1
    bisect: bool = False


@dataclass(frozen=True)
class Batch(Generic[Record]):
    """Records on their way to the function.

    `failures` counts the failed attempts that used up a retry; `attempts` all since they are a batch of their own.
    """

    records: Sequence[Record]
    failures: int = 0
    attempts: int = 0


@dataclass(frozen=True)
class Settled(Generic[Record]):
    """What one attempt decided: each record of its batch is in exactly one of the three, in the stream's order."""

    handled: Sequence[Record] = ()
    discarded: Sequence[Record] = ()
    again: Sequence[Batch[Record]] = ()


def settle(batch: Batch[Record], failed_at: int | None, policy: Policy) -> Settled[Record]:
    """The outcome of an attempt in which the record at `failed_at` was the first to fail; None if none did.

    What stands before it is handled. The rest is tried again: in two halves if the policy says bisect and nothing was
    gained by the attempt, which uses up no retry; whole otherwise, and given up whole after the last retry.
    """
    if failed_at is None:
        return Settled(handled=batch.records)
    handled, rest = batch.records[:failed_at], batch.records[failed_at:]
    if policy.bisect and handled:
        return Settled(handled, again=(replace(batch, records=rest, failures=0),))
    if policy.bisect and len(rest) > 1:
        middle = len(rest) // 2
        halves = [Batch(half, batch.failures) for half in (rest[:middle], rest[middle:])]
        return Settled(handled, again=halves)
    # The first of the remaining records has failed once when it is reached, as often as its batch otherwise.
    failures = 1 if handled else batch.failures + 1
    if 0 <= policy.retries < failures:
        return Settled(handled, discarded=rest)
    return Settled(handled, again=(replace(batch, records=rest, failures=failures),))


@dataclass(frozen=True)
class Step(Generic[Record]):
    """Records that have come to their end, in order: handled, or given up for `condition` after `attempts`."""

    records: Sequence[Record]
    condition: Condition | None = None
    attempts: int = 0
    error: Any = None


@dataclass(frozen=True)
class Attempt:
    """What an invocation said: the first failed record if any, and the error for whoever reads of it.

    `invoked` is False when the function could not be run at all, which uses up no retry.
    """

    failed_at: int | None = None
    error: Any = None
    invoked: bool = True


def deliver(
    records: Sequence[Record],
    invoke: Callable[[Sequence[Record]], Attempt],
    policy: Policy,
    *,
    expired: Callable[[Record], bool] = lambda record: False,
    pause: Callable[[int], bool] = lambda failures: True,
) -> Iterator[Step[Record]]:
    """Bring the records to the function, in order, until each is handled or given up; yields them as they are.

    `expired` says which record has become too old to be sent. `pause` is called before a batch is tried again, with
    the number of attempts in a row that brought nothing; it returns False to stop, with the rest of the records open.
    """
    open_batches = deque([Batch(records)])
    in_vain = 0
    while open_batches:
        batch = open_batches.popleft()
        old = next((at for at, record in enumerate(batch.records) if not expired(record)), len(batch.records))
        if old:
            yield Step(batch.records[:old], Condition.AGE, batch.attempts)
            if old < len(batch.records):
                open_batches.appendleft(replace(batch, records=batch.records[old:]))
            continue
        attempt = invoke(batch.records)
        batch = replace(batch, attempts=batch.attempts + attempt.invoked)
        settled = settle(batch, attempt.failed_at, policy) if attempt.invoked else Settled(again=(batch,))
        if settled.handled:
            yield Step(settled.handled)
        if settled.discarded:
            yield Step(settled.discarded, Condition.RETRIES, batch.attempts, attempt.error)
        open_batches.extendleft(reversed(settled.again))
        # To split a batch is a step forward; to send the same records again is not.
        in_vain = in_vain + 1 if len(settled.again) == 1 and not settled.handled else 0
        if settled.again and not pause(in_vain):
            return
