"""Claim check: a body too long for a message lies in a bucket, and the message says where.

The reference, `{"claim_check": {"bucket": ..., "key": ...}, ...}`, repeats the body's short fields, so that filters
still see them (Enterprise Integration Patterns, "Claim Check").
"""

import os
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from labkit.messages import Rejected, read_object

#: Amazon S3 User Guide, "Naming Amazon S3 objects".
MAX_KEY_BYTES = 1024


def read_claimed(body: str) -> dict[str, Any]:
    """The JSON object in a body, or in the stored body that it refers to.

    Only the lab's own bucket, CLAIMS_BUCKET, is read, whatever the message says. Raises Rejected when there is no such
    object, or it is no JSON object.
    """
    content = read_object(body)
    claim = content.get("claim_check")
    if claim is None:
        return content
    if not isinstance(claim, dict) or claim.get("bucket") != os.environ["CLAIMS_BUCKET"]:
        raise Rejected("the message refers to a stored body outside the lab's bucket")
    key = claim.get("key")
    if not isinstance(key, str) or not 1 <= len(key.encode()) <= MAX_KEY_BYTES:
        raise Rejected("the message does not say which stored body it refers to")
    try:
        stored = _s3().get_object(Bucket=claim["bucket"], Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            raise Rejected("the stored body that the message refers to is gone") from None
        raise
    return read_object(stored.decode(errors="replace"))


def store(bucket: str, key: str, body: bytes) -> dict[str, Any]:
    """Store a body under this key; what its message says instead. Raises what boto3 raises."""
    _s3().put_object(Bucket=bucket, Key=key, Body=body)
    return {"claim_check": {"bucket": bucket, "key": key}}


@cache
def _s3() -> Any:
    return boto3.client("s3")
