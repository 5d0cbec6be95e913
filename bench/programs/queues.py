"""A stack of queues with cdktf, as this project uses it. Argument: how many."""

import sys

from cdktf import App, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue

app = App()
stack = TerraformStack(app, "queues")
AwsProvider(stack, "aws", region="us-east-1")
for number in range(int(sys.argv[1])):
    SqsQueue(stack, f"queue-{number}", name=f"queue-{number}")
app.synth()
