"""Lab `fanout`: one message, several independent consumers.

                          ┌─ type = order ────────► billing queue ──► billing ──┐
    lab-fanout-events ────┼─ kind = physical ─────► shipping queue ─► shipping ─┼─► lab-fanout-output
          (topic)         ├─ everything, raw ─────► audit queue ────► audit ────┘
                          └─ e-mail, HTTPS, SMS (options)
    every queue and every subscription ── what failed ──► a dead-letter queue of its own

In:  {"type": "order", "order_id": "o-1", "customer": "ana", "kind": "physical", "amount": 30.5}
Out: {"handled_by": "billing", "charged": "30.50", ...}, one from each consumer that the filters let it reach

A body above 256 KiB is stored in the lab's bucket, and its message refers to it (claim check); it stays there until
the lab is destroyed.
"""

import re
from dataclasses import dataclass
from typing import Any

from constructs import Construct

from project import ProjectError
from stacks.blocks import Bucket, ConsumedQueue, Function, Queue, Topic
from stacks.lab import LabStack
from stacks.settings import Settings, email_or_none, option

EXAMPLE = [
    {"type": "order", "order_id": "o-1", "customer": "ana", "kind": "physical", "amount": 30.5},
    {"type": "order", "order_id": "o-2", "customer": "bob", "kind": "digital", "amount": 9.99},
    {"type": "newsletter", "customer": "ana", "text": "matches no filter: only the audit sees it"},
]
#: Of each of the three consumers: together below the 10 functions that a student account runs at once.
MAX_CONCURRENCY = 3


def https_or_none(text: str) -> None:
    if text and not re.fullmatch(r"https://[^\s/]+\S*", text):
        raise ValueError("must be an address that begins with https://")


def phone_or_none(text: str) -> None:
    """ITU-T E.164: a plus and up to 15 digits."""
    if text and not re.fullmatch(r"\+[1-9]\d{6,14}", text):
        raise ValueError("must be a phone number like +33612345678")


@dataclass(frozen=True)
class FanoutOptions:
    """Context keys `fanout.fifo`, `fanout.email`, `fanout.https`, `fanout.sms`."""

    #: Keep the order per customer and drop duplicates of an order.
    fifo: bool = option(False)
    email: str = option("", email_or_none)
    https: str = option("", https_or_none)
    sms: str = option("", phone_or_none)


class FanoutStack(LabStack):
    """The course's second step: publish once, and let each consumer decide what it wants to see."""

    lab = "fanout"
    Options = FanoutOptions

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, settings)
        self.fifo = self.options.fifo
        self.output = Queue(self, "output")
        self.claims = Bucket(self, "claims")
        self.topic = Topic(self, "events", fifo=self.fifo)

        self.subscribe("billing", attributes={"type": ["order"]})
        self.subscribe("shipping", body={"kind": ["physical"]})
        self.subscribe("audit", reads_claims=False, raw=True)
        self.notify_people()

        self.topic.publish(
            "input",
            example=EXAMPLE,
            attributes=["type"],
            claims=self.claims.name,
            **({"group_by": "customer", "deduplicate_by": "order_id"} if self.fifo else {}),
        )
        self.output.publish("output", replies="several")

    def subscribe(self, consumer: str, *, reads_claims: bool = True, **choice: Any) -> None:
        """Give a consumer its function, its queue and its subscription; `choice` says what it wants to see."""
        claims = {"CLAIMS_BUCKET": self.claims.name} if reads_claims else {}
        function = Function(
            self, consumer, module=consumer, environment={"OUTPUT_QUEUE_URL": self.output.url, **claims}
        )
        self.output.grant_send(function)
        if reads_claims:
            self.claims.grant_read(function.role)
        queue = ConsumedQueue(
            self,
            f"{consumer}-queue",
            consumer=function,
            max_concurrency=MAX_CONCURRENCY,
            fifo=self.fifo,
            accepts=(self.topic.source,),
        )
        undelivered = self.topic.deliver_to(queue, **choice)
        queue.dead_letters.publish(f"rejected-{consumer}")
        undelivered.publish(f"rejected-{consumer}-undelivered")

    def notify_people(self) -> None:
        """Subscribe whom the options name."""
        chosen = {"email": self.options.email, "https": self.options.https, "sms": self.options.sms}
        for protocol, endpoint in chosen.items():
            if endpoint and self.fifo:
                raise ProjectError(f"fanout.{protocol}: a FIFO topic delivers to queues only; leave out fanout.fifo")
            if endpoint:
                self.topic.notify(protocol, endpoint)
