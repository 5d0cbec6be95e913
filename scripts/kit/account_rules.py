"""Rules of an AWS Academy Learner Lab, where everything runs as LabRole.

Source: the Learner Lab's README ("Service usage and other restrictions"), and the quotas of new accounts in each
service's documentation. A stack that breaks one fails in the middle of its deployment, or costs the account.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from kit.synthesized import Resource, Stack

ROLE = "LabRole"
REGIONS = ("us-east-1", "us-west-2")
#: The account runs about as many functions at a time, all together.
CONCURRENCY = 10

#: Beginnings of the kinds of resources that such an account has; everything else is refused.
SERVICES = (
    "aws_api_gateway_",
    "aws_apigatewayv2_",
    "aws_athena_",
    "aws_cloudfront_",
    "aws_cloudtrail",
    "aws_cloudwatch_",
    "aws_cognito_",
    "aws_dynamodb_",
    "aws_ecs_",
    "aws_elasticache_",
    "aws_glue_",
    "aws_iam_",  # said by a rule of its own
    "aws_kinesis_",
    "aws_kms_",
    "aws_lambda_",
    "aws_lb",
    "aws_pipes_",
    "aws_s3_",
    "aws_scheduler_",
    "aws_schemas_",
    "aws_secretsmanager_",
    "aws_security_group",
    "aws_sfn_",
    "aws_sns_",
    "aws_sqs_",
    "aws_ssm_",
    "aws_subnet",
    "aws_vpc",
)
#: The most of an attribute, by kind and path, with where it is said.
LIMITS = {
    ("aws_lambda_function", "memory_size"): (3008, "MB, Lambda quotas of new accounts"),
    ("aws_lambda_function", "timeout"): (900, "s, Lambda quotas"),
    ("aws_lambda_event_source_mapping", "scaling_config.maximum_concurrency"): (CONCURRENCY, "functions at a time"),
    ("aws_sqs_queue", "message_retention_seconds"): (1_209_600, "s, SQS quotas"),
    ("aws_sqs_queue", "visibility_timeout_seconds"): (43_200, "s, SQS quotas"),
    ("aws_kinesis_stream", "retention_period"): (168, "hours, before long-term retention is paid"),
}


def no_iam(stack: Stack) -> Iterator[tuple[Resource, str]]:
    """No user, group, role or policy can be made there."""
    for resource in stack.resources:
        if resource.kind.startswith("aws_iam_"):
            yield resource, f"the account lets nobody make IAM resources: let it run as {ROLE}"


def region_allowed(stack: Stack) -> Iterator[tuple[None, str]]:
    if stack.region and stack.region not in REGIONS:  # without one, the region is that of the environment
        yield None, f"the account works in {' and '.join(REGIONS)}, not in {stack.region}: set AWS_REGION or --region"


def service_available(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for resource in stack.resources:
        if resource.kind.startswith("aws_") and not resource.kind.startswith(SERVICES):
            yield resource, "the account does not have this service"


def no_reserved_concurrency(stack: Stack) -> Iterator[tuple[Resource, str]]:
    """Reserving would need 100 unreserved ones left (Lambda Developer Guide, "Configuring reserved concurrency")."""
    for resource in stack.of("aws_lambda_function"):
        if resource.values.get("reserved_concurrent_executions", -1) != -1:
            yield resource, "the account refuses reserved_concurrent_executions: bound its event sources instead"
    for resource in stack.of("aws_lambda_provisioned_concurrency_config"):
        yield resource, "provisioned concurrency reserves what the account does not have, and costs by the hour"


def within_limits(stack: Stack) -> Iterator[tuple[Resource | None, str]]:
    for (kind, path), (most, unit) in LIMITS.items():
        for resource in stack.of(kind):
            if (value := _number(resource.values, path)) is not None and value > most:
                yield resource, f"{path} is {value:g}, and the most is {most} ({unit})"
    # What is refused counts as a receipt, and after five the message is a dead letter (Lambda Developer Guide, "Using
    # Lambda with Amazon SQS"); a stream's records are not counted so.
    bounds = [
        _number(mapping.values, "scaling_config.maximum_concurrency")
        for mapping in stack.of("aws_lambda_event_source_mapping")
    ]
    together = sum(filter(None, bounds))
    if together > CONCURRENCY and max(filter(None, bounds)) <= CONCURRENCY:
        text = f"its queues together would run {together:g} functions at a time"
        yield None, f"{text}, and the account about {CONCURRENCY}"
    for mapping, source, _ in stack.consumed():
        # Each shard runs as many functions as the factor says (Lambda Developer Guide, "Using Lambda with Kinesis").
        shards = _number(source.values, "shard_count")
        if source.kind == "aws_kinesis_stream" and shards is not None:
            functions = shards * (_number(mapping.values, "parallelization_factor") or 1)
            if functions > CONCURRENCY:
                yield mapping, f"it would run {functions:g} functions at a time, and the account about {CONCURRENCY}"


def _number(values: Mapping[str, Any], path: str) -> float | None:
    found: Any = values
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return float(found) if isinstance(found, int | float) else None
