"""An error of the engine's own, in the form in which its caller reads errors (Smithy, "AWS protocols")."""

from typing import Any

from ministack.core import responses
from ministack.services import cloudwatch

#: What AWS answers to an operation that it does not know. The query protocol has another name for it.
UNKNOWN = "UnknownOperationException"
UNKNOWN_IN_QUERY = "InvalidAction"


def answer(headers: dict[str, str], status: int, code: str, message: str) -> Any:
    """The answer in the protocol of the request; not for the four services that speak REST with XML."""
    if "cbor" in headers.get("smithy-protocol", ""):
        return cloudwatch._error(code, message, status, use_cbor=True)
    if "x-www-form-urlencoded" in headers.get("content-type", ""):
        return responses.error_response_xml(UNKNOWN_IN_QUERY if code == UNKNOWN else code, message, status)
    protocol = responses.JSON_1_0_CONTENT_TYPE if "x-amz-target" in headers else responses.REST_JSON_CONTENT_TYPE
    return responses.error_response_json(code, message, status, content_type=protocol)
