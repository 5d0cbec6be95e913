"""The calculator with cdktn and its prebuilt provider: the resources of stacks/calculator.py, written plainly.

Arguments: the function's zip, the layer's zip.
"""

# mypy: disable-error-code=import-not-found
# (its packages are in an environment of their own)

import json
import sys

from cdktn import App, AssetType, DataResource, LocalExecProvisioner, TerraformAsset, TerraformStack
from cdktn_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktn_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktn_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktn_provider_aws.lambda_event_source_mapping import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingScalingConfig,
)
from cdktn_provider_aws.lambda_function import LambdaFunction, LambdaFunctionEnvironment
from cdktn_provider_aws.lambda_layer_version import LambdaLayerVersion
from cdktn_provider_aws.provider import AwsProvider
from cdktn_provider_aws.s3_bucket import S3Bucket
from cdktn_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktn_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktn_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA as S3BucketEncryption,
)
from cdktn_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationRuleA as EncryptionRule,
)
from cdktn_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA as EncryptionDefault,
)
from cdktn_provider_aws.s3_object import S3Object
from cdktn_provider_aws.sqs_queue import SqsQueue
from cdktn_provider_aws.ssm_parameter import SsmParameter

code_zip, layer_zip = sys.argv[1:]


def deny_without_tls(service: str, *resources: str) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": f"{service}:*",
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


app = App()
stack = TerraformStack(app, "calculator")
AwsProvider(stack, "aws", region="us-east-1", default_tags=[{"tags": {"lab": "calculator"}}])
account = DataAwsCallerIdentity(stack, "caller").account_id
sqs_arn = f"arn:aws:sqs:us-east-1:{account}:lab-calculator-"

bucket = S3Bucket(stack, "bucket", bucket=f"lab-calculator-code-{account}-us-east-1", force_destroy=True)
S3BucketPublicAccessBlock(
    stack,
    "public-access-block",
    bucket=bucket.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
S3BucketEncryption(
    stack,
    "encryption",
    bucket=bucket.id,
    rule=[
        EncryptionRule(
            apply_server_side_encryption_by_default=EncryptionDefault(sse_algorithm="AES256"), bucket_key_enabled=True
        )
    ],
)
S3BucketPolicy(stack, "tls-only", bucket=bucket.id, policy=deny_without_tls("s3", bucket.arn, f"{bucket.arn}/*"))
code_asset = TerraformAsset(stack, "code-asset", path=code_zip, type=AssetType.FILE)
code = S3Object(stack, "code", bucket=bucket.bucket, key="code.zip", source=code_asset.path)
layer_asset = TerraformAsset(stack, "layer-asset", path=layer_zip, type=AssetType.FILE)
layer_object = S3Object(stack, "layer-object", bucket=bucket.bucket, key="layer.zip", source=layer_asset.path)
layer = LambdaLayerVersion(
    stack,
    "layer",
    layer_name="lab-calculator-layer",
    compatible_runtimes=["python3.13"],
    s3_bucket=layer_object.bucket,
    s3_key=layer_object.key,
)

output = SqsQueue(
    stack,
    "output",
    name="lab-calculator-output",
    sqs_managed_sse_enabled=True,
    policy=deny_without_tls("sqs", f"{sqs_arn}output"),
)
dead_letters = SqsQueue(
    stack,
    "dead-letters",
    name="lab-calculator-input-dead-letters",
    sqs_managed_sse_enabled=True,
    message_retention_seconds=14 * 24 * 3600,
    policy=deny_without_tls("sqs", f"{sqs_arn}input-dead-letters"),
)
head_start = DataResource(
    stack, "head-start", provisioners=[LocalExecProvisioner(type="local-exec", command="sleep 5")]
)
requests = SqsQueue(
    stack,
    "input",
    name="lab-calculator-input",
    sqs_managed_sse_enabled=True,
    visibility_timeout_seconds=60,
    redrive_policy=json.dumps({"deadLetterTargetArn": f"{sqs_arn}input-dead-letters", "maxReceiveCount": 5}),
    policy=deny_without_tls("sqs", f"{sqs_arn}input"),
    depends_on=[head_start],
)
CloudwatchMetricAlarm(
    stack,
    "alarm",
    alarm_name="lab-calculator-input-dead-letters",
    namespace="AWS/SQS",
    metric_name="ApproximateNumberOfMessagesVisible",
    dimensions={"QueueName": dead_letters.name},
    statistic="Maximum",
    period=60,
    evaluation_periods=1,
    comparison_operator="GreaterThanThreshold",
    threshold=0,
)

logs = CloudwatchLogGroup(stack, "logs", name="/aws/lambda/lab-calculator-calculate", retention_in_days=14)
function = LambdaFunction(
    stack,
    "calculate",
    function_name="lab-calculator-calculate",
    runtime="python3.13",
    handler="handler.lambda_handler",
    s3_bucket=code.bucket,
    s3_key=code.key,
    layers=[layer.arn],
    role=f"arn:aws:iam::{account}:role/LabRole",
    timeout=10,
    memory_size=256,
    environment=LambdaFunctionEnvironment(variables={"OUTPUT_QUEUE_URL": output.url}),
    depends_on=[logs],
)
LambdaEventSourceMapping(
    stack,
    "event-source",
    event_source_arn=requests.arn,
    function_name=function.arn,
    batch_size=10,
    function_response_types=["ReportBatchItemFailures"],
    scaling_config=LambdaEventSourceMappingScalingConfig(maximum_concurrency=5),
)
for port, queue in {"input": requests, "output": output, "rejected": dead_letters}.items():
    SsmParameter(stack, f"port-{port}", name=f"/lab/calculator/{port}", type="String", value=queue.url)
app.synth()
