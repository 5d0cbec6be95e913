"""Lab `checkout`: a saga. Three steps, each with its compensation, and a workflow that leaves nothing half done.

    check order ─► fraud check ─┬─► reserve stock ─► [approval] ─► take payment ─► ship ─► done
                   price check ─┘        │                │             │            │
                                  release stock ◄─────────┴─── refund payment ◄── cancel shipment
                                         │   what cannot be undone ──► lab-checkout-parked
                                       failed

In:  {"customer": "ana", "item": "book", "quantity": 2, "total": 30}, and if it should fail:
     "fail_at": fraud-check, price-check, reserve, pay or ship; "how": declined, crash or slow; "stuck_at": release, ...
Out: {"result": "shipped", ...}, or {"error": "<why>", ...}

Everything that the steps do is in the table lab-checkout-ledger.
"""

import json
from dataclasses import dataclass

from constructs import Construct

from stacks.blocks import DeadLetterQueue, Function, Table, Workflow
from stacks.blocks.code import LAMBDA_DIR
from stacks.lab import LabStack
from stacks.settings import Settings, option

EXAMPLE = [
    {"customer": "ana", "item": "book", "quantity": 2, "total": 30},
    {"customer": "bob", "item": "lamp", "quantity": 1, "total": 49.5},
]
#: What the shop has when it opens: the price of one piece, and how many there are.
STOCK = {"book": ("15", "1000"), "lamp": ("49.5", "1000"), "laptop": ("1200", "100"), "ticket": ("30", "50")}
#: How long a slow step sleeps: longer than TimeoutSeconds of the tasks in the definition.
SLOW_S = 12
FUNCTION_TIMEOUT_S = 20


@dataclass(frozen=True)
class CheckoutOptions:
    """Context key `checkout.approval_above`."""

    #: A payment above this waits for a person.
    approval_above: int = option(1000)


class CheckoutStack(LabStack):
    """Several services, one outcome: all of a checkout happens, or nothing of it is left."""

    lab = "checkout"
    Options = CheckoutOptions

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, settings)
        self.ledger = Table(self, "ledger", partition_key="pk", sort_key="sk")
        for item, (price, amount) in STOCK.items():
            stock = {
                "pk": {"S": "balance"},
                "sk": {"S": f"stock#{item}"},
                "price": {"N": price},
                "amount": {"N": amount},
            }
            self.ledger.seed(f"stock-{item}", stock)
        self.parked = DeadLetterQueue(self, "parked")

        functions = {
            "Checks": self.function("checks", "GetItem"),
            "Stock": self.function("stock", "GetItem", "UpdateItem"),
            "Payment": self.function("payment", "GetItem", "UpdateItem"),
            "Shipping": self.function("shipping", "GetItem", "UpdateItem"),
        }
        values = {"Table": self.ledger.name, "Parked": self.parked.url}
        workflow = Workflow(self, "saga", functions=functions, values=values)
        self.ledger.grant(workflow, "PutItem", "DeleteItem")  # requests for approval
        self.parked.grant_send(workflow)

        schema = json.loads((LAMBDA_DIR / self.lab / "order.schema.json").read_text())
        workflow.publish("input", schema=schema, name_by="order_id", example=EXAMPLE)
        workflow.publish("output")
        self.parked.publish("rejected")
        self.ledger.publish("approvals", partition="approval")

    def function(self, service: str, *actions: str) -> Function:
        """One of the shop's services; each may do with the ledger what it needs."""
        function = Function(
            self,
            service,
            module=service,
            environment={
                "TABLE": self.ledger.name,
                "SLOW_S": str(SLOW_S),
                **({"APPROVAL_ABOVE": str(self.options.approval_above)} if service == "checks" else {}),
            },
            timeout_s=FUNCTION_TIMEOUT_S,
        )
        self.ledger.grant(function, *actions)
        return function
