"""What the labs' roles must allow, from the roles that the stacks make with role=dedicated, and a call for each action.

Every call names something that does not exist: it changes nothing, and what AWS answers tells whether it was allowed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kit.synthesized import Stack

NOWHERE = "prove-nowhere"
#: Options under which the labs need everything that they may need.
CONTEXT = "role=dedicated orders.enhanced_fan_out=projection"


@dataclass(frozen=True)
class Call:
    """A call of boto3 that asks for one permission. {arn} in an argument stands for `arn:<partition>:SERVICE:<region>:
    <account>`, {account} for the account.
    """

    service: str
    operation: str
    arguments: dict[str, Any]


_URL = {"QueueUrl": "https://sqs.{region}.amazonaws.com/{account}/" + NOWHERE}
_STREAM = {"StreamName": NOWHERE}
_CONSUMER = {"ConsumerARN": "{arn:kinesis}:stream/" + NOWHERE + "/consumer/" + NOWHERE + ":1"}
_ITEM = {"TableName": NOWHERE, "Key": {"id": {"S": NOWHERE}}}
_LOGS = {"logGroupName": NOWHERE, "logStreamName": NOWHERE}

CALLS = {
    "sqs:SendMessage": Call("sqs", "send_message", {**_URL, "MessageBody": "x"}),
    "sqs:ReceiveMessage": Call("sqs", "receive_message", _URL),
    "sqs:DeleteMessage": Call("sqs", "delete_message", {**_URL, "ReceiptHandle": "x"}),
    "sqs:GetQueueAttributes": Call("sqs", "get_queue_attributes", {**_URL, "AttributeNames": ["All"]}),
    "sns:Publish": Call("sns", "publish", {"TopicArn": "{arn:sns}:" + NOWHERE, "Message": "x"}),
    "lambda:InvokeFunction": Call("lambda", "invoke", {"FunctionName": NOWHERE}),
    "states:StartExecution": Call(
        "stepfunctions", "start_execution", {"stateMachineArn": "{arn:states}:stateMachine:" + NOWHERE}
    ),
    "kinesis:DescribeStream": Call("kinesis", "describe_stream", _STREAM),
    "kinesis:DescribeStreamSummary": Call("kinesis", "describe_stream_summary", _STREAM),
    "kinesis:DescribeStreamConsumer": Call("kinesis", "describe_stream_consumer", _CONSUMER),
    "kinesis:GetShardIterator": Call(
        "kinesis",
        "get_shard_iterator",
        {**_STREAM, "ShardId": "shardId-000000000000", "ShardIteratorType": "LATEST"},
    ),
    "kinesis:ListShards": Call("kinesis", "list_shards", _STREAM),
    "kinesis:PutRecords": Call("kinesis", "put_records", {**_STREAM, "Records": [{"Data": "x", "PartitionKey": "x"}]}),
    "dynamodb:GetItem": Call("dynamodb", "get_item", _ITEM),
    "dynamodb:PutItem": Call("dynamodb", "put_item", {"TableName": NOWHERE, "Item": _ITEM["Key"]}),
    "dynamodb:UpdateItem": Call("dynamodb", "update_item", _ITEM),
    "dynamodb:DeleteItem": Call("dynamodb", "delete_item", _ITEM),
    "dynamodb:BatchGetItem": Call("dynamodb", "batch_get_item", {"RequestItems": {NOWHERE: {"Keys": [_ITEM["Key"]]}}}),
    "logs:CreateLogStream": Call("logs", "create_log_stream", _LOGS),
    "logs:PutLogEvents": Call("logs", "put_log_events", {**_LOGS, "logEvents": [{"timestamp": 0, "message": "x"}]}),
    "logs:DescribeLogGroups": Call("logs", "describe_log_groups", {"logGroupNamePrefix": NOWHERE}),
    "logs:DescribeResourcePolicies": Call("logs", "describe_resource_policies", {}),
}
_BY_SERVICES = "only services call it; the deployment of a workflow with a log shows it"
_BUCKETS = "S3 looks for the bucket before it looks at permissions; lab orders shows it"
#: What cannot be tried on a name that does not exist, and why.
UNTRIED = {
    "logs:CreateLogDelivery": _BY_SERVICES,
    "logs:GetLogDelivery": _BY_SERVICES,
    "logs:UpdateLogDelivery": _BY_SERVICES,
    "logs:DeleteLogDelivery": _BY_SERVICES,
    "logs:ListLogDeliveries": _BY_SERVICES,
    "logs:PutResourcePolicy": "it would make a policy; the deployment of a workflow with a log shows it",
    "kinesis:GetRecords": "its argument is made by the stream; lab orders shows it",
    "kinesis:SubscribeToShard": "it answers with a stream of events; orders.enhanced_fan_out shows it",
    "s3:AbortMultipartUpload": _BUCKETS,
    "s3:GetBucketLocation": _BUCKETS,
    "s3:GetObject": _BUCKETS,
    "s3:ListBucket": _BUCKETS,
    "s3:ListBucketMultipartUploads": _BUCKETS,
    "s3:PutObject": _BUCKETS,
}


def needed(stacks: Iterable[Stack]) -> list[str]:
    """Every action that a dedicated role of these stacks allows."""
    found: set[str] = set()
    for stack in stacks:
        for policy in stack.of("aws_iam_role_policy"):
            for statement in policy.json("policy").get("Statement", []):
                actions = statement["Action"]
                found |= {actions} if isinstance(actions, str) else set(actions)
    return sorted(found)


def filled(value: Any, partition: str, region: str, account: str) -> Any:
    """A call's arguments, with region and account in place of what stands for them."""
    if isinstance(value, dict):
        return {key: filled(each, partition, region, account) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, partition, region, account) for each in value]
    if not isinstance(value, str):
        return value
    for service in ("kinesis", "sns", "states"):
        value = value.replace(f"{{arn:{service}}}", f"arn:{partition}:{service}:{region}:{account}")
    return value.replace("{region}", region).replace("{account}", account)
