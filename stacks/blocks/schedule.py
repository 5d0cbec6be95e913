"""An EventBridge schedule that runs a function, and keeps the runs that failed."""

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
)
from cdktf_cdktf_provider_aws.lambda_function_event_invoke_config import (
    LambdaFunctionEventInvokeConfig,
    LambdaFunctionEventInvokeConfigDestinationConfig,
    LambdaFunctionEventInvokeConfigDestinationConfigOnFailure,
)
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from constructs import Construct

from stacks.blocks.function import Function
from stacks.blocks.queue import DeadLetterQueue
from stacks.blocks.role import Statement
from stacks.lab import LabStack

#: Lambda Developer Guide, "Error handling for asynchronous invocation": the default, and the most.
RETRIES = 2
#: A run that could not start within an hour is of no use any more.
MAX_AGE_S = 3600


class Schedule(Construct):
    """Runs `function` by `expression`, rate(...) or cron(...) in UTC, as long as `enabled`.

    A run that fails is tried again twice; then its event rests in `dead_letters`, as do events that EventBridge
    could not hand over.
    """

    def __init__(self, lab: LabStack, id: str, *, expression: str, function: Function, enabled: bool) -> None:
        super().__init__(lab, id)
        name = lab.name(id)
        rule_arn = lab.arn("events", f"rule/{name}")
        self.dead_letters = DeadLetterQueue(lab, f"{id}-dead-letters", statements=(self._may_send(lab, id, rule_arn),))
        rule = CloudwatchEventRule(
            self, "Default", name=name, schedule_expression=expression, state="ENABLED" if enabled else "DISABLED"
        )
        permission = LambdaPermission(
            self,
            "permission",
            action="lambda:InvokeFunction",
            function_name=function.resource.function_name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
        )
        CloudwatchEventTarget(
            self,
            "target",
            rule=rule.name,
            arn=function.resource.arn,
            dead_letter_config=CloudwatchEventTargetDeadLetterConfig(arn=self.dead_letters.arn),
            depends_on=[permission],
        )
        self.dead_letters.grant_send(function)
        LambdaFunctionEventInvokeConfig(
            self,
            "on-failure",
            function_name=function.resource.function_name,
            maximum_retry_attempts=RETRIES,
            maximum_event_age_in_seconds=MAX_AGE_S,
            destination_config=LambdaFunctionEventInvokeConfigDestinationConfig(
                on_failure=LambdaFunctionEventInvokeConfigDestinationConfigOnFailure(
                    destination=self.dead_letters.resource.arn
                )
            ),
            depends_on=list(function.role.grants) or None,
        )

    @staticmethod
    def _may_send(lab: LabStack, id: str, rule_arn: str) -> Statement:
        """EventBridge User Guide, "Using dead-letter queues": the queue's policy admits the rule."""
        return {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": lab.arn("sqs", lab.name(f"{id}-dead-letters")),
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
        }
