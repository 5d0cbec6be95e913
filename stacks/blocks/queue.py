"""SQS queues: closed and encrypted; one with a consumer also retries, and keeps what cannot be handled."""

from typing import Any, NamedTuple

from cdktf import DataResource, ITerraformDependable, LocalExecProvisioner
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingScalingConfig,
)
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from constructs import Construct

from stacks.blocks.function import Function
from stacks.blocks.role import Grantee, Statement, allow, policy_document
from stacks.lab import LabStack, to_json

#: Lambda Developer Guide, "Using Lambda with Amazon SQS": at least 5, so that throttling alone loses nothing.
MAX_RECEIVE_COUNT = 5
#: Same page: six times the function's timeout, so that a batch is not delivered again while it is being handled.
VISIBILITY_PER_TIMEOUT = 6
#: The largest batch without a batching window, so that a single message is not kept waiting.
BATCH_SIZE = 10
#: Bounds the functions that one queue may run at once: a student account has about 10 in all. AWS takes 2 or more.
MAX_CONCURRENCY = 5
#: SQS Developer Guide, "message retention period": 14 days is the most.
DEAD_LETTER_RETENTION_S = 14 * 24 * 3600
#: How long a dead-letter queue is ahead of the queue that names it; see ConsumedQueue.
HEAD_START_S = 5


class Source(NamedTuple):
    """A service that sends to a queue: its principal, and the ARN (or pattern) of its resources that may."""

    service: str
    arn: str


def queue_name(lab: LabStack, id: str, fifo: bool = False) -> str:
    """The queue's name in the account; SQS wants those of FIFO queues to end with .fifo."""
    return lab.name(id) + (".fifo" if fifo else "")


class Queue(Construct):
    """A queue, encrypted, reachable by TLS only.

    `accepts` are the services that may send to it; `attributes` are those of `aws_sqs_queue`. A `fifo` queue keeps
    the order within a message group, and drops duplicates by their deduplication id.
    """

    def __init__(
        self, lab: LabStack, id: str, *, fifo: bool = False, accepts: tuple[Source, ...] = (), **attributes: Any
    ) -> None:
        super().__init__(lab, id)
        self.lab = lab
        self.name = queue_name(lab, id, fifo)
        # Known beforehand: a queue's policy, inline in the queue, cannot refer to the queue.
        self.arn = lab.arn("sqs", self.name)
        self.resource = SqsQueue(
            self,
            "Default",
            name=self.name,
            fifo_queue=fifo or None,
            sqs_managed_sse_enabled=True,
            policy=policy_document(tls_only(self.arn), *(accept(source, self.arn) for source in accepts)),
            **attributes,
        )
        self.url = self.resource.url

    def grant_send(self, user: Grantee) -> None:
        """Allow a function or a workflow to send to this queue."""
        user.role.grant(f"send-to-{self.node.id}", allow(["sqs:SendMessage"], self.arn))

    def publish(self, port: str, **details: Any) -> None:
        """Publish the queue as a port of the lab."""
        self.lab.publish(port, "sqs", url=self.url, arn=self.arn, **details)


class DeadLetterQueue(Queue):
    """Where messages rest that could not be handled, as long as SQS keeps them, with an alarm while there are any.

    `sources` are the ARNs of the queues that may redrive to it.
    """

    def __init__(
        self,
        lab: LabStack,
        id: str,
        *,
        fifo: bool = False,
        sources: tuple[str, ...] = (),
        accepts: tuple[Source, ...] = (),
    ) -> None:
        allowed = {"redrivePermission": "byQueue", "sourceQueueArns": sources}
        super().__init__(
            lab,
            id,
            fifo=fifo,
            accepts=accepts,
            message_retention_seconds=DEAD_LETTER_RETENTION_S,
            redrive_allow_policy=to_json(allowed) if sources else None,
        )
        CloudwatchMetricAlarm(
            self,
            "alarm",
            alarm_name=self.name,
            alarm_description=f"Messages of lab {lab.lab} could not be handled and rest in {self.name}.",
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": self.name},
            statistic="Maximum",
            period=60,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
        )


class ConsumedQueue(Queue):
    """A queue whose messages are handed to `consumer` in batches.

    What the consumer fails on is tried again, and after MAX_RECEIVE_COUNT attempts rests in `dead_letters`. The queue
    runs up to `max_concurrency` of it at once.
    """

    def __init__(
        self,
        lab: LabStack,
        id: str,
        *,
        consumer: Function,
        max_concurrency: int = MAX_CONCURRENCY,
        fifo: bool = False,
        accepts: tuple[Source, ...] = (),
    ) -> None:
        own_arn = lab.arn("sqs", queue_name(lab, id, fifo))
        self.dead_letters = DeadLetterQueue(lab, f"{id}-dead-letters", fifo=fifo, sources=(own_arn,))
        redrive = {"deadLetterTargetArn": self.dead_letters.arn, "maxReceiveCount": MAX_RECEIVE_COUNT}
        super().__init__(
            lab,
            id,
            fifo=fifo,
            accepts=accepts,
            visibility_timeout_seconds=consumer.timeout_s * VISIBILITY_PER_TIMEOUT,
            redrive_policy=to_json(redrive),
            depends_on=[self._head_start(lab, id, consumer)],
        )
        # What the event source mapping calls on the function's behalf (same page as MAX_RECEIVE_COUNT).
        actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        consumer.role.grant(f"receive-from-{id}", allow(actions, self.arn))
        LambdaEventSourceMapping(
            self,
            "event-source",
            event_source_arn=self.resource.arn,
            function_name=consumer.resource.arn,
            batch_size=BATCH_SIZE,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=LambdaEventSourceMappingScalingConfig(maximum_concurrency=max_concurrency),
            depends_on=consumer.role.grants or None,
        )

    def _head_start(self, lab: LabStack, id: str, consumer: Function) -> ITerraformDependable:
        """A moment after SQS was asked for the dead-letter queue, when a redrive policy may name it.

        SQS refuses a redrive policy whose target does not exist. Depending on the target itself, as setting
        `queue.head_start` = false does, would make Terraform wait until the provider has watched it settle for 25 s,
        and then for this queue, another 25 s.

        The moment begins when the consumer's log group is there. Terraform gives its slots in the order in which
        resources become ready, and the dead-letter queue is ready at once: whatever waits for another resource of AWS
        gets its slot later, with any number of slots. `sleep` is POSIX's, which Linux, macOS and WSL have.
        """
        if not lab.settings.queue_head_start:
            return self.dead_letters.resource
        wait = LocalExecProvisioner(type="local-exec", command=f"sleep {HEAD_START_S}")
        triggers = {"queue": self.dead_letters.name}
        return DataResource(
            lab, f"{id}-head-start", triggers_replace=triggers, provisioners=[wait], depends_on=[consumer.logs]
        )


def tls_only(arn: str) -> Statement:
    """SQS Developer Guide, "Security best practices": enforce encryption of data in transit."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def accept(source: Source, queue_arn: str) -> Statement:
    """Lets a service send to the queue, for its own resources alone (IAM User Guide, "confused deputy problem")."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": source.service},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnLike": {"aws:SourceArn": source.arn}},
    }
