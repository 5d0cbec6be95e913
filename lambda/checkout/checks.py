"""Checks an order before anything is done for it: is it complete, does it look like fraud, is its price right."""

import os
from decimal import Decimal
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger import from_environment
from purchase import answer_check, check_order

logger = Logger()
ledger, sleep = from_environment()
approval_above = Decimal(os.environ["APPROVAL_ABOVE"])


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The answer of the check that the event names."""
    if event["check"] == "order":
        logger.info("order", extra={"execution": event["execution"]})
        return check_order(event["order"], event["execution"], approval_above)
    return answer_check(event["check"], event["order"], ledger.price, sleep)
