"""The Lambda side of a port: a message sent there invokes the function."""

import json
from collections.abc import Iterator, Sequence

from kit.batches import at_once
from kit.outgoing import Sent
from kit.ports import Port
from kit.target import Target

#: At a time; a student account runs about 10 functions at once.
CALLS = 4


class FunctionSender:
    """Invokes the function behind a port, once for each message."""

    def __init__(self, target: Target, port: Port) -> None:
        self._lambda = target.client("lambda")
        self._name = port["function"]

    def problem(self, body: str) -> str | None:
        """Why the function cannot be invoked with this body, or None."""
        try:
            json.loads(body)
        except (ValueError, RecursionError):
            return f"is not JSON, which a function takes: {body[:60]}"
        return None

    def send(self, bodies: Sequence[str]) -> Iterator[list[Sent]]:
        """Invoke the function with each body as its event; yields each outcome, in any order."""
        yield from at_once(lambda item: [self._invoke(*item)], list(enumerate(bodies)), CALLS)

    def _invoke(self, index: int, body: str) -> Sent:
        answer = self._lambda.invoke(FunctionName=self._name, Payload=body.encode())
        if "FunctionError" in answer:
            payload = json.loads(answer["Payload"].read() or "{}")
            return Sent(index, problem=f"the function failed: {payload.get('errorMessage', answer['FunctionError'])}")
        returned = json.loads(answer["Payload"].read() or "null")
        named = returned.get("correlation_id") if isinstance(returned, dict) else None
        return Sent(index, message_id=named or answer["ResponseMetadata"]["RequestId"])
