"""A service that the engine does not have says so, in the form in which its callers read errors.

AWS (Smithy, "AWS protocols"): each protocol has its form of an error, with a code and a message. MiniStack answers a
request for a service that it does not have with JSON of its own: a JSON client shows neither code nor text, an XML or
CBOR client breaks. What it does not know of its own services it says as AWS does.
"""

import json
from typing import Any

from engine.corrections import errors
from engine.requests import Answer, Request, around

#: How MiniStack's answer begins; the service's name follows.
UNSUPPORTED = b'{"error": "Unsupported service: '


def apply() -> None:
    async def say_so(request: Request, go_on: Answer) -> Any:
        answer = await go_on()
        if answer[0] == 400 and isinstance(answer[2], bytes) and answer[2].startswith(UNSUPPORTED):
            service = json.loads(answer[2])["error"].rpartition(" ")[2]
            return errors.answer(request.headers, 400, errors.UNKNOWN, f"the local engine has no service {service}")
        return answer

    around(say_so)
