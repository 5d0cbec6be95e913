"""A subscription's redrive policy holds: a message that its endpoint does not take rests in the dead-letter queue.

AWS (SNS Developer Guide, "Amazon SNS dead-letter queues"): a client-side error, such as a deleted endpoint or a policy
that forbids the delivery, is not tried again; the message goes to the subscription's dead-letter queue as it would have
been delivered. MiniStack logs the failure and forgets the message.
"""

import json
from typing import Any

from ministack.services import lambda_svc, sns, sqs

from engine.corrections import delivery


def apply() -> None:
    to_queue = sns._deliver_to_sqs
    to_function = sns._deliver_to_lambda

    def deliver_to_sqs(endpoint: str, envelope: str, raw: bool, raw_message: str, **named: Any) -> None:
        topic_arn = named.get("topic_arn", "")
        if _takes(endpoint, topic_arn):
            to_queue(endpoint, envelope, raw, raw_message, **named)
        else:
            _keep(topic_arn, endpoint, raw_message if raw else envelope)

    def deliver_to_lambda(endpoint: str, envelope: str, topic_arn: str, *rest: Any) -> None:
        if lambda_svc._get_func_record_for_ref(endpoint)[0]:
            to_function(endpoint, envelope, topic_arn, *rest)
        else:
            _keep(topic_arn, endpoint, envelope)

    sns._deliver_to_sqs = deliver_to_sqs
    sns._deliver_to_lambda = deliver_to_lambda


def _takes(queue_arn: str, topic_arn: str) -> bool:
    account = topic_arn.split(":")[4] if topic_arn.count(":") > 4 else ""
    return bool(sqs._queue_by_arn(queue_arn)) and sqs.queue_policy_allows(
        queue_arn, "sns.amazonaws.com", topic_arn, account
    )


def _keep(topic_arn: str, endpoint: str, body: str) -> None:
    topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
    for subscription in topic["subscriptions"]:
        if subscription.get("endpoint") == endpoint:
            policy = json.loads((subscription.get("attributes") or {}).get("RedrivePolicy") or "{}")
            if policy.get("deadLetterTargetArn"):
                delivery.deliver(policy["deadLetterTargetArn"], body)
