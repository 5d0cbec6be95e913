"""A subscription's redrive policy holds: a message that its endpoint does not take rests in the dead-letter queue.

AWS (SNS Developer Guide, "Amazon SNS dead-letter queues"): a client-side error, such as a deleted endpoint or a policy
that forbids the delivery, is not tried again; the message goes to the subscription's dead-letter queue as it would have
been delivered. MiniStack logs the failure and forgets the message.
"""

import json
import logging
from typing import Any

from ministack.services import lambda_svc, sns, sqs

logger = logging.getLogger("topics")


def apply() -> None:
    to_queue = sns._deliver_to_sqs
    to_function = sns._deliver_to_lambda

    def deliver_to_sqs(endpoint: str, envelope: str, raw: bool, raw_message: str, **named: Any) -> None:
        topic_arn = named.get("topic_arn", "")
        if _takes(endpoint, topic_arn):
            to_queue(endpoint, envelope, raw, raw_message, **named)
        else:
            _keep(endpoint, envelope, raw, raw_message, **named)

    def deliver_to_lambda(endpoint: str, envelope: str, topic_arn: str, *rest: Any) -> None:
        if lambda_svc._get_func_record_for_ref(endpoint)[0]:
            to_function(endpoint, envelope, topic_arn, *rest)
        else:
            _keep(endpoint, envelope, False, envelope, topic_arn=topic_arn)

    sns._deliver_to_sqs = deliver_to_sqs
    sns._deliver_to_lambda = deliver_to_lambda


def _takes(queue_arn: str, topic_arn: str) -> bool:
    account = topic_arn.split(":")[4] if topic_arn.count(":") > 4 else ""
    return bool(sqs._queue_by_arn(queue_arn)) and sqs.queue_policy_allows(
        queue_arn, "sns.amazonaws.com", topic_arn, account
    )


def _keep(endpoint: str, *message: Any, topic_arn: str = "", **named: Any) -> None:
    """Deliver the message, with its attributes and its place in its group, to the subscription's dead-letter queue."""
    topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
    for subscription in topic["subscriptions"]:
        if subscription.get("endpoint") == endpoint:
            policy = json.loads((subscription.get("attributes") or {}).get("RedrivePolicy") or "{}")
            dead_letters = policy.get("deadLetterTargetArn")
            if dead_letters and _takes(dead_letters, topic_arn):
                sns._deliver_to_sqs(dead_letters, *message, topic_arn=topic_arn, **named)
            elif dead_letters:
                logger.warning("%s does not take what %s did not take: it is lost", dead_letters, endpoint)
