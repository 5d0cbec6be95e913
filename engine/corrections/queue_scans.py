"""A queue is as fast with ten thousand messages in it as with ten.

AWS (SQS Developer Guide, "Amazon SQS standard queues"): the number of messages in a queue is unlimited, and does not
slow it down. MiniStack walks over all messages, several times, whenever one is received or deleted. Here a walk ends
where it has found what it looks for, which is near the front: messages are received from there.
"""

import json
import time
from typing import Any

from ministack.services import sqs

from engine.corrections import queue_actions

Queue = dict[str, Any]

#: How often messages are looked at that may have become too old: retention is a minute at least.
EXPIRE_EVERY_S = 1.0


def apply() -> None:
    sweep, expire, collect = sqs._dlq_sweep, sqs._expire_retained, sqs._collect_msgs
    delete, delete_batch = sqs._act_delete_message, sqs._act_delete_message_batch
    expired_at: dict[str, float] = {}

    def expire_retained(queue: Queue) -> None:
        arn = queue["attributes"]["QueueArn"]
        if time.monotonic() - expired_at.get(arn, 0) > EXPIRE_EVERY_S:
            expired_at[arn] = time.monotonic()
            expire(queue)

    def dlq_sweep(queue: Queue) -> None:
        if queue["is_fifo"]:
            sweep(queue)  # the rest is swept when a walk comes upon a message that is due

    def collect_msgs(queue: Queue, count: int, visibility_s: int) -> list[dict[str, Any]]:
        if queue["is_fifo"]:
            return list(collect(queue, count, visibility_s))
        most = _max_receive_count(queue)
        due = _first_visible(queue, count)
        if most and any(message["receive_count"] >= most for message in due):
            sweep(queue)
            due = _first_visible(queue, count)
        return list(collect({**queue, "messages": due}, count, visibility_s))

    def delete_message(data: dict[str, Any], url: str) -> dict[str, Any]:
        queue = sqs._get_q(data.get("QueueUrl", url), "sqs:DeleteMessage")
        if _remove(queue, data.get("ReceiptHandle")):
            return {}
        return dict(delete(data, url))  # which says what is wrong

    def delete_message_batch(data: dict[str, Any], url: str) -> dict[str, Any]:
        entries = data.get("Entries", [])
        sqs._validate_batch_entries(entries, "DeleteMessageBatchRequestEntry")
        queue = sqs._get_q(data.get("QueueUrl", url), "sqs:DeleteMessage")
        gone = {entry["Id"] for entry in entries if _remove(queue, entry.get("ReceiptHandle"))}
        rest = [entry for entry in entries if entry["Id"] not in gone]
        failed = delete_batch({**data, "Entries": rest}, url)["Failed"] if rest else []
        return {"Successful": [{"Id": entry["Id"]} for entry in entries if entry["Id"] in gone], "Failed": failed}

    def delete_messages_for_esm(url: str, handles: set[str]) -> None:
        with sqs._queues_lock:
            queue = sqs._get_q(url)
            for handle in handles:
                _remove(queue, handle)

    sqs._expire_retained, sqs._dlq_sweep, sqs._collect_msgs = expire_retained, dlq_sweep, collect_msgs
    queue_actions.replace(sqs, "_act_delete_message", delete_message)
    queue_actions.replace(sqs, "_act_delete_message_batch", delete_message_batch)
    sqs._delete_messages_for_esm = delete_messages_for_esm


def _first_visible(queue: Queue, count: int) -> list[dict[str, Any]]:
    now = time.time()
    found: list[dict[str, Any]] = []
    for message in queue["messages"]:
        if message.get("visible_at", 0) <= now:
            sqs._ensure_msg_fields(message)
            found.append(message)
            if len(found) == count:
                break
    return found


def _max_receive_count(queue: Queue) -> int:
    policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
    return int(policy.get("maxReceiveCount") or 0)


def _remove(queue: Queue, receipt_handle: str | None) -> bool:
    """Take out the message that was received with this handle. Returns whether there was one."""
    if receipt_handle:
        for at, message in enumerate(queue["messages"]):
            if message.get("receipt_handle") == receipt_handle:
                del queue["messages"][at]
                return True
    return False
