"""The calculator with cdktn and cdktn-aws: the resources of stacks/calculator.py, written plainly.

Arguments: the function's zip, the layer's zip.
"""

# mypy: disable-error-code=import-not-found
# (its packages are in an environment of their own)

import json
import sys

from cdktn import App, AssetType, DataResource, LocalExecProvisioner, TerraformAsset, TerraformStack
from cdktn_aws.cloudwatch import AwsMetricAlarm
from cdktn_aws.cloudwatch_logs import AwsGroup
from cdktn_aws.lambda_ import AwsEventSourceMapping, AwsFunction, AwsLayerVersion
from cdktn_aws.provider import AwsProvider
from cdktn_aws.s3 import (
    AwsBucket,
    AwsBucketPolicy,
    AwsBucketPublicAccessBlock,
    AwsBucketServerSideEncryptionConfiguration,
    AwsObject,
)
from cdktn_aws.sqs import AwsQueue
from cdktn_aws.ssm import AwsParameter
from cdktn_aws.sts import DataAwsCallerIdentity

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

bucket = AwsBucket(stack, "bucket", bucket=f"lab-calculator-code-{account}-us-east-1", force_destroy=True)
AwsBucketPublicAccessBlock(
    stack,
    "public-access-block",
    bucket=bucket.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
AwsBucketServerSideEncryptionConfiguration(
    stack,
    "encryption",
    bucket=bucket.id,
    rule=[
        AwsBucketServerSideEncryptionConfiguration.RuleProperty(
            apply_server_side_encryption_by_default={"sse_algorithm": "AES256"}, bucket_key_enabled=True
        )
    ],
)
AwsBucketPolicy(stack, "tls-only", bucket=bucket.id, policy=deny_without_tls("s3", bucket.arn, f"{bucket.arn}/*"))
code_asset = TerraformAsset(stack, "code-asset", path=code_zip, type=AssetType.FILE)
code = AwsObject(stack, "code", bucket=bucket.bucket, key="code.zip", source=code_asset.path)
layer_asset = TerraformAsset(stack, "layer-asset", path=layer_zip, type=AssetType.FILE)
layer_object = AwsObject(stack, "layer-object", bucket=bucket.bucket, key="layer.zip", source=layer_asset.path)
layer = AwsLayerVersion(
    stack,
    "layer",
    layer_name="lab-calculator-layer",
    compatible_runtimes=["python3.13"],
    s3_bucket=layer_object.bucket,
    s3_key=layer_object.key,
)

output = AwsQueue(
    stack,
    "output",
    name="lab-calculator-output",
    sqs_managed_sse_enabled=True,
    policy=deny_without_tls("sqs", f"{sqs_arn}output"),
)
dead_letters = AwsQueue(
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
requests = AwsQueue(
    stack,
    "input",
    name="lab-calculator-input",
    sqs_managed_sse_enabled=True,
    visibility_timeout_seconds=60,
    redrive_policy=json.dumps({"deadLetterTargetArn": f"{sqs_arn}input-dead-letters", "maxReceiveCount": 5}),
    policy=deny_without_tls("sqs", f"{sqs_arn}input"),
    depends_on=[head_start],
)
AwsMetricAlarm(
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

logs = AwsGroup(stack, "logs", name="/aws/lambda/lab-calculator-calculate", retention_in_days=14)
function = AwsFunction(
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
    environment=AwsFunction.EnvironmentProperty(variables={"OUTPUT_QUEUE_URL": output.url}),
    depends_on=[logs],
)
AwsEventSourceMapping(
    stack,
    "event-source",
    event_source_arn=requests.arn,
    function_name=function.arn,
    batch_size=10,
    function_response_types=["ReportBatchItemFailures"],
    scaling_config=AwsEventSourceMapping.ScalingConfigProperty(maximum_concurrency=5),
)
for port, queue in {"input": requests, "output": output, "rejected": dead_letters}.items():
    AwsParameter(stack, f"port-{port}", name=f"/lab/calculator/{port}", type="String", value=queue.url)
app.synth()
