"""The Lambda side of a port: a message sent there invokes the function."""

import concurrent.futures
import json
from collections.abc import Iterator, Sequence

from kit.cli import Exit, Stop
from kit.ports import Port
from kit.queues import Sent
from kit.target import Target

#: At a time; a student account runs about 10 functions at once.
CALLS = 4


class FunctionSender:
    """Invokes the function behind a port, once for each message."""

    def __init__(self, target: Target, port: Port) -> None:
        self._lambda = target.client("lambda")
        self._name = port["function"]

    def send(self, bodies: Sequence[str]) -> Iterator[list[Sent]]:
        """Invoke the function with each body as its event. Raises Stop when a body is no JSON, before any call."""
        for number, body in enumerate(bodies, 1):
            try:
                json.loads(body)
            except ValueError:
                raise Stop(f"message {number} is not JSON, which a function takes: {body[:60]}", Exit.USAGE) from None
        with concurrent.futures.ThreadPoolExecutor(CALLS) as pool:
            calls = [pool.submit(self._invoke, index, body) for index, body in enumerate(bodies)]
            for call in concurrent.futures.as_completed(calls):
                yield [call.result()]

    def _invoke(self, index: int, body: str) -> Sent:
        answer = self._lambda.invoke(FunctionName=self._name, Payload=body.encode())
        if "FunctionError" in answer:
            payload = json.loads(answer["Payload"].read() or "{}")
            return Sent(index, problem=f"the function failed: {payload.get('errorMessage', answer['FunctionError'])}")
        return Sent(index, message_id=answer["ResponseMetadata"]["RequestId"])
