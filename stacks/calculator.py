"""Lab `calculator`: a queue triggers a function, which answers in another queue.

    lab-calculator-input ──► calculate ──► lab-calculator-output
             │
             └─ after 5 failed attempts ──► lab-calculator-input-dead-letters

In:  {"number1": 1, "number2": 5, "operation": "+"}
Out: {"result": 6, "correlation_id": "<id of the request message>", "request": {...}}
"""

from constructs import Construct

from stacks.blocks import ConsumedQueue, Function, Queue, any_lab
from stacks.lab import LabStack
from stacks.settings import Settings


class CalculatorStack(LabStack):
    """The course's first exercise with queues on both sides of a function."""

    lab = "calculator"

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, settings)

        output = Queue(self, "output")
        calculate = Function(self, "calculate", environment={"OUTPUT_QUEUE_URL": output.url})
        output.grant_send(calculate)
        input = ConsumedQueue(self, "input", consumer=calculate, accepts=(any_lab(self),))

        input.publish("input", example=[{"number1": 1, "number2": 5, "operation": "+"}])
        output.publish("output")
        input.dead_letters.publish("rejected")
