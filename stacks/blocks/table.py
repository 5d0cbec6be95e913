"""A DynamoDB table that costs nothing while nobody uses it, and is deleted with its lab."""

from collections.abc import Mapping
from typing import Any

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.dynamodb_table import DynamodbTable, DynamodbTableAttribute, DynamodbTableTtl
from cdktf_cdktf_provider_aws.dynamodb_table_item import DynamodbTableItem
from constructs import Construct

from stacks.blocks.role import Grantee, allow
from stacks.lab import LabStack, to_json


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
        self._partition_key, self._sort_key = partition_key, sort_key
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

    def grant(self, user: Grantee, *actions: str) -> None:
        """Allow exactly these operations, such as GetItem and UpdateItem, on the table."""
        user.role.grant(f"use-{self.node.id}", allow([f"dynamodb:{action}" for action in actions], self.arn))

    def seed(self, id: str, item: Mapping[str, Any]) -> None:
        """Put an item, in DynamoDB's JSON, when the table is made; what becomes of it is not Terraform's concern."""
        DynamodbTableItem(
            self,
            id,
            table_name=self.resource.name,
            hash_key=self.resource.hash_key,
            range_key=self.resource.range_key if self._sort_key else None,
            item=to_json(item),
            lifecycle=TerraformResourceLifecycle(ignore_changes=["item"]),
        )

    def publish(self, port: str, **details: Any) -> None:
        """Publish the table as a port of the lab."""
        self.lab.publish(port, "dynamodb", table=self.name, key=self._partition_key, **details)
