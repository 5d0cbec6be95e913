"""A batch of messages whose function reports failures that cannot be understood has failed as a whole.

AWS (Lambda Developer Guide, "Implementing partial batch responses", "Success and failure conditions" for SQS): no
answer, or no or an empty list of failures, is a success. An item with a wrong key, with an empty or null identifier, or
with one that is no message of the batch makes the whole batch a failure, so that nothing is lost by a slip. MiniStack
deletes every message that it does not find named. Messages that the mapping's filter left out are done either way.
"""

import logging
import time
from collections.abc import Sequence
from typing import Any

from ministack.services import lambda_svc, sqs

from engine.corrections.lambda_events import Unclear, reported_failures

logger = logging.getLogger("queues")


def apply() -> None:
    lambda_svc._run_sqs_batch = run_batch


def run_batch(
    esm: dict[str, Any],
    function: dict[str, Any],
    event: dict[str, Any],
    batch: Sequence[dict[str, Any]],
    queue_url: str,
    queue_name: str,
) -> None:
    """Bring a batch that was received to the mapping's function, and delete what is done with."""
    delivered = [record["messageId"] for record in event["Records"]]
    result = lambda_svc._execute_function(function, event)
    problem = None
    failed: set[str] = set()
    if result.get("error"):
        problem = str(result.get("body"))
    elif "ReportBatchItemFailures" in (esm.get("FunctionResponseTypes") or []):
        try:
            failed = set(reported_failures(result.get("body"), delivered))
        except Unclear as unclear:
            problem = f"{unclear}: all {len(delivered)} messages count as failed"
    if problem:
        failed = set(delivered)
        esm["LastProcessingResult"] = "FAILED"
        logger.warning("%s failed with a batch of %s: %s", esm["FunctionName"], queue_name, problem)
        # They come back after their visibility timeout; the queue's other messages wait a moment, as MiniStack has it.
        lambda_svc._esm_backoff_until[esm["UUID"]] = time.time() + lambda_svc._ESM_BACKOFF_SECONDS
    else:
        esm["LastProcessingResult"] = f"OK - {len(delivered) - len(failed)} records, {len(failed)} partial failures"
        lambda_svc._esm_backoff_until.pop(esm["UUID"], None)
    sqs._delete_messages_for_esm(
        queue_url, {message["receipt_handle"] for message in batch if message["id"] not in failed}
    )
