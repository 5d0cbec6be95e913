"""What corrections of queues share: MiniStack keeps the functions for SQS's actions twice."""

from collections.abc import Callable
from typing import Any

from ministack.services import sqs


def replace(module: Any, name: str, function: Callable[..., Any]) -> None:
    """Put a function in the place of one of MiniStack's modules, for its callers and for requests to SQS."""
    original = getattr(module, name)
    setattr(module, name, function)
    for action, handler in sqs._HANDLERS.items():
        if handler is original:
            sqs._HANDLERS[action] = function
