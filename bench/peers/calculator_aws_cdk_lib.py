"""The calculator with aws-cdk-lib: the resources of stacks/calculator.py, by the library's own constructs.

Arguments: the function's zip, the layer's zip. CDK uploads code to a bucket of its bootstrap
stack, so the bucket here is only there to be counted.
"""

# mypy: disable-error-code=import-not-found
# (its packages are in an environment of their own)

import sys

from aws_cdk import App, Aws, Duration, RemovalPolicy, Stack
from aws_cdk.aws_cloudwatch import Alarm, ComparisonOperator
from aws_cdk.aws_iam import Role
from aws_cdk.aws_lambda import Code, Function, LayerVersion, Runtime
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from aws_cdk.aws_logs import LogGroup, RetentionDays
from aws_cdk.aws_s3 import BlockPublicAccess, Bucket, BucketEncryption
from aws_cdk.aws_sqs import DeadLetterQueue, Queue, QueueEncryption
from aws_cdk.aws_ssm import StringParameter

code_zip, layer_zip = sys.argv[1:]

app = App()
stack = Stack(app, "calculator")

Bucket(
    stack,
    "bucket",
    block_public_access=BlockPublicAccess.BLOCK_ALL,
    encryption=BucketEncryption.S3_MANAGED,
    enforce_ssl=True,
    removal_policy=RemovalPolicy.DESTROY,
)
layer = LayerVersion(
    stack,
    "layer",
    layer_version_name="lab-calculator-layer",
    code=Code.from_asset(layer_zip),
    compatible_runtimes=[Runtime.PYTHON_3_13],
)

output = Queue(
    stack, "output", queue_name="lab-calculator-output", encryption=QueueEncryption.SQS_MANAGED, enforce_ssl=True
)
dead_letters = Queue(
    stack,
    "dead-letters",
    queue_name="lab-calculator-input-dead-letters",
    encryption=QueueEncryption.SQS_MANAGED,
    enforce_ssl=True,
    retention_period=Duration.days(14),
)
requests = Queue(
    stack,
    "input",
    queue_name="lab-calculator-input",
    encryption=QueueEncryption.SQS_MANAGED,
    enforce_ssl=True,
    visibility_timeout=Duration.seconds(60),
    dead_letter_queue=DeadLetterQueue(queue=dead_letters, max_receive_count=5),
)
Alarm(
    stack,
    "alarm",
    alarm_name="lab-calculator-input-dead-letters",
    metric=dead_letters.metric_approximate_number_of_messages_visible(statistic="Maximum", period=Duration.minutes(1)),
    comparison_operator=ComparisonOperator.GREATER_THAN_THRESHOLD,
    threshold=0,
    evaluation_periods=1,
)

logs = LogGroup(
    stack,
    "logs",
    log_group_name="/aws/lambda/lab-calculator-calculate",
    retention=RetentionDays.TWO_WEEKS,
    removal_policy=RemovalPolicy.DESTROY,
)
role = Role.from_role_arn(stack, "role", f"arn:aws:iam::{Aws.ACCOUNT_ID}:role/LabRole", mutable=False)
function = Function(
    stack,
    "calculate",
    function_name="lab-calculator-calculate",
    runtime=Runtime.PYTHON_3_13,
    handler="handler.lambda_handler",
    code=Code.from_asset(code_zip),
    layers=[layer],
    role=role,
    timeout=Duration.seconds(10),
    memory_size=256,
    environment={"OUTPUT_QUEUE_URL": output.queue_url},
    log_group=logs,
)
function.add_event_source(SqsEventSource(requests, batch_size=10, report_batch_item_failures=True, max_concurrency=5))
for port, queue in {"input": requests, "output": output, "rejected": dead_letters}.items():
    StringParameter(stack, f"port-{port}", parameter_name=f"/lab/calculator/{port}", string_value=queue.queue_url)
app.synth()
