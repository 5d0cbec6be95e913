"""Lab `orders`: events as the source of truth, on a stream; several consumers, each at its own pace.

                            ┌──► notifications ──► lab-orders-confirmations (topic) ──► e-mail (option)
                            ├──► inventory ──────► stock, reservations (tables)
    lab-orders-events ──────┤        └─ INVENTORY_RESERVED, INVENTORY_REJECTED ──► back on the stream
        (stream)            ├──► projection ─────► orders (table): state and history
                            └──► Firehose ───────► archive (bucket) ── replay_orders.py ──► replayed (table)
    every function ── what it can never handle, and what it failed on too often ──► lab-orders-rejected

In:  {"type": "ORDER_CREATED", "data": {"orderId": "o-1", "userId": "ana", "items": [...], "total": 25.00}}
Out: {"orderId": "o-1", "status": "PAID", "inventory": "RESERVED", "history": [...], ...} in the table of orders
"""

import re
from dataclasses import dataclass

from constructs import Construct

from project import ProjectError
from stacks.blocks import Bucket, DeadLetterQueue, Delivery, Function, Stream, Table, Topic
from stacks.blocks.stream import MAX_RETENTION_H, MIN_RETENTION_H
from stacks.lab import LabStack
from stacks.settings import Settings, between, email_or_none, one_of, option

CONSUMERS = ("notifications", "inventory", "projection")
#: What the shop sells, and for how much; the producer takes it from the port.
CATALOGUE = {"book": "12.50", "lamp": "39.90", "mug": "7.20", "pen": "1.95", "bag": "24.00"}
#: Longer than a batch takes, whose every record is several calls to DynamoDB.
TIMEOUT_S = 120
#: CPU follows memory, 1,769 MB are one (Lambda Developer Guide, "Configure Lambda function memory"), and costs by the
#: millisecond: half the time at twice the memory costs the same. With 256 MB, a seventh of a CPU, importing alone takes
#: seconds.
MEMORY_MB = 512

EXAMPLE = [
    {
        "type": "ORDER_CREATED",
        "data": {
            "orderId": "o-{run}",
            "userId": "ana",
            "items": [{"sku": "book", "quantity": 2, "price": 12.50}],
            "total": 25.00,
            "status": "PENDING",
        },
    },
    {"type": "ORDER_PAID", "data": {"orderId": "o-{run}"}},
    {"type": "ORDER_SHIPPED", "data": {"orderId": "o-{run}"}},
]


def consumers(text: str) -> None:
    unknown = set(filter(None, re.split(r"[,\s]+", text))) - set(CONSUMERS)
    if unknown:
        raise ValueError(f"must be names of consumers, with commas: {', '.join(CONSUMERS)}")


@dataclass(frozen=True)
class OrdersOptions:
    """Context keys `orders.mode`, `orders.shards`, `orders.retention_h` ..."""

    mode: str = option("provisioned", one_of("provisioned", "on-demand"))
    #: Of a provisioned stream. Kinesis Developer Guide, "Quotas and limits": accounts start with 500 or more.
    shards: int = option(1, between(1, 500))
    #: How long the stream keeps records, in hours.
    retention_h: int = option(MIN_RETENTION_H, between(MIN_RETENTION_H, MAX_RETENTION_H))
    #: Consumers with enhanced fan-out, with commas.
    enhanced_fan_out: str = option("", consumers)
    #: Who is sent the confirmations.
    email: str = option("", email_or_none)
    #: How many of each product there are at first.
    stock: int = option(1000, between(0, 10**9))


class OrdersStack(LabStack):
    """The course's event sourcing and CQRS: one stream of events, a read model, an archive from which to rebuild it."""

    lab = "orders"
    Options = OrdersOptions

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, settings)
        self.stream = Stream(self, "events", shards=self.shards(), retention_h=self.options.retention_h)
        self.rejected = DeadLetterQueue(self, "rejected")
        self.bucket = Bucket(self, "archive")

        self.notify()
        self.keep_inventory()
        self.keep_read_model()
        self.keep_archive()

        self.stream.publish(
            "input",
            key="orderId",
            source="lab.orders.send_message",
            example=EXAMPLE,
            catalogue=CATALOGUE,
            rejected=self.rejected.url,
            bucket=self.bucket.name,
        )
        self.rejected.publish("rejected")

    def shards(self) -> int | None:
        """How many shards, or None for a stream on demand. Raises project.ProjectError."""
        if self.options.mode == "provisioned":
            count: int = self.options.shards
            return count
        if self.options.shards != 1:
            raise ProjectError(
                "orders.shards: a stream on demand has as many as it needs; leave it out, or orders.mode"
            )
        return None

    def notify(self) -> None:
        """Confirm new orders on a topic."""
        topic = Topic(self, "confirmations")
        if self.options.email:
            topic.notify("email", self.options.email)
        confirmed = Table(self, "confirmed", partition_key="id", expires="expiration")
        function = self.consumer("notifications", TOPIC_ARN=topic.arn, CONFIRMED_TABLE=confirmed.name)
        topic.grant_publish(function)
        # Powertools for AWS Lambda, "Idempotency", required permissions.
        confirmed.grant(function, "GetItem", "PutItem", "UpdateItem", "DeleteItem")
        self.subscribe(function)

    def keep_inventory(self) -> None:
        """Reserve stock for new orders and give back that of cancelled ones."""
        stock = Table(self, "stock", partition_key="sku")
        reservations = Table(self, "reservations", partition_key="orderId")
        function = self.consumer(
            "inventory", STOCK_TABLE=stock.name, RESERVATIONS_TABLE=reservations.name, STREAM=self.stream.name
        )
        stock.grant(function, "UpdateItem")
        reservations.grant(function, "GetItem", "PutItem", "UpdateItem")
        self.stream.grant_put(function.role)
        self.subscribe(function)
        self.fill(stock)
        stock.publish("inventory")

    def fill(self, stock: Table) -> None:
        """What there is at first; afterwards the numbers are the inventory's."""
        for sku in CATALOGUE:
            levels = {"available": {"N": str(self.options.stock)}, "reserved": {"N": "0"}}
            stock.seed(sku, {"sku": {"S": sku}, **levels})

    def keep_read_model(self) -> None:
        """Keep the current state and the history of every order, and a table to build them again."""
        orders = Table(self, "orders", partition_key="orderId")
        function = self.consumer("projection", ORDERS_TABLE=orders.name)
        orders.grant(function, "BatchGetItem", "PutItem")
        self.subscribe(function)
        orders.publish("output", history="history")
        replayed = Table(self, "replayed", partition_key="orderId")
        replayed.publish("replayed", history="history", filled_by="replay_orders.py")

    def keep_archive(self) -> None:
        """Keep every event, bad ones too, longer than the stream does."""
        Delivery(self, "archiver", stream=self.stream, bucket=self.bucket).publish("archive")

    def consumer(self, name: str, **environment: str) -> Function:
        """A function that handles the stream's records, and keeps those that it never can."""
        shared = {"REJECTED_QUEUE_URL": self.rejected.url, "REJECTED_BUCKET": self.bucket.name}
        variables = {**shared, **environment}
        function = Function(self, name, module=name, environment=variables, timeout_s=TIMEOUT_S, memory_mb=MEMORY_MB)
        self.bucket.grant_write(function.role)
        return function

    def subscribe(self, function: Function) -> None:
        chosen = function.node.id in re.split(r"[,\s]+", self.options.enhanced_fan_out)
        self.stream.consumed_by(function, failures=self.rejected, enhanced_fan_out=chosen)
