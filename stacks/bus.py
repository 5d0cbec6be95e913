"""Lab `bus`: events on a bus of their own, routed by what is in them.

                     ┌─ by source ──► template ────────────────────────┐
                     ├─ by prefix ──► template ────────────────────────┼──► lab-bus-output
    lab-bus-events ──┼─ by amount ──► review (function) ───────────────┘
        (bus)        ├─ by type ────► the calculator's input, when that lab is deployed
                     ├─ by item ────► the workflow of lab checkout, when that lab is deployed
                     └─ everything ─► archive, for replay_events.py
    every target ── what it did not take ──► lab-bus-dead-letters

In:  {"source": "shop.web", "type": "ORDER_CREATED", "data": {"order_id": "o-1", "total": 250}}
Out: {"handled_by": "by-amount", ...}, one from each rule whose pattern matches
"""

from dataclasses import dataclass
from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_event_archive import CloudwatchEventArchive
from cdktf_cdktf_provider_aws.cloudwatch_event_bus import CloudwatchEventBus
from cdktf_cdktf_provider_aws.schemas_discoverer import SchemasDiscoverer
from cdktf_cdktf_provider_aws.schemas_registry import SchemasRegistry
from constructs import Construct

from project import ProjectError
from stacks.blocks import DeadLetterQueue, Function, Queue, Rule, rule_source
from stacks.lab import LabStack
from stacks.settings import Settings, between, option

EXAMPLE = [
    {"source": "shop.web", "type": "ORDER_CREATED", "data": {"order_id": "o-1", "total": 250}},
    {"source": "shop.mobile", "type": "ORDER_CREATED", "data": {"order_id": "o-2", "total": 20}},
    {"source": "shop.web", "type": "CALCULATION_REQUESTED", "data": {"number1": 1, "number2": 5, "operation": "+"}},
]

#: What the rules by source and by prefix send on: parts of the event, put into a message.
PATHS = {"id": "$.id", "source": "$.source", "type": "$.detail-type", "data": "$.detail.data"}


@dataclass(frozen=True)
class BusOptions:
    """Context keys `bus.archive_days`, `bus.schemas`."""

    #: How long the archive keeps events.
    #: 0 keeps them for ever. EventBridge API reference, CreateArchive: an Integer, which has 32 bits.
    archive_days: int = option(7, between(0, 2**31 - 1))
    #: Create a schema registry and a discoverer: on AWS only, the local engine has none.
    schemas: bool = option(False)


class BusStack(LabStack):
    """The producer knows no consumer: rules on the bus decide where an event goes."""

    lab = "bus"
    Options = BusOptions

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, settings)
        self.bus = CloudwatchEventBus(self, "events", name=self.name("events"))
        rules = rule_source(self, self.name("events"))
        self.output = Queue(self, "output", accepts=(rules,))
        self.dead_letters = DeadLetterQueue(self, "dead-letters", accepts=(rules,))

        self.send_summary("by-source", {"source": ["shop.web"]})
        self.send_summary("by-prefix", {"detail-type": [{"prefix": "ORDER_"}]})
        self.review_large_orders()
        self.drive_calculator()
        self.start_checkout()
        self.archive()
        if self.options.schemas:
            self.discover_schemas()

        self.publish("input", "events", bus=self.bus.name, example=EXAMPLE)
        self.output.publish("output", replies="several")
        self.dead_letters.publish("rejected")

    def rule(self, id: str, pattern: dict[str, Any]) -> Rule:
        return Rule(self, id, bus=self.bus.name, pattern=pattern, dead_letters=self.dead_letters)

    def send_summary(self, id: str, pattern: dict[str, Any]) -> None:
        """Send a message made from the event by an input transformer: no function in between."""
        template = (
            f'{{"handled_by": "{id}", "correlation_id": <id>, "source": <source>, "type": <type>, "data": <data>}}'
        )
        self.rule(id, pattern).send_to(self.output.arn, paths=PATHS, template=template)

    def review_large_orders(self) -> None:
        """Orders from 100 up to 10,000 go to a function."""
        review = Function(self, "review", environment={"OUTPUT_QUEUE_URL": self.output.url})
        self.output.grant_send(review)
        pattern = {
            "detail-type": ["ORDER_CREATED"],
            "detail": {"data": {"total": [{"numeric": [">=", 100, "<", 10_000]}]}},
        }
        self.rule("by-amount", pattern).run(review)

    def drive_calculator(self) -> None:
        """Send calculations to the calculator's input port; while that lab is not deployed, they are dead letters."""
        calculator = self.arn("sqs", f"{self.settings.prefix}-calculator-input")
        self.rule("by-type", {"detail-type": ["CALCULATION_REQUESTED"]}).send_to(calculator, input_path="$.detail.data")

    def start_checkout(self) -> None:
        """Start a checkout for each order that says what is bought; while that lab is not deployed, as above.

        The rule is the bus's, because a rule cannot be without its bus; its target can be missing.
        """
        workflow = self.arn("states", f"stateMachine:{self.settings.prefix}-checkout-saga")
        pattern = {"detail-type": ["ORDER_CREATED"], "detail": {"data": {"item": [{"exists": True}]}}}
        self.rule("by-item", pattern).start(workflow, input_path="$.detail.data")

    def archive(self) -> None:
        """Keep every event, so that `scripts/replay_events.py` can send it again."""
        archive = CloudwatchEventArchive(
            self,
            "archive",
            name=self.name("archive"),
            event_source_arn=self.bus.arn,
            retention_days=self.options.archive_days,
        )
        self.publish("archive", "events-archive", archive=archive.arn, bus=self.bus.arn)

    def discover_schemas(self) -> None:
        """Let EventBridge write down what the events look like. Raises ProjectError on an emulator, which cannot."""
        if self.settings.endpoint:
            raise ProjectError(
                f"bus.schemas: {self.settings.endpoint} is no AWS and has no schema registries; leave out "
                "bus.schemas=true, or deploy to AWS"
            )
        SchemasRegistry(self, "schemas", name=self.name("schemas"))
        SchemasDiscoverer(self, "discoverer", source_arn=self.bus.arn)
