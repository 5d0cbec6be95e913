"""SQS event sources gather batches of more than ten messages, over a batching window.

AWS (Lambda Developer Guide, "Creating and configuring an Amazon SQS event source mapping"): a batch is sent when it has
BatchSize messages (up to 10,000), when the window has passed since the first of them, or before it exceeds 6 MB.
MiniStack takes ten at most and knows no window. Here messages stay in the queue until their batch is due, and are
received together.
"""

import threading
import time
from typing import Any

from ministack.core.concurrency import esm_wake
from ministack.services import lambda_svc, sqs

from engine.corrections.lambda_events import MAX_PAYLOAD_BYTES, RECORD_OVERHEAD_BYTES

#: What SQS hands out in one call, and so what MiniStack does.
RECEIVE_LIMIT = 10


def apply() -> None:
    receive = sqs._receive_messages_for_esm
    alarms: dict[str, float] = {}

    def receive_messages_for_esm(queue_url: str, max_number: int) -> list[dict[str, Any]]:
        queue = sqs._get_q(queue_url)
        window_s = _window(queue["attributes"]["QueueArn"])
        if not window_s and max_number <= RECEIVE_LIMIT:
            return list(receive(queue_url, max_number))
        with sqs._queues_lock:
            count, due_at = _next_batch(queue, max_number, window_s)
            if count and time.time() < due_at:
                _wake_at(queue_url, due_at, alarms)
                return []
            batch: list[dict[str, Any]] = []
            while len(batch) < count and (messages := receive(queue_url, min(count - len(batch), RECEIVE_LIMIT))):
                batch += messages
            return batch

    sqs._receive_messages_for_esm = receive_messages_for_esm


def _window(queue_arn: str) -> float:
    """The window of the queue's event source, in seconds; the longest if it has several."""
    sources = (esm for _, _, esm in lambda_svc._iter_all_esms() if esm["EventSourceArn"] == queue_arn)
    return max((float(esm.get("MaximumBatchingWindowInSeconds") or 0) for esm in sources), default=0)


def _next_batch(queue: dict[str, Any], batch_size: int, window_s: float) -> tuple[int, float]:
    """How many of the visible messages make the next batch, and from when on it may be sent."""
    now = time.time()
    count, size = 0, 0
    first = now
    for message in queue["messages"]:
        if message["visible_at"] > now:
            continue
        size += len(message["body"]) + len(str(message.get("message_attributes") or "")) + RECORD_OVERHEAD_BYTES
        if count and size > MAX_PAYLOAD_BYTES:
            return count, now
        first = min(first, max(message["visible_at"], message["sent_at"]))
        count += 1
        if count == batch_size:
            return count, now
    return count, first + window_s


def _wake_at(queue_url: str, due_at: float, alarms: dict[str, float]) -> None:
    """Wake the poll loop when the window ends; it would look again a second later."""
    if alarms.get(queue_url) != due_at:
        alarms[queue_url] = due_at
        timer = threading.Timer(max(0.0, due_at - time.time()), esm_wake.set)
        timer.daemon = True
        timer.start()
