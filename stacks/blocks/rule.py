"""EventBridge rules: what matches a pattern, or a moment, goes to a function, queue or workflow; failures are kept."""

from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
    CloudwatchEventTargetInputTransformer,
)
from cdktf_cdktf_provider_aws.lambda_function_event_invoke_config import (
    LambdaFunctionEventInvokeConfig,
    LambdaFunctionEventInvokeConfigDestinationConfig,
    LambdaFunctionEventInvokeConfigDestinationConfigOnFailure,
)
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from project import ProjectError
from stacks.blocks.function import Function
from stacks.blocks.patterns import check_pattern
from stacks.blocks.queue import DeadLetterQueue, Source
from stacks.blocks.role import ExecutionRole, allow
from stacks.lab import LabStack, to_json

#: Lambda Developer Guide, "Error handling for asynchronous invocation": the default, and the most.
RETRIES = 2
#: An event that could not be handled within an hour is of no use any more.
MAX_AGE_S = 3600


def rule_source(lab: LabStack, bus: str = "") -> Source:
    """The lab's rules, as senders to a queue: all of them on `bus`, or those on the default bus."""
    return Source("events.amazonaws.com", lab.arn("events", f"rule/{bus + '/' if bus else ''}{lab.name('*')}"))


def any_lab(lab: LabStack) -> Source:
    """The rules of all labs with this prefix, as senders to a queue: one lab may drive another."""
    return Source("events.amazonaws.com", lab.arn("events", f"rule/{lab.settings.prefix}-*"))


class Rule(Construct):
    """A rule by `schedule`, rate(...) or cron(...) in UTC, or by event `pattern` on `bus`.

    What a target does not take, after EventBridge's retries, rests in `dead_letters`. Raises project.ProjectError,
    with the rule's name, when the pattern is none.
    """

    def __init__(
        self,
        lab: LabStack,
        id: str,
        *,
        dead_letters: DeadLetterQueue,
        schedule: str | None = None,
        pattern: dict[str, Any] | None = None,
        bus: str | None = None,
        enabled: bool = True,
    ) -> None:
        super().__init__(lab, id)
        self._lab = lab
        self._name = lab.name(id)
        self.dead_letters = dead_letters
        self._bus = bus
        if pattern is not None and (problems := check_pattern(pattern)):
            raise ProjectError("\n".join(f"rule {self._name}: {problem}" for problem in problems))
        self.resource = CloudwatchEventRule(
            self,
            "Default",
            name=self._name,
            event_bus_name=bus,
            schedule_expression=schedule,
            event_pattern=to_json(pattern) if pattern is not None else None,
            state="ENABLED" if enabled else "DISABLED",
        )

    def run(self, function: Function) -> None:
        """Run the function with each event; an event that it fails on, after two retries, goes to `dead_letters`."""
        permission = LambdaPermission(
            self,
            "permission",
            action="lambda:InvokeFunction",
            function_name=function.resource.function_name,
            principal="events.amazonaws.com",
            source_arn=self.resource.arn,
        )
        self._target(function.resource.arn, depends_on=[permission])
        self.dead_letters.grant_send(function)
        failure = LambdaFunctionEventInvokeConfigDestinationConfigOnFailure(destination=self.dead_letters.resource.arn)
        LambdaFunctionEventInvokeConfig(
            self,
            "on-failure",
            function_name=function.resource.function_name,
            maximum_retry_attempts=RETRIES,
            maximum_event_age_in_seconds=MAX_AGE_S,
            destination_config=LambdaFunctionEventInvokeConfigDestinationConfig(on_failure=failure),
            depends_on=function.role.grants or None,
        )

    def send_to(
        self,
        queue_arn: str,
        *,
        input_path: str | None = None,
        paths: dict[str, str] | None = None,
        template: str | None = None,
    ) -> None:
        """Send each event to a queue, whose policy must accept the rule.

        As it is, or the part at `input_path`, or `template` with the parts of the event named by `paths`.
        """
        transformer = None
        if template is not None:
            transformer = CloudwatchEventTargetInputTransformer(input_paths=paths or {}, input_template=template)
        self._target(queue_arn, input_path=input_path, input_transformer=transformer)

    def start(self, workflow_arn: str, *, input_path: str | None = None) -> None:
        """Start an execution of the workflow with each event, or with the part at `input_path`."""
        role = ExecutionRole(self._lab, f"{self.node.id}-role", name=self._name, service="events.amazonaws.com")
        role.grant("start-workflow", allow(["states:StartExecution"], workflow_arn))
        self._target(workflow_arn, input_path=input_path, role_arn=role.arn, depends_on=role.grants or None)

    def _target(self, arn: str, **details: Any) -> None:
        CloudwatchEventTarget(
            self,
            "target",
            rule=self.resource.name,
            event_bus_name=self._bus,
            arn=arn,
            dead_letter_config=CloudwatchEventTargetDeadLetterConfig(arn=self.dead_letters.arn),
            **details,
        )
