"""The values of a stack as AWS would get them: what Terraform refers to is put in, as far as it is known beforehand.

What AWS makes of a resource, such as its ARN, follows from its arguments (`kinds.Kind.attributes`). A reference to
anything else is an error of the test or of the stack, never a value that is passed over.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kit.synthesized import Resource, Stack

import project
from kinds import KINDS

ACCOUNT = "123456789012"
#: Terraform's own arguments (Terraform language, "Meta-Arguments"), and cdktf's remarks.
META = {"//", "depends_on", "lifecycle", "provider", "count", "for_each", "provisioner", "connection", "timeouts"}
_REFERENCE = re.compile(r"\$\{([\w.-]+)\}")


def resolved(stack: Stack) -> list[Resource]:
    """The stack's resources with every reference replaced. Raises LookupError, in words, for one that leads nowhere."""
    return _Values(stack).resources()


@dataclass
class _Values:
    stack: Stack

    def __post_init__(self) -> None:
        self.by_address = {resource.address: resource for resource in self.stack.resources}
        region = self.stack.region
        self.place = {"account": ACCOUNT, "region": region, "partition": project.partition(region)}

    def resources(self) -> list[Resource]:
        return [
            replace(each, values={key: self.put_in(value) for key, value in each.values.items() if key not in META})
            for each in self.stack.resources
        ]

    def put_in(self, value: Any) -> Any:
        if isinstance(value, str):
            text = _REFERENCE.sub(lambda found: str(self.attribute(found[1])), value)
            if "${" in text:
                raise LookupError(f"{value}: Terraform works it out; what AWS gets is not known here")
            return text
        if isinstance(value, Mapping):
            return {key: self.put_in(each) for key, each in value.items()}
        return [self.put_in(each) for each in value] if isinstance(value, list) else value

    def attribute(self, reference: str) -> Any:
        """What `kind.id.attribute` stands for."""
        if reference == "data.aws_caller_identity.caller.account_id":
            return ACCOUNT
        address, _, name = reference.rpartition(".")
        if address not in self.by_address:
            raise LookupError(f"{reference}: {self.stack.lab} has no {address}")
        resource = self.by_address[address]
        if name in resource.values:
            return self.put_in(resource.values[name])
        template = KINDS[resource.kind].attributes.get(name) if resource.kind in KINDS else None
        if template is None:
            raise LookupError(f"{reference}: what AWS makes of it is not known: add it to tests/aws/kinds.py")
        return template.format(**{**self.place, **{key: self.put_in(each) for key, each in resource.values.items()}})
