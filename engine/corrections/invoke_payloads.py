"""A payload that is no JSON in UTF-8 is refused.

AWS (Lambda API reference, Invoke): such a request ends with InvalidRequestContentException, and no function runs.
MiniStack runs the function with an empty object instead, or ends with an internal error when the bytes are no UTF-8.
"""

import json
import re
from typing import Any

from ministack.core import responses
from ministack.services import lambda_svc

INVOKE = re.compile(r"/functions/[^/]+/(invocations|invoke-async/?)$")


def apply() -> None:
    original = lambda_svc.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:
        problem = _problem(body) if method == "POST" and INVOKE.search(path) else None
        if problem:
            message = f"Could not parse request body into json: Could not parse payload into json: {problem}"
            protocol = responses.REST_JSON_CONTENT_TYPE
            return responses.error_response_json("InvalidRequestContentException", message, content_type=protocol)
        return await original(method, path, headers, body, query)

    lambda_svc.handle_request = handle_request


def _problem(body: bytes) -> str | None:
    try:
        json.loads(body.decode() or "{}")
    except (ValueError, RecursionError) as problem:
        return str(problem)
    return None
