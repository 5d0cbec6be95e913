"""A Step Functions state machine with its role and log group."""

from collections.abc import Mapping
from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.sfn_state_machine import (
    SfnStateMachine,
    SfnStateMachineLoggingConfiguration,
    SfnStateMachineTimeouts,
)
from constructs import Construct

from stacks.blocks import asl
from stacks.blocks.function import LOG_RETENTION_DAYS, Function
from stacks.blocks.role import ExecutionRole, allow
from stacks.lab import LabStack, to_json

#: What delivering logs needs, on all resources: these actions know none (Step Functions Developer Guide, "Logging").
LOG_ACTIONS = [
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
]
#: AWS deletes a workflow once its executions have ended, at the next state of each (Step Functions API reference,
#: DeleteStateMachine). The longest state waits ten minutes for a person, and the provider by itself five.
DELETE_TIMEOUT = "15m"


class Workflow(Construct):
    """The state machine that `stacks/workflows/<lab>.asl.json` defines; see `stacks.blocks.asl` for what is added.

    `functions` are those that it runs, by the names that the definition has for them; `values` are its other
    substitutions. A Standard workflow keeps the history of every execution; an `express` one keeps none, so that its
    log has every state. Setting `workflow.logs` leaves all logs out.
    """

    def __init__(
        self,
        lab: LabStack,
        id: str,
        *,
        functions: Mapping[str, Function],
        values: Mapping[str, str],
        express: bool = False,
    ) -> None:
        super().__init__(lab, id)
        self.lab = lab
        self.name = lab.name(id)
        self.type = "EXPRESS" if express else "STANDARD"
        self.role = ExecutionRole(lab, f"{id}-role", name=self.name, service="states.amazonaws.com")
        arns = {name: function.resource.arn for name, function in functions.items()}
        for name, arn in arns.items():
            self.role.grant(f"run-{name.lower()}", allow(["lambda:InvokeFunction"], arn))
        # Names that begin so keep the account's one policy for deliveries short (same guide, "Logging").
        self.log_group = f"/aws/vendedlogs/states/{self.name}" if lab.settings.workflow_logs else ""
        logging = self._logging(express)
        definition = to_json(asl.load(lab.lab, {**arns, **values}))
        self.resource = SfnStateMachine(
            self,
            "Default",
            name=self.name,
            type=self.type,
            # The file is written as the console shows it, with the integrations' ARNs in AWS's first partition.
            definition=definition.replace('"arn:aws:states:', f'"{lab.arns}:states:'),
            role_arn=self.role.arn,
            logging_configuration=logging,
            timeouts=SfnStateMachineTimeouts(delete=DELETE_TIMEOUT),
            depends_on=self.role.grants or None,
        )

    def _logging(self, express: bool) -> SfnStateMachineLoggingConfiguration:
        """The log group, and what goes there. Made before the workflow, whose creation AWS refuses without leave."""
        if not self.log_group:  # said: the provider takes a block that is missing for one that stays as it is
            return SfnStateMachineLoggingConfiguration(level="OFF")
        logs = CloudwatchLogGroup(self, "logs", name=self.log_group, retention_in_days=LOG_RETENTION_DAYS)
        self.role.grant("deliver-logs", allow(LOG_ACTIONS, "*"))
        return SfnStateMachineLoggingConfiguration(
            level="ALL" if express else "ERROR", include_execution_data=True, log_destination=f"{logs.arn}:*"
        )

    def publish(self, port: str, **details: Any) -> None:
        """Publish the workflow as a port of the lab: what is sent there starts an execution."""
        logs = {"logs": self.log_group} if self.log_group else {}
        self.lab.publish(port, "states", arn=self.resource.arn, type=self.type, **logs, **details)
