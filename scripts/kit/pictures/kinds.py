"""Which resources a picture shows, and as what. All others are helpers, and folded away."""

from dataclasses import dataclass

_RESOURCE = "resource"
_SERVICE = "architecture-service"


@dataclass(frozen=True)
class Kind:
    """A type of Terraform resource in a picture: `short` begins its ids, `note` tells a newcomer what it is.

    `icon` is a file of the npm package aws-icons; `name` the attribute with the resource's name; `service` is how its
    ARNs begin, for those of other labs.
    """

    short: str
    note: str
    icon: str
    name: str = "name"
    service: str = ""


KINDS = {
    "aws_sqs_queue": Kind("queue", "SQS queue", f"{_SERVICE}/AmazonSimpleQueueService", service="sqs"),
    "aws_lambda_function": Kind("function", "Lambda function", f"{_SERVICE}/AWSLambda", "function_name", "lambda"),
    "aws_sns_topic": Kind("topic", "SNS topic", f"{_SERVICE}/AmazonSimpleNotificationService", service="sns"),
    "aws_dynamodb_table": Kind("table", "DynamoDB table", f"{_SERVICE}/AmazonDynamoDB", service="dynamodb"),
    "aws_s3_bucket": Kind("bucket", "S3 bucket", f"{_SERVICE}/AmazonSimpleStorageService", "bucket", "s3"),
    "aws_sfn_state_machine": Kind("workflow", "state machine", f"{_SERVICE}/AWSStepFunctions", service="states"),
    "aws_kinesis_stream": Kind("stream", "Kinesis stream", f"{_SERVICE}/AmazonKinesisDataStreams", service="kinesis"),
    "aws_kinesis_firehose_delivery_stream": Kind(
        "delivery", "Firehose", f"{_SERVICE}/AmazonDataFirehose", service="firehose"
    ),
    "aws_cloudwatch_event_bus": Kind("bus", "event bus", f"{_SERVICE}/AmazonEventBridge"),
    "aws_cloudwatch_event_rule": Kind("rule", "rule", f"{_RESOURCE}/AmazonEventBridgeRule"),
    "aws_cloudwatch_event_archive": Kind("archive", "archive", f"{_RESOURCE}/AmazonEventBridgeEvent"),
    "aws_scheduler_schedule": Kind("schedule", "schedule", f"{_RESOURCE}/AmazonEventBridgeScheduler"),
    "aws_pipes_pipe": Kind("pipe", "pipe", f"{_RESOURCE}/AmazonEventBridgePipes"),
    "aws_apigatewayv2_api": Kind("api", "HTTP API", f"{_SERVICE}/AmazonAPIGateway"),
    "aws_api_gateway_rest_api": Kind("api", "REST API", f"{_SERVICE}/AmazonAPIGateway"),
}
#: What is no resource of the stack: people, with the tools that they use, and subscribers elsewhere.
CLIENT = Kind("client", "", f"{_RESOURCE}/User")
SUBSCRIBER = Kind("subscriber", "subscriber", f"{_RESOURCE}/Email")
#: A rule that comes by the clock looks like one.
BY_TIME_ICON = f"{_RESOURCE}/AmazonEventBridgeScheduler"

BY_SERVICE = {kind.service: type for type, kind in KINDS.items() if kind.service}
