"""Rules for every deployment: nothing public, everything encrypted, no message lost, nothing that goes on for ever."""

from collections.abc import Iterator
from typing import Any

from kit.synthesized import Resource, Stack, document

Found = Iterator[tuple[Resource, str]]

PRIVATE = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
#: Lambda Developer Guide, "Using Lambda with Amazon SQS".
VISIBILITY_PER_TIMEOUT = 6
#: Actions that know no resource, so that "*" is all that can be said (IAM "Service Authorization Reference").
WITHOUT_RESOURCE = ("logs:", "xray:")


def bucket_private(stack: Stack) -> Found:
    """Blocked against everything public, whatever the account's default is."""
    for bucket in stack.of("aws_s3_bucket"):
        blocks = _beside(stack, bucket, "aws_s3_bucket_public_access_block")
        if not any(all(block.values.get(key) is True for key in PRIVATE) for block in blocks):
            yield bucket, f"it needs a public access block with {', '.join(PRIVATE)}"
    for acl in stack.of("aws_s3_bucket_acl"):
        if "public" in str(acl.values.get("acl", "")):
            yield acl, "it makes the bucket public"


def encrypted(stack: Stack) -> Found:
    """Tables have no rule: DynamoDB encrypts all of them (DynamoDB Developer Guide, "Encryption at rest")."""
    for queue in stack.of("aws_sqs_queue"):
        if not (queue.values.get("sqs_managed_sse_enabled") or queue.values.get("kms_master_key_id")):
            yield queue, "it is not encrypted: sqs_managed_sse_enabled"
    for topic in stack.of("aws_sns_topic"):
        if not topic.values.get("kms_master_key_id"):
            yield topic, "it is not encrypted: kms_master_key_id"
    for stream in stack.of("aws_kinesis_stream"):
        if stream.values.get("encryption_type") != "KMS":
            yield stream, "it is not encrypted: encryption_type"
    for delivery in stack.of("aws_kinesis_firehose_delivery_stream"):
        own = (delivery.values.get("server_side_encryption") or {}).get("enabled")
        if not own and not delivery.values.get("kinesis_source_configuration"):  # a source's records are the source's
            yield delivery, "it is not encrypted: server_side_encryption"
    for bucket in stack.of("aws_s3_bucket"):
        if not _beside(stack, bucket, "aws_s3_bucket_server_side_encryption_configuration"):
            yield bucket, "it has no server-side encryption configuration"


def no_wildcard(stack: Stack) -> Found:
    """Least privilege: exactly the actions, on exactly the resources, for exactly the service."""
    for role in stack.of("aws_iam_role"):
        for statement in _allowed(role.values.get("assume_role_policy")):
            if "*" in _principals(statement):
                yield role, "anybody may take it on: its principal is a wildcard"
    for policy in stack.of("aws_iam_role_policy", "aws_iam_policy"):
        for statement in _allowed(policy.values.get("policy")):
            actions = _list(statement.get("Action"))
            if any("*" in action for action in actions) or "NotAction" in statement:
                yield policy, f"it allows actions by a wildcard: {', '.join(actions)}"
            if "*" in _list(statement.get("Resource")) and not all(a.startswith(WITHOUT_RESOURCE) for a in actions):
                yield policy, f"it allows {', '.join(actions)} on everything"


def policy_closed(stack: Stack) -> Found:
    """What a queue, a topic, a bucket or a function lets others do, it lets named ones do, or on a condition."""
    for resource in stack.of("aws_sqs_queue", "aws_sqs_queue_policy", "aws_sns_topic", "aws_s3_bucket_policy"):
        for statement in _allowed(resource.values.get("policy")):
            if "*" in _principals(statement) and not statement.get("Condition"):
                yield resource, "its policy allows anybody: name a principal, or a condition"
    for permission in stack.of("aws_lambda_permission"):
        if permission.values.get("principal") == "*":
            yield permission, "anybody may run the function: its principal is a wildcard"
        elif not (permission.values.get("source_arn") or permission.values.get("source_account")):
            yield permission, "the service may run it for other accounts, too: name source_arn"
    for url in stack.of("aws_lambda_function_url"):
        if url.values.get("authorization_type") != "AWS_IAM":
            yield url, "anybody may call the function"


def function_timeout(stack: Stack) -> Found:
    for function in stack.of("aws_lambda_function"):
        if not function.values.get("timeout"):
            yield function, "it has no timeout of its own; the default of 3 s suits few"


def log_retention(stack: Stack) -> Found:
    """A function's logs end some time, and with the lab."""
    retained = {group.name for group in stack.of("aws_cloudwatch_log_group") if group.values.get("retention_in_days")}
    for group in stack.of("aws_cloudwatch_log_group"):
        if group.name not in retained:
            yield group, "it keeps logs for ever: retention_in_days"
    for function in stack.of("aws_lambda_function"):
        if f"/aws/lambda/{function.name}" not in retained:
            yield function, f"it has no log group /aws/lambda/{function.name} with retention_in_days"


def dead_letter_queue(stack: Stack) -> Found:
    """A message that cannot be handled rests somewhere, and is not lost at the end of its retention."""
    for _, source, function in stack.consumed():
        if source.kind == "aws_sqs_queue" and not source.values.get("redrive_policy"):
            yield source, f"{function.name} reads from it, and it has no dead-letter queue"
    for target in stack.of("aws_cloudwatch_event_target"):
        if not (target.values.get("dead_letter_config") or {}).get("arn"):
            yield target, "an event that its target does not take would be lost: dead_letter_config"


def visibility_timeout(stack: Stack) -> Found:
    """Shorter, and a message is handed out again while it is still being handled."""
    for _, source, function in stack.consumed():
        least = VISIBILITY_PER_TIMEOUT * int(function.values.get("timeout") or 3)
        visible = int(source.values.get("visibility_timeout_seconds") or 30)
        if source.kind == "aws_sqs_queue" and visible < least:
            yield source, f"its visibility timeout is {visible} s; 6 x the timeout of {function.name} is {least} s"


def stream_consumer(stack: Stack) -> Found:
    """A record that always fails blocks its shard until it expires, and is lost then."""
    for mapping, source, _ in stack.consumed():
        if source.kind != "aws_kinesis_stream":
            continue
        on_failure = (mapping.values.get("destination_config") or {}).get("on_failure")
        if not on_failure or mapping.values.get("maximum_retry_attempts", -1) < 0:
            yield mapping, "a record that always fails would block its shard: maximum_retry_attempts and on_failure"


def _beside(stack: Stack, bucket: Resource, kind: str) -> list[Resource]:
    """What configures the bucket, as a resource of its own."""
    return [each for each in stack.of(kind) if stack.target(each.values.get("bucket")) is bucket]


def _allowed(policy: object) -> list[dict[str, Any]]:
    return [each for each in _list(document(policy).get("Statement")) if each.get("Effect") == "Allow"]


def _principals(statement: dict[str, Any]) -> list[Any]:
    principal = statement.get("Principal", {})
    return [each for value in principal.values() for each in _list(value)] if isinstance(principal, dict) else ["*"]


def _list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
