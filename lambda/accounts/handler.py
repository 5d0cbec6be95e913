"""Says whether account data is complete and makes sense; where it then goes is for the workflow to decide."""

import json
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from labkit.replies import shorten
from labkit.schema import problems

logger = Logger()
schema = json.loads(Path(__file__).with_name("account.schema.json").read_text())

#: How much of refused data goes into the queue and the notification.
MAX_QUOTED = 2_000


def quoted(event: Any) -> str:
    """The event as JSON, in ASCII."""
    try:
        return json.dumps(event)
    except RecursionError:
        return "nested too deeply to be shown"


@logger.inject_lambda_context
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """The account as it will be stored, or every reason why not. The event is whatever started the workflow."""
    reasons = problems(schema, event)
    logger.info("checked", extra={"valid": not reasons, "account_id": None if reasons else event["account_id"]})
    if reasons:
        return {"valid": False, "reasons": "; ".join(reasons), "data": shorten(quoted(event), MAX_QUOTED)}
    return {"valid": True, "account": {name: event[name].strip() for name in schema["properties"]}}
