"""Execution roles: the account's shared role, or one least-privilege role for each that acts."""

from typing import Any, Protocol

from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from stacks.lab import LabStack, to_json

#: One statement of a policy document (IAM User Guide, "IAM JSON policy reference").
Statement = dict[str, Any]


def allow(actions: list[str], resource: str) -> Statement:
    """The statement that allows exactly `actions` on exactly `resource`."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def policy_document(*statements: Statement) -> str:
    return to_json({"Version": "2012-10-17", "Statement": statements})


class ExecutionRole(Construct):
    """The role that a service takes on for one function, workflow or rule, by the context's `role`.

    A name such as `LabRole` means the existing role of that name in the account, for everything: no IAM resource is
    created, and grants do nothing. `dedicated` creates a role whose policies are the grants.
    """

    def __init__(self, lab: LabStack, id: str, *, name: str, service: str) -> None:
        super().__init__(lab, id)
        self._role: IamRole | None = None
        #: What must exist before the role can be used.
        self.grants: list[IamRolePolicy] = []
        if lab.settings.role != "dedicated":
            self.arn = f"{lab.arns}:iam::{lab.account}:role/{lab.settings.role}"
            return
        trust: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        self._role = IamRole(self, "role", name=name, assume_role_policy=policy_document(trust))
        self.arn = self._role.arn

    def grant(self, id: str, *statements: Statement) -> None:
        """Allow the statements under the policy name `id`; nothing to do for a role that is not ours."""
        if self._role:
            policy = policy_document(*statements)
            self.grants.append(IamRolePolicy(self, id, name=id, role=self._role.id, policy=policy))


class Grantee(Protocol):
    """What acts under a role of its own, and may be allowed something: a function, a workflow."""

    @property
    def role(self) -> ExecutionRole: ...
