"""Queues lose no message when several threads use them at once.

MiniStack takes messages out of a queue by building a new list and putting it in the place of the old one, in the
threads of its event sources as well as for requests: a message sent at that moment goes to the list that is thrown
away. Here whatever reads or changes a queue's messages holds the lock that MiniStack has for it, and takes on half of
the paths.
"""

import functools
import threading
from collections.abc import Callable
from typing import Any

from ministack.services import eventbridge, lambda_svc, s3, sns, sqs

from engine.corrections import queue_actions

#: Functions that run to their end without waiting for anything. Receiving waits, between calls of the last three.
LOCKED = {
    sqs: (
        "_act_send_message",
        "_act_send_message_batch",
        "_act_delete_message",
        "_act_delete_message_batch",
        "_act_change_visibility",
        "_act_change_visibility_batch",
        "_act_purge_queue",
        "_act_get_queue_attributes",
        "_expire_retained",
        "_dlq_sweep",
        "_collect_msgs",
    ),
    sns: ("_deliver_to_sqs",),
    eventbridge: ("_dispatch_to_sqs",),
    s3: ("_deliver_event_to_sqs",),
    lambda_svc: ("_send_ddb_stream_failure_record",),
}


def apply() -> None:
    lock = threading.RLock()
    sqs._queues_lock = lock

    def locked(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            with lock:
                return function(*arguments, **named)

        return call

    for module, names in LOCKED.items():
        for name in names:
            queue_actions.replace(module, name, locked(getattr(module, name)))
