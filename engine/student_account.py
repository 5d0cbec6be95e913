"""Makes the engine's account look like a student's: the role `LabRole` is there, passed to services, and may do all."""

import contextlib
import json

import boto3
from botocore.config import Config

ROLE = "LabRole"
#: The services that trust LabRole in an AWS Academy Learner Lab, as far as labs use them.
TRUSTED = (
    "lambda states events scheduler pipes apigateway firehose kinesisanalytics kinesis sqs sns s3 dynamodb logs kms "
    "secretsmanager ssm cloudformation cloudtrail ecs ecs-tasks batch glue athena redshift rds cognito-idp"
)


def prepare(endpoint: str, credentials: dict[str, str], region: str = "us-east-1") -> None:
    """Create LabRole where it is missing, and let it do everything that a lab may need."""
    iam = boto3.client(
        "iam",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"mode": "standard"}, proxies={}),  # the engine is on this machine
    )
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": [f"{service}.amazonaws.com" for service in TRUSTED.split()]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=ROLE, PolicyName="everything", PolicyDocument=json.dumps(everything))
