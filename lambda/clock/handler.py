"""Puts the time, and the value of an environment variable, in a queue; run by a schedule or by hand."""

import os
from datetime import datetime, timezone
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from labkit.outbox import Outbox

logger = Logger()
outbox = Outbox(os.environ["OUTPUT_QUEUE_URL"])
foo = os.environ["foo"]  # noqa: SIM112  (the course writes it so)


@logger.inject_lambda_context
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Tell the time. The event is EventBridge's when the schedule runs the function, and anything when a person does.

    A scheduled event that is delivered twice gives two messages with the same correlation_id, by which a reader
    recognizes them.
    """
    scheduled = isinstance(event, dict) and event.get("detail-type") == "Scheduled Event" and "id" in event
    message = {
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "foo": foo,
        "trigger": "schedule" if scheduled else "hand",
        "correlation_id": event["id"] if scheduled else context.aws_request_id,
    }
    outbox.send_one(message)
    logger.info("told the time", extra=message)
    return message
