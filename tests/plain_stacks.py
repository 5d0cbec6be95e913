"""Stacks as students of the course write them, in plain cdktf: ids that are no lab's names, no blocks, no ports.

What makes each of them different from a lab is what 28 public programs of the course have in common.
"""

import json
from pathlib import Path
from typing import Any

from cdktf import App, AssetType, Fn, TerraformAsset, TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import CloudwatchEventTarget
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
)
from cdktf_cdktf_provider_aws.data_aws_s3_bucket import DataAwsS3Bucket
from cdktf_cdktf_provider_aws.data_aws_sqs_queue import DataAwsSqsQueue
from cdktf_cdktf_provider_aws.dynamodb_table import DynamodbTable, DynamodbTableAttribute
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from cdktf_cdktf_provider_aws.instance import Instance
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import LambdaEventSourceMapping
from cdktf_cdktf_provider_aws.lambda_function import LambdaFunction, LambdaFunctionEnvironment
from cdktf_cdktf_provider_aws.lambda_function_event_invoke_config import LambdaFunctionEventInvokeConfig
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_notification import S3BucketNotification, S3BucketNotificationLambdaFunction
from cdktf_cdktf_provider_aws.s3_object import S3Object
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter
from constructs import Construct

ROLE = "arn:aws:iam::147552475298:role/LabRole"


class LambdaStack(TerraformStack):
    """The first lab of the course: two numbers and an operation, from queue to queue."""

    def __init__(self, scope: Construct, id: str = "cdktf_lambda") -> None:
        super().__init__(scope, id)
        AwsProvider(self, "AWS", region="us-east-1")
        folder = Path(str(App.of(self).outdir)).parent / "code"
        folder.mkdir(exist_ok=True)
        (folder / "lambda_function.py").write_text("def lambda_handler(event, context): return event\n")
        code = TerraformAsset(self, "code", path=str(folder), type=AssetType.ARCHIVE)
        output_queue = SqsQueue(self, "output_queue", name="output_queue", visibility_timeout_seconds=60)
        lambda_function = LambdaFunction(
            self,
            "lambda",
            function_name="first_lambda",
            runtime="python3.8",
            memory_size=128,
            timeout=60,
            role=ROLE,
            filename=code.path,
            handler="lambda_function.lambda_handler",
            environment={"variables": {"OUTPUT_QUEUE": output_queue.url}},
        )
        queue = SqsQueue(self, "queue", name="input_queue", visibility_timeout_seconds=60)
        LambdaEventSourceMapping(self, "mapping", event_source_arn=queue.arn, function_name=lambda_function.arn)
        TerraformOutput(self, "queue_url", value=queue.url)


class UploadStack(TerraformStack):
    """The second: a bucket whose new objects a function labels in a table; a role of its own, written as documents."""

    def __init__(self, scope: Construct, id: str = "graded_lab") -> None:
        super().__init__(scope, id)
        AwsProvider(self, "AWS", region="us-east-1", default_tags=[AwsProviderDefaultTags(tags={"owner": "ana"})])
        account = DataAwsCallerIdentity(self, "account")
        bucket = S3Bucket(self, "bucket", bucket_prefix="postagram-", force_destroy=True)
        table = DynamodbTable(
            self,
            "table",
            name="postagram",
            hash_key="user",
            attribute=[DynamodbTableAttribute(name="user", type="S")],
            billing_mode="PROVISIONED",
            read_capacity=5,
            write_capacity=5,
        )
        trust = DataAwsIamPolicyDocument(
            self, "trust", statement=[DataAwsIamPolicyDocumentStatement(actions=["sts:AssumeRole"])]
        )
        role = IamRole(self, "role", assume_role_policy=trust.json)
        IamRolePolicyAttachment(self, "basic", role=role.name, policy_arn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
        IamRolePolicy(self, "by-document", role=role.name, policy=trust.json)
        one = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": table.arn}
        IamRolePolicy(self, "by-hand", role=role.id, policy=json.dumps({"Version": "2012-10-17", "Statement": one}))
        IamRolePolicy(self, "by-function", role="LabRole", policy=str(Fn.jsonencode({"Statement": [one]})))
        function = LambdaFunction(
            self,
            "lambda",
            function_name="lambda",
            runtime="python3.13",
            role=role.arn,
            filename="lambda.zip",
            handler="index.handler",
            environment=LambdaFunctionEnvironment(variables={"TABLE": table.name, "ACCOUNT": account.account_id}),
        )
        permission = LambdaPermission(
            self,
            "permission",
            action="lambda:InvokeFunction",
            function_name=function.function_name,
            principal="s3.amazonaws.com",
            source_arn=bucket.arn,
        )
        S3BucketNotification(
            self,
            "notification",
            bucket=bucket.id,
            lambda_function=[
                S3BucketNotificationLambdaFunction(lambda_function_arn=function.arn, events=["s3:ObjectCreated:*"])
            ],
            depends_on=[permission],
        )
        S3Object(self, "page", bucket=bucket.bucket, key="index.html", content="hello")


class NothingStack(TerraformStack):
    """The beginning of every student's work: a stack without a provider and without a resource."""

    def __init__(self, scope: Construct, id: str = "DynamoDBStack") -> None:
        super().__init__(scope, id)


class ForeignStack(TerraformStack):
    """What others made is found by data sources, or named: a queue, a bucket, a function, a role, a rule."""

    def __init__(self, scope: Construct, id: str = "cdktf_serverless") -> None:
        super().__init__(scope, id)
        AwsProvider(self, "AWS")  # its region comes from the environment
        queue, bucket = DataAwsSqsQueue(self, "queue", name="theirs"), DataAwsS3Bucket(self, "bucket", bucket="theirs")
        LambdaEventSourceMapping(self, "mapping", event_source_arn=queue.arn, function_name="theirs")
        S3Object(self, "object", bucket=bucket.bucket, key="a.txt", content="a")
        S3Object(self, "named", bucket="named", key="a.txt", content="a")
        failed = SqsQueue(self, "failed", name_prefix="failed-")
        redrive = Fn.jsonencode({"deadLetterTargetArn": failed.arn, "maxReceiveCount": 3})
        retried = SqsQueue(self, "retried", redrive_policy=str(redrive))
        LambdaFunctionEventInvokeConfig(
            self, "config", function_name="theirs", destination_config={"on_failure": {"destination": failed.arn}}
        )
        topic = SnsTopic(self, "topic", name_prefix="news-")
        SnsTopicSubscription(self, "mail", topic_arn=topic.arn, protocol="email", endpoint="ana@example.org")
        SnsTopicSubscription(
            self,
            "filtered",
            topic_arn=topic.arn,
            protocol="sqs",
            endpoint=retried.arn,
            filter_policy=str(Fn.jsonencode({"type": ["order"]})),
        )
        CloudwatchEventRule(self, "rule", name_prefix="tick-", event_pattern=str(Fn.jsonencode({"source": ["x"]})))
        CloudwatchEventTarget(self, "target", rule="theirs", arn=topic.arn)
        SsmParameter(self, "parameter", name="greeting", type="String", value="hello")


class ServerStack(TerraformStack):
    """The other half of the course: machines, which no picture shows."""

    def __init__(self, scope: Construct, id: str = "tp_server") -> None:
        super().__init__(scope, id)
        AwsProvider(self, "AWS", region="us-east-1")
        Instance(self, "webservice", ami="ami-08c40ec9ead489470", instance_type="t2.micro", key_name="vockey")


ALL = (LambdaStack, UploadStack, NothingStack, ForeignStack, ServerStack)


def synthesized(folder: Path, *stacks: type[TerraformStack]) -> dict[str, Any]:
    """The Terraform JSON of these stacks by their ids; cdktf's output stays in `folder`."""
    app = App(outdir=str(folder))
    for stack in stacks:
        stack(app)  # type: ignore[call-arg]  # each has an id of its own
    app.synth()
    return {path.parent.name: json.loads(path.read_text()) for path in folder.glob("stacks/*/cdk.tf.json")}
