"""An SNS topic: closed and encrypted; each subscription keeps what it could not deliver."""

from typing import Any

from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from project import ProjectError
from stacks.blocks.patterns import check_pattern
from stacks.blocks.queue import DeadLetterQueue, Queue, Source
from stacks.blocks.role import Grantee, Statement, allow, policy_document
from stacks.lab import LabStack, to_json


class Topic(Construct):
    """A topic, encrypted, reachable by TLS and from this account only; a `fifo` topic feeds FIFO queues in order."""

    def __init__(self, lab: LabStack, id: str, *, fifo: bool = False) -> None:
        super().__init__(lab, id)
        self.lab = lab
        self.fifo = fifo
        self.name = lab.name(id) + (".fifo" if fifo else "")
        self.arn = lab.arn("sns", self.name)
        self.resource = SnsTopic(
            self,
            "Default",
            name=self.name,
            fifo_topic=fifo or None,
            kms_master_key_id="alias/aws/sns",
            policy=policy_document(*self._policy()),
        )

    @property
    def source(self) -> Source:
        """The topic as a sender to a queue."""
        return Source("sns.amazonaws.com", self.arn)

    def deliver_to(
        self,
        queue: Queue,
        *,
        attributes: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        raw: bool = False,
    ) -> DeadLetterQueue:
        """Subscribe a queue, which must accept `source`, to everything or to what a filter lets through.

        A filter looks at the message's `attributes` or at its `body`, which must then be JSON. A `raw` delivery is the
        message as it was published, without SNS's envelope. Returns the subscription's own dead-letter queue.
        Raises project.ProjectError when the filter is none, or looks at both.
        """
        id = f"{queue.node.id}-subscription"
        if attributes is not None and body is not None:  # SNS API reference, Subscribe: one FilterPolicyScope
            raise ProjectError(f"filter of {self.lab.name(id)}: it looks at the attributes or at the body, not at both")
        policy = attributes if body is None else body
        if policy is not None and (problems := check_pattern(policy)):
            raise ProjectError("\n".join(f"filter of {self.lab.name(id)}: {problem}" for problem in problems))
        undelivered = DeadLetterQueue(self.lab, f"{queue.node.id}-undelivered", fifo=self.fifo, accepts=(self.source,))
        SnsTopicSubscription(
            self,
            id,
            topic_arn=self.resource.arn,
            protocol="sqs",
            endpoint=queue.resource.arn,
            raw_message_delivery=raw,
            filter_policy=to_json(policy) if policy is not None else None,
            filter_policy_scope=("MessageAttributes" if body is None else "MessageBody")
            if policy is not None
            else None,
            redrive_policy=to_json({"deadLetterTargetArn": undelivered.arn}),
            depends_on=[undelivered.resource],
        )
        return undelivered

    def notify(self, protocol: str, endpoint: str) -> None:
        """Subscribe a person or a service elsewhere: `email`, `https` or `sms`. They confirm it themselves."""
        SnsTopicSubscription(self, protocol, topic_arn=self.resource.arn, protocol=protocol, endpoint=endpoint)

    def grant_publish(self, user: Grantee) -> None:
        """Allow a function or a workflow to publish to this topic."""
        user.role.grant(f"publish-to-{self.node.id}", allow(["sns:Publish"], self.arn))

    def publish(self, port: str, **details: Any) -> None:
        """Publish the topic as a port of the lab."""
        self.lab.publish(port, "sns", arn=self.resource.arn, **details)

    def _policy(self) -> list[Statement]:
        """SNS Developer Guide, "Preventative best practices": the owner publishes and subscribes, over TLS."""
        owner = {
            "Effect": "Allow",
            "Principal": {"AWS": f"{self.lab.arns}:iam::{self.lab.account}:root"},
            "Action": ["sns:Publish", "sns:Subscribe"],
            "Resource": self.arn,
        }
        insecure = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": self.arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return [owner, insecure]
