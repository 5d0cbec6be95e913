"""Takes the payment of a checkout, and refunds it."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger import from_environment
from saga import PAY, Answer, perform

logger = Logger()
ledger, sleep = from_environment()


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Answer:
    """Carry out the step or the compensation that the event names, for one checkout."""
    logger.info(event["step"], extra={"checkout_id": event["checkout_id"]})
    return perform(PAY, event, ledger, sleep)
