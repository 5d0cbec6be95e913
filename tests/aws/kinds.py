"""The labs' kinds of resources: which calls of AWS's API make one, and which parameter each argument becomes.

An argument becomes the parameter of the same name (`memory_size`: `MemorySize`) unless `names` says another; what the
provider adds by itself stands in `given`. Sources: the provider's code (internal/service of
hashicorp/terraform-provider-aws 5.100.0) and the API references of the services.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One call. A name may lead into a parameter: `Code.S3Bucket`, `Targets[0].Arn`."""

    operation: str
    names: Mapping[str, str] = field(default_factory=dict)
    given: Values = field(default_factory=dict)
    #: The argument without which the call is not made.
    only_with: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind of resource."""

    calls: tuple[Call, ...]
    #: What others may refer to beside the arguments: an attribute, and what AWS makes of the arguments.
    attributes: Mapping[str, str] = field(default_factory=dict)
    #: Arguments that Terraform keeps for itself.
    terraform: frozenset[str] = frozenset()
    #: Where an argument has another form than its parameter: the arguments in the form of the parameters.
    adapt: Callable[[Values], Values] = lambda values: values


def _keys(values: Values) -> Values:
    """DynamoDB's key schema, of which Terraform has two arguments."""
    named = {"HASH": values.get("hash_key"), "RANGE": values.get("range_key")}
    schema = [{"attribute_name": name, "key_type": kind} for kind, name in named.items() if name]
    rest = {key: value for key, value in values.items() if key not in ("hash_key", "range_key", "attribute")}
    attributes = [
        {"attribute_name": each["name"], "attribute_type": each["type"]} for each in values.get("attribute", [])
    ]
    return {**rest, "key_schema": schema, "attribute_definitions": attributes}


def _dimensions(values: Values) -> Values:
    """CloudWatch's dimensions: pairs, not a map."""
    pairs = [{"name": name, "value": value} for name, value in values["dimensions"].items()]
    return {**values, "dimensions": pairs}


def _item(values: Values) -> Values:
    """An item of a table, which is JSON."""
    return {**values, "item": json.loads(values["item"])}


def _arn(service: str, resource: str) -> dict[str, str]:
    return {"arn": f"arn:{{partition}}:{service}:{{region}}:{{account}}:{resource}"}


def _bucket(operation: str, names: Mapping[str, str] = {}) -> Kind:  # never changed
    """A setting of a bucket."""
    return Kind((Call(f"s3.{operation}", names),))


_BLOCK = "PublicAccessBlockConfiguration"
_EXTENDED = "ExtendedS3DestinationConfiguration"

KINDS: Mapping[str, Kind] = {
    "aws_cloudwatch_event_archive": Kind(
        (Call("events.CreateArchive", {"name": "ArchiveName"}),),
        _arn("events", "archive/{name}"),
    ),
    "aws_cloudwatch_event_bus": Kind(
        (Call("events.CreateEventBus"),),
        _arn("events", "event-bus/{name}"),
    ),
    "aws_cloudwatch_event_rule": Kind(
        (Call("events.PutRule"),),
        _arn("events", "rule/{name}"),
    ),
    "aws_cloudwatch_event_target": Kind(
        (
            Call(
                "events.PutTargets",
                {
                    "arn": "Targets[0].Arn",
                    "role_arn": "Targets[0].RoleArn",
                    "input_path": "Targets[0].InputPath",
                    "dead_letter_config": "Targets[0].DeadLetterConfig",
                    "input_transformer": "Targets[0].InputTransformer",
                    "input_transformer.input_paths": "Targets[0].InputTransformer.InputPathsMap",
                },
                {"Targets[0].Id": "terraform-20250131080000000000000001"},
            ),
        ),
    ),
    "aws_cloudwatch_log_group": Kind(
        (
            Call("logs.CreateLogGroup", {"name": "logGroupName"}),
            Call("logs.PutRetentionPolicy", {"name": "logGroupName"}, only_with="retention_in_days"),
        ),
        _arn("logs", "log-group:{name}"),
    ),
    "aws_cloudwatch_log_stream": Kind((Call("logs.CreateLogStream", {"name": "logStreamName"}),)),
    "aws_cloudwatch_metric_alarm": Kind(
        (Call("cloudwatch.PutMetricAlarm"),),
        adapt=_dimensions,
    ),
    "aws_dynamodb_table": Kind(
        (
            Call("dynamodb.CreateTable", {"name": "TableName"}),
            Call("dynamodb.UpdateTimeToLive", {"name": "TableName", "ttl": "TimeToLiveSpecification"}, only_with="ttl"),
        ),
        _arn("dynamodb", "table/{name}"),
        adapt=_keys,
    ),
    "aws_dynamodb_table_item": Kind(
        (Call("dynamodb.PutItem"),),
        terraform=frozenset({"hash_key", "range_key"}),
        adapt=_item,
    ),
    "aws_iam_role": Kind(
        (Call("iam.CreateRole", {"name": "RoleName", "assume_role_policy": "AssumeRolePolicyDocument"}),),
        {"arn": "arn:{partition}:iam::{account}:role/{name}", "id": "{name}"},
    ),
    "aws_iam_role_policy": Kind(
        (Call("iam.PutRolePolicy", {"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"}),),
    ),
    "aws_kinesis_firehose_delivery_stream": Kind(
        (
            Call(
                "firehose.CreateDeliveryStream",
                {
                    "name": "DeliveryStreamName",
                    "kinesis_source_configuration": "KinesisStreamSourceConfiguration",
                    "extended_s3_configuration": _EXTENDED,
                    "extended_s3_configuration.buffering_interval": f"{_EXTENDED}.BufferingHints.IntervalInSeconds",
                    "extended_s3_configuration.buffering_size": f"{_EXTENDED}.BufferingHints.SizeInMBs",
                },
                {"DeliveryStreamType": "KinesisStreamAsSource"},
            ),
        ),
        _arn("firehose", "deliverystream/{name}"),
        frozenset({"destination"}),
    ),
    "aws_kinesis_stream": Kind(
        (
            Call("kinesis.CreateStream", {"name": "StreamName"}),
            Call(
                "kinesis.IncreaseStreamRetentionPeriod",
                {"name": "StreamName", "retention_period": "RetentionPeriodHours"},
                only_with="retention_period",
            ),
            Call(
                "kinesis.StartStreamEncryption", {"name": "StreamName", "kms_key_id": "KeyId"}, only_with="kms_key_id"
            ),
        ),
        _arn("kinesis", "stream/{name}"),
        frozenset({"enforce_consumer_deletion"}),
    ),
    "aws_kinesis_stream_consumer": Kind(
        (Call("kinesis.RegisterStreamConsumer", {"name": "ConsumerName"}),),
        {"arn": "{stream_arn}/consumer/{name}:1738310400"},
    ),
    "aws_lambda_event_source_mapping": Kind(
        (
            Call(
                "lambda.CreateEventSourceMapping",
                {"destination_config.on_failure.destination_arn": "DestinationConfig.OnFailure.Destination"},
            ),
        ),
    ),
    "aws_lambda_function": Kind(
        (Call("lambda.CreateFunction", {"s3_bucket": "Code.S3Bucket", "s3_key": "Code.S3Key"}),),
        _arn("lambda", "function:{function_name}"),
        frozenset({"source_code_hash"}),
    ),
    "aws_lambda_function_event_invoke_config": Kind((Call("lambda.PutFunctionEventInvokeConfig"),)),
    "aws_lambda_layer_version": Kind(
        (Call("lambda.PublishLayerVersion", {"s3_bucket": "Content.S3Bucket", "s3_key": "Content.S3Key"}),),
        _arn("lambda", "layer:{layer_name}:1"),
        frozenset({"source_code_hash"}),
    ),
    "aws_lambda_permission": Kind(
        (Call("lambda.AddPermission", given={"StatementId": "terraform-20250131080000000000000001"}),),
    ),
    "aws_s3_bucket": Kind(
        (Call("s3.CreateBucket"),),
        {"arn": "arn:{partition}:s3:::{bucket}", "id": "{bucket}"},
        frozenset({"force_destroy"}),
    ),
    "aws_s3_bucket_policy": _bucket("PutBucketPolicy"),
    "aws_s3_bucket_public_access_block": _bucket(
        "PutPublicAccessBlock",
        {
            "block_public_acls": f"{_BLOCK}.BlockPublicAcls",
            "block_public_policy": f"{_BLOCK}.BlockPublicPolicy",
            "ignore_public_acls": f"{_BLOCK}.IgnorePublicAcls",
            "restrict_public_buckets": f"{_BLOCK}.RestrictPublicBuckets",
        },
    ),
    "aws_s3_bucket_server_side_encryption_configuration": _bucket(
        "PutBucketEncryption", {"rule": "ServerSideEncryptionConfiguration.Rules"}
    ),
    "aws_s3_object": Kind((Call("s3.PutObject", {"source": "Body"}),)),
    "aws_schemas_discoverer": Kind((Call("schemas.CreateDiscoverer"),)),
    "aws_schemas_registry": Kind((Call("schemas.CreateRegistry", {"name": "RegistryName"}),)),
    "aws_sfn_state_machine": Kind(
        (
            Call(
                "stepfunctions.CreateStateMachine",
                {
                    "logging_configuration.log_destination": (
                        "loggingConfiguration.destinations[0].cloudWatchLogsLogGroup.logGroupArn"
                    )
                },
            ),
        ),
        _arn("states", "stateMachine:{name}"),
    ),
    "aws_sns_topic": Kind(
        (
            Call(
                "sns.CreateTopic",
                {
                    "kms_master_key_id": "Attributes.KmsMasterKeyId",
                    "policy": "Attributes.Policy",
                    "fifo_topic": "Attributes.FifoTopic",
                },
            ),
        ),
        _arn("sns", "{name}"),
    ),
    "aws_sns_topic_subscription": Kind(
        (
            Call(
                "sns.Subscribe",
                {
                    "raw_message_delivery": "Attributes.RawMessageDelivery",
                    "redrive_policy": "Attributes.RedrivePolicy",
                    "filter_policy": "Attributes.FilterPolicy",
                    "filter_policy_scope": "Attributes.FilterPolicyScope",
                },
            ),
        ),
    ),
    "aws_sqs_queue": Kind(
        (
            Call(
                "sqs.CreateQueue",
                {
                    "name": "QueueName",
                    "message_retention_seconds": "Attributes.MessageRetentionPeriod",
                    "visibility_timeout_seconds": "Attributes.VisibilityTimeout",
                    "sqs_managed_sse_enabled": "Attributes.SqsManagedSseEnabled",
                    "fifo_queue": "Attributes.FifoQueue",
                    "policy": "Attributes.Policy",
                    "redrive_policy": "Attributes.RedrivePolicy",
                    "redrive_allow_policy": "Attributes.RedriveAllowPolicy",
                },
            ),
        ),
        {
            **_arn("sqs", "{name}"),
            "url": "https://sqs.{region}.amazonaws.com/{account}/{name}",
            "id": "https://sqs.{region}.amazonaws.com/{account}/{name}",
        },
    ),
    "aws_ssm_parameter": Kind((Call("ssm.PutParameter"),)),
    # Waits on the machine that deploys.
    "terraform_data": Kind((), terraform=frozenset({"triggers_replace"})),
}
