"""The calculator as a student of the course writes it first: in the handler, a client and a send for each message.

The yardstick of the throughput benchmark, and nothing to learn from. Its replies name the request that they answer, so
that the benchmark can count them; else it is the plainest version that gives the calculator's results.
"""

import json
import os
from typing import Any

import boto3


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    for record in event["Records"]:
        body = json.loads(record["body"])
        number1 = body["number1"]
        number2 = body["number2"]
        operation = body.get("operation", "+")
        if operation == "+":
            result = number1 + number2
        elif operation == "-":
            result = number1 - number2
        elif operation == "*":
            result = number1 * number2
        else:
            result = number1 / number2
        sqs = boto3.client("sqs")
        sqs.send_message(
            QueueUrl=os.environ["OUTPUT_QUEUE_URL"],
            MessageBody=json.dumps({"result": result, "correlation_id": record["messageId"]}),
        )
    return {"statusCode": 200}
