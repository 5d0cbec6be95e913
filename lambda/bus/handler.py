"""Reviews large orders that come straight from the bus, one event an invocation."""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from labkit.outbox import Outbox

logger = Logger()
outbox = Outbox(os.environ["OUTPUT_QUEUE_URL"])


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Say what is to be reviewed. An event that cannot be handled is tried again, and then kept (see Rule.run)."""
    data = event["detail"]["data"]
    if data.get("crash"):
        raise RuntimeError("review was told to crash")
    outbox.send_one(
        {
            "handled_by": "by-amount",
            "correlation_id": event["id"],
            "review": data.get("order_id"),
            "total": data["total"],
            "replayed": "replay-name" in event,
        }
    )
    logger.info("reviewed", extra={"correlation_id": event["id"]})
