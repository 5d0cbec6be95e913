"""Lab `clock`: a schedule runs a function, which puts the time in a queue.

    rate(1 minute) ──► tell-time ──► lab-clock-output
          │                │
          └────────────────┴─ what failed ──► lab-clock-schedule-dead-letters

Out: {"time": "2025-01-31T08:00:00Z", "foo": "bar", "trigger": "schedule", "correlation_id": "<id of the event>"}

The schedule goes on, and costs, after a Learner Lab session has ended. Context `clock.enabled=false` and a deploy
switch it off without destroying the lab.
"""

from dataclasses import dataclass

from constructs import Construct

from stacks.blocks import DeadLetterQueue, Function, Queue, Rule, rule_source
from stacks.lab import LabStack
from stacks.settings import Settings, one_line, option, schedule_expression


def short_line(text: str) -> None:
    """Lambda quotas: 4 KB for all variables of a function together; the others need a part of them."""
    one_line(text)
    if len(text.encode()) > 3000:
        raise ValueError("must have at most 3000 bytes")


@dataclass(frozen=True)
class ClockOptions:
    """Context keys `clock.schedule`, `clock.enabled`, `clock.foo`."""

    schedule: str = option("rate(1 minute)", schedule_expression)
    enabled: bool = option(True)
    #: The value of the function's environment variable `foo`, as in the course's first function.
    foo: str = option("bar", short_line)


class ClockStack(LabStack):
    """The course's first exercise: a function that runs by itself, and one variable set by the stack."""

    lab = "clock"
    Options = ClockOptions

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, settings)

        output = Queue(self, "output")
        tell_time = Function(self, "tell-time", environment={"OUTPUT_QUEUE_URL": output.url, "foo": self.options.foo})
        output.grant_send(tell_time)
        dead_letters = DeadLetterQueue(self, "schedule-dead-letters", accepts=(rule_source(self),))
        schedule = Rule(
            self,
            "schedule",
            schedule=self.options.schedule,
            enabled=self.options.enabled,
            dead_letters=dead_letters,
        )
        schedule.run(tell_time)

        tell_time.publish("input", example=[{}])
        output.publish("output")
        dead_letters.publish("rejected")
