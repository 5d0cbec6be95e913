"""Where every request of a client passes by in MiniStack: what watches, refuses or amends it is put around."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from ministack import app


class Request(NamedTuple):
    """A request as MiniStack hands it to the service that it is for."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: dict[str, Any]
    id: str


#: What goes on with the request, once awaited: status, headers and body of the answer.
Answer = Callable[[], Awaitable[Any]]


def around(step: Callable[[Request, Answer], Awaitable[Any]]) -> None:
    """Give every request to `step` from now on: it answers, as a rule with what it awaits. The last is outermost."""
    inner = app._dispatch_service_request

    async def dispatch(*request: Any) -> Any:
        return await step(Request(*request), lambda: inner(*request))

    app._dispatch_service_request = dispatch
