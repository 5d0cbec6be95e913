"""EventBridge and SNS invoke functions asynchronously: a failed event is tried again, then kept.

AWS (EventBridge User Guide, "Targets"; SNS Developer Guide, "Fanout to Lambda functions"; Lambda Developer Guide,
"Error handling for asynchronous invocation"): rules and topics invoke functions asynchronously, so the function's
retries and destinations hold. MiniStack has that path, and takes it for S3 and Event invocations, but runs the function
of a rule or a subscription once and forgets the event. Here they take it.
"""

import json
from typing import Any

from ministack.services import eventbridge, sns

from engine.corrections import delivery


def apply() -> None:
    from_rule = eventbridge._dispatch_to_lambda

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        try:
            event = json.loads(payload)
        except ValueError:
            event = None
        if event is None or not delivery.invoke(arn, event):
            from_rule(arn, payload)

    def deliver_to_lambda(
        endpoint: str, envelope: str, topic_arn: str, sub_arn: str, msg_id: str, message: str, attributes: Any
    ) -> None:
        try:
            notification = json.loads(envelope)
        except ValueError:  # raw delivery, which SNS does not have for functions
            notification = json.loads(sns._build_envelope(topic_arn, msg_id, message, "", attributes, False))
        record = {"EventVersion": "1.0", "EventSubscriptionArn": sub_arn, "EventSource": "aws:sns"}
        delivery.invoke(endpoint, {"Records": [{**record, "Sns": notification}]})

    eventbridge._dispatch_to_lambda = dispatch_to_lambda
    sns._deliver_to_lambda = deliver_to_lambda
