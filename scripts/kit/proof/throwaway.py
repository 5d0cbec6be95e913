"""The throwaway function: makes the calls that its event lists, and returns how each ended. Runs in Lambda only."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, str]:
    """The code of the error by which each call ended, or an empty one."""
    return {action: _code(call) for action, call in event["calls"].items()}


def _code(call: dict[str, Any]) -> str:
    client = boto3.client(
        call["service"], config=Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
    )
    try:
        getattr(client, call["operation"])(**call["arguments"])
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except BotoCoreError as error:
        return type(error).__name__
    return ""
