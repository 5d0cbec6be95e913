"""A DynamoDB table that costs nothing while nobody uses it, and is deleted with its lab."""

from typing import Any, Protocol

from cdktf_cdktf_provider_aws.dynamodb_table import DynamodbTable, DynamodbTableAttribute, DynamodbTableTtl
from constructs import Construct

from stacks.blocks.role import ExecutionRole, allow
from stacks.lab import LabStack


class User(Protocol):
    """What may be allowed to use a table: a function, a state machine."""

    @property
    def role(self) -> ExecutionRole: ...


class Table(Construct):
    """A table with string keys, paid by request, encrypted.

    Encryption at rest is always on; the AWS owned key costs nothing (DynamoDB Developer Guide, "Encryption at rest").
    There are no backups: what a lab holds is worth as much as the lab. `expires` names the attribute that says when an
    item is of no use any more, in seconds since 1970.
    """

    def __init__(
        self, lab: LabStack, id: str, *, partition_key: str, sort_key: str | None = None, expires: str | None = None
    ) -> None:
        super().__init__(lab, id)
        self.lab = lab
        self.name = lab.name(id)
        self.resource = DynamodbTable(
            self,
            "Default",
            name=self.name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=partition_key,
            range_key=sort_key,
            attribute=[DynamodbTableAttribute(name=key, type="S") for key in (partition_key, sort_key) if key],
            ttl=DynamodbTableTtl(attribute_name=expires, enabled=True) if expires else None,
        )
        self.arn = self.resource.arn

    def grant(self, user: User, *actions: str) -> None:
        """Allow exactly these operations, such as GetItem and UpdateItem, on the table."""
        user.role.grant(f"use-{self.node.id}", allow([f"dynamodb:{action}" for action in actions], self.arn))

    def publish(self, port: str, **details: Any) -> None:
        """Publish the table as a port of the lab."""
        self.lab.publish(port, "dynamodb", table=self.name, **details)
