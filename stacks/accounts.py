"""Lab `accounts`: a workflow validates account data, and stores a valid account itself.

                                    ┌─ valid ────► lab-accounts-registered (table), unless it is there already
    lab-accounts-registration ──► validate (function)
          (workflow)                └─ invalid ──► lab-accounts-rejected (queue) ──► lab-accounts-rejections (topic)

In:  {"account_id": "ana-1", "name": "Ana", "email": "ana@example.org"}
Out: {"result": "registered", ...}, or {"error": "<every reason>", ...}
"""

import json
from dataclasses import dataclass

from constructs import Construct

from stacks.blocks import Function, Queue, Table, Topic, Workflow
from stacks.blocks.code import LAMBDA_DIR
from stacks.lab import LabStack
from stacks.settings import Settings, email_or_none, one_of, option


@dataclass(frozen=True)
class AccountsOptions:
    """Context keys `accounts.type`, `accounts.email`."""

    #: `express`: cheaper by the execution and at once, but without history, and at least once instead of exactly once.
    type: str = option("standard", one_of("standard", "express"))
    #: Who is told of rejections.
    email: str = option("", email_or_none)


class AccountsStack(LabStack):
    """The course's figure: the state machine says what happens, the function only knows what a valid account is."""

    lab = "accounts"
    Options = AccountsOptions

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, settings)
        validate = Function(self, "validate", environment={})
        registered = Table(self, "registered", partition_key="account_id")
        rejected = Queue(self, "rejected")
        rejections = Topic(self, "rejections")
        if self.options.email:
            rejections.notify("email", self.options.email)

        workflow = Workflow(
            self,
            "registration",
            functions={"Validate": validate},
            values={"Accounts": registered.name, "Rejected": rejected.url, "Rejections": rejections.arn},
            express=self.options.type == "express",
        )
        registered.grant(workflow, "PutItem")
        rejected.grant_send(workflow)
        rejections.grant_publish(workflow)

        schema = json.loads((LAMBDA_DIR / self.lab / "account.schema.json").read_text())
        example = [{"account_id": "ana-1", "name": "Ana", "email": "ana@example.org"}]
        workflow.publish("input", schema=schema, example=example)
        workflow.publish("output")
        rejected.publish("rejected")
        registered.publish("accounts")
