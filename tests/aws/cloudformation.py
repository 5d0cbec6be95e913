"""A lab's stack as a CloudFormation template, for checks that read nothing else.

The parameters of the API's calls (`calls.py`) are the properties of CloudFormation's resources but for a few names.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kit.synthesized import Resource, Stack

from calls import calls
from paths import Path, leaves, names_of, put, renamed
from resolved import resolved


@dataclass(frozen=True)
class Type:
    """What a kind of resource is in CloudFormation."""

    name: str
    #: Parameters whose property has another name; "" takes what is in it one level up, None leaves it out.
    names: Mapping[str, str | None] = field(default_factory=dict)
    #: The properties belong to the resource of another kind: its kind, and the parameter that names it.
    part_of: tuple[str, str] | None = None
    given: Mapping[str, Any] = field(default_factory=dict)


_BUCKET = ("aws_s3_bucket", "Bucket")

TYPES: Mapping[str, Type | None] = {
    "aws_cloudwatch_event_archive": Type("AWS::Events::Archive", {"EventSourceArn": "SourceArn"}),
    "aws_cloudwatch_event_bus": Type("AWS::Events::EventBus"),
    "aws_cloudwatch_event_rule": Type("AWS::Events::Rule"),
    "aws_cloudwatch_event_target": Type(
        "AWS::Events::Rule", {"EventBusName": None}, part_of=("aws_cloudwatch_event_rule", "Rule")
    ),
    "aws_cloudwatch_log_group": Type("AWS::Logs::LogGroup"),
    "aws_cloudwatch_log_stream": Type("AWS::Logs::LogStream"),
    "aws_cloudwatch_metric_alarm": Type("AWS::CloudWatch::Alarm"),
    "aws_dynamodb_table": Type("AWS::DynamoDB::Table"),
    "aws_dynamodb_table_item": None,
    "aws_iam_role": Type("AWS::IAM::Role"),
    "aws_iam_role_policy": Type("AWS::IAM::RolePolicy"),
    "aws_kinesis_firehose_delivery_stream": Type("AWS::KinesisFirehose::DeliveryStream"),
    "aws_kinesis_stream": Type(
        "AWS::Kinesis::Stream",
        {
            "StreamName": "Name",
            "EncryptionType": "StreamEncryption.EncryptionType",
            "KeyId": "StreamEncryption.KeyId",
        },
    ),
    "aws_kinesis_stream_consumer": Type("AWS::Kinesis::StreamConsumer"),
    "aws_lambda_event_source_mapping": Type("AWS::Lambda::EventSourceMapping"),
    "aws_lambda_function": Type("AWS::Lambda::Function"),
    "aws_lambda_function_event_invoke_config": Type("AWS::Lambda::EventInvokeConfig", given={"Qualifier": "$LATEST"}),
    "aws_lambda_layer_version": Type("AWS::Lambda::LayerVersion"),
    "aws_lambda_permission": Type("AWS::Lambda::Permission", {"StatementId": None}),
    "aws_s3_bucket": Type("AWS::S3::Bucket", {"Bucket": "BucketName"}),
    "aws_s3_bucket_policy": Type("AWS::S3::BucketPolicy", {"Policy": "PolicyDocument"}),
    "aws_s3_bucket_public_access_block": Type("AWS::S3::Bucket", part_of=_BUCKET),
    "aws_s3_bucket_server_side_encryption_configuration": Type(
        "AWS::S3::Bucket",
        {
            "ServerSideEncryptionConfiguration.Rules": "BucketEncryption.ServerSideEncryptionConfiguration",
            "ServerSideEncryptionConfiguration.Rules.ApplyServerSideEncryptionByDefault": (
                "BucketEncryption.ServerSideEncryptionConfiguration.ServerSideEncryptionByDefault"
            ),
        },
        part_of=_BUCKET,
    ),
    "aws_s3_object": None,
    "aws_schemas_discoverer": Type("AWS::EventSchemas::Discoverer"),
    "aws_schemas_registry": Type("AWS::EventSchemas::Registry"),
    "aws_sfn_state_machine": Type(
        "AWS::StepFunctions::StateMachine",
        {"name": "StateMachineName", "definition": "DefinitionString", "type": "StateMachineType"},
    ),
    "aws_sns_topic": Type("AWS::SNS::Topic", {"Name": "TopicName", "Attributes": "", "Attributes.Policy": None}),
    "aws_sns_topic_subscription": Type("AWS::SNS::Subscription", {"Attributes": ""}),
    "aws_sqs_queue": Type("AWS::SQS::Queue", {"Attributes": "", "Attributes.Policy": None}),
    "aws_ssm_parameter": Type("AWS::SSM::Parameter", {"Overwrite": None}),
    "terraform_data": None,
}
#: Where the policy of a kind stands in CloudFormation: a resource of its own, which names what it is for.
POLICIES = {
    "aws_sns_topic": ("AWS::SNS::TopicPolicy", "Topics"),
    "aws_sqs_queue": ("AWS::SQS::QueuePolicy", "Queues"),
}
#: Properties that are JSON in the API, and objects in a template.
DOCUMENTS = {
    "AssumeRolePolicyDocument",
    "EventPattern",
    "FilterPolicy",
    "PolicyDocument",
    "RedriveAllowPolicy",
    "RedrivePolicy",
}
#: Maps whose names are the user's.
MAPS = {"Variables", "InputPathsMap"}


def template(stack: Stack) -> dict[str, Any]:
    """The template with everything of the stack that CloudFormation has. Raises KeyError for a kind not in TYPES."""
    made: dict[str, dict[str, Any]] = {}
    taken: set[tuple[str, Path]] = set()
    resources = resolved(stack)
    for resource in resources:
        kind = TYPES[resource.kind]
        if kind is None:
            continue
        parameters = {key: value for _, each in calls(resource)[0] for key, value in each.items()}
        whole = _whole(kind, parameters, resources) or resource
        put_in = made.setdefault(_id(whole), {"Type": kind.name, "Properties": {}})["Properties"]
        names = {**kind.names, **({kind.part_of[1]: None} if kind.part_of else {})}
        for path, value in [*leaves(parameters), *leaves(kind.given)]:
            where = _upper(renamed(path, names) or ())
            if where:
                if (_id(whole), where) in taken:  # one value would hide the other from the check
                    raise ValueError(f"{resource.address}: a second {names_of(where)} of {whole.address}")
                taken.add((_id(whole), where))
                put(put_in, where, json.loads(value) if where[-1] in DOCUMENTS else value)
        if resource.kind in POLICIES and "policy" in resource.values:
            name, of = POLICIES[resource.kind]
            properties = {of: [{"Ref": _id(resource)}], "PolicyDocument": json.loads(resource.values["policy"])}
            made[f"{_id(resource)}Policy"] = {"Type": name, "Properties": properties}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": made}


def _whole(kind: Type, parameters: Mapping[str, Any], resources: list[Resource]) -> Resource | None:
    """The resource whose properties these are."""
    if kind.part_of is None:
        return None
    of, parameter = kind.part_of
    return next(each for each in resources if each.kind == of and each.name == parameters[parameter])


def _id(resource: Resource) -> str:
    return re.sub(r"\W|_", "", resource.address.title())


def _upper(path: Path) -> Path:
    """The path with capitals at the beginning of its names, which some services' calls do not have."""
    end = next((index for index, part in enumerate(path) if part in MAPS), len(path)) + 1
    return (*(part[0].upper() + part[1:] if isinstance(part, str) else part for part in path[:end]), *path[end:])
