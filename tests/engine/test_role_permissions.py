"""Permissions, on engines started with LAB_IAM: who is allowed may, who is not is told what was missing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from test_functions import arn, run_machine

import project
from aws import Aws, Queue, running
from engine import student_account
from engine.process import CHECK_PERMISSIONS

READ_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
READ_STREAM = (
    *("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords"),
    *("kinesis:GetShardIterator", "kinesis:ListShards"),
)
LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")


@pytest.fixture(
    scope="module",
    params=["corrected", pytest.param("bare", marks=pytest.mark.xfail(strict=True, reason="the bare engine's gap"))],
)
def strict(request: pytest.FixtureRequest) -> Iterator[Aws]:
    """An engine that checks permissions."""
    yield from checking(request.param)


def checking(kind: str) -> Iterator[Aws]:
    engine = running(kind)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(CHECK_PERMISSIONS, "1")
        aws = next(engine)
    student_account.prepare(aws.engine.url, project.emulator_credentials())
    yield aws
    next(engine, None)


def allow(aws: Aws, role: str, **grants: tuple[tuple[str, ...], str]) -> None:
    """Let a role do the actions on the resource, under the policy's name; nothing for an empty tuple of actions."""
    for policy, (actions, resource) in grants.items():
        if not actions:
            aws.iam.delete_role_policy(RoleName=role, PolicyName=policy)
            continue
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        aws.iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def role(aws: Aws, **grants: tuple[tuple[str, ...], str]) -> tuple[str, str]:
    """A new role's name and ARN."""
    name = aws.name("role")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    allow(aws, name, **grants)
    return name, str(made["Arn"])


def said(aws: Aws, line: str) -> bool:
    """Whether the engine's log comes to hold the line."""
    return bool(aws.wait_for(lambda: line in aws.engine.log.read_text(errors="replace")))


def reporter(aws: Aws, reports: Queue, **grants: tuple[tuple[str, ...], str]) -> tuple[str, str]:
    """A function that reports what it gets, and the name of its role."""
    name, role_arn = role(aws, report=(("sqs:SendMessage",), reports.arn), **grants)
    return aws.function("tell(bodies=bodies(event))", reports, Role=role_arn), name


def refusal(error: pytest.ExceptionInfo[ClientError]) -> str:
    return f"{error.value.response['Error']['Code']}: {error.value.response['Error']['Message']}"


def test_a_batch_needs_the_permission_of_the_single_call(strict: Aws) -> None:
    queue = strict.queue()
    topic = strict.sns.create_topic(Name=strict.name("topic"))["TopicArn"]
    _, role_arn = role(strict, send=(("sqs:SendMessage",), queue.arn), publish=(("sns:Publish",), topic))
    body = f"""
entries = [{{"Id": "1", "MessageBody": "a"}}]
boto3.client("sqs").send_message_batch(QueueUrl={queue.url!r}, Entries=entries)
entries = [{{"Id": "1", "Message": "a"}}]
boto3.client("sns").publish_batch(TopicArn={topic!r}, PublishBatchRequestEntries=entries)
return {{"sent": True}}
"""
    assert strict.invoke(strict.function(body, Role=role_arn)) == {"sent": True}


def test_a_policy_that_refuses_plain_http_lets_this_machine_in(strict: Aws) -> None:
    queue = strict.queue()
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": queue.arn, "Condition": plain}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    strict.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy})
    _, role_arn = role(strict, send=(("sqs:SendMessage",), queue.arn))
    body = f"boto3.client('sqs').send_message(QueueUrl={queue.url!r}, MessageBody='1')\nreturn {{'sent': True}}"
    assert strict.invoke(strict.function(body, Role=role_arn)) == {"sent": True}


def test_what_no_policy_allows_is_denied_and_told_by_name(strict: Aws) -> None:
    queue = strict.queue()
    name, role_arn = role(strict, send=(("sqs:SendMessage",), "arn:aws:sqs:us-east-1:000000000000:other"))
    body = f"boto3.client('sqs').send_message(QueueUrl={queue.url!r}, MessageBody='1')"
    answer = strict.invoke(strict.function(body, Role=role_arn))
    assert "not authorized to perform: sqs:SendMessage" in answer["errorMessage"]
    assert said(strict, f"denied: sqs:SendMessage on {queue.name} for {name}")


@pytest.mark.parametrize("missing", READ_QUEUE)
def test_a_queue_is_read_as_the_function(strict: Aws, missing: str) -> None:
    queue, reports = strict.queue(), strict.queue()
    function, name = reporter(strict, reports, read=(READ_QUEUE, queue.arn))
    spare = tuple(action for action in READ_QUEUE if action != missing)
    allow(strict, name, read=(spare, queue.arn))
    with pytest.raises(ClientError) as error:
        strict.map(function, queue.arn)
    action = missing.partition(":")[2]
    text = f"The function execution role does not have permissions to call {action} on SQS"
    assert refusal(error) == f"InvalidParameterValueException: {text}"
    allow(strict, name, read=(READ_QUEUE, queue.arn))
    strict.map(function, queue.arn)
    queue.send(["a"])
    assert reports.take() == [{"bodies": ["a"]}]
    allow(strict, name, read=(spare, queue.arn))  # taken away from a mapping that reads
    queue.send(["b"])
    assert said(strict, f"denied: {missing} on {queue.name} for {name}")
    allow(strict, name, read=(READ_QUEUE, queue.arn))
    assert reports.take() == [{"bodies": ["b"]}]


@pytest.mark.parametrize("missing", READ_STREAM)
def test_a_stream_is_read_as_the_function(strict: Aws, missing: str) -> None:
    stream, reports = strict.stream(), strict.queue()
    source = strict.stream_arn(stream)
    function, name = reporter(strict, reports, read=(READ_STREAM, source))
    spare = tuple(action for action in READ_STREAM if action != missing)
    allow(strict, name, read=(spare, source))
    with pytest.raises(ClientError) as error:
        strict.map(function, source, StartingPosition="TRIM_HORIZON")
    assert refusal(error).startswith(f"InvalidParameterValueException: Cannot access stream {source}. Please ensure")
    allow(strict, name, read=(READ_STREAM, source))
    strict.map(function, source, StartingPosition="TRIM_HORIZON")
    strict.put(stream, "a")
    assert reports.take() == [{"bodies": ["a"]}]
    allow(strict, name, read=(spare, source))
    strict.put(stream, "b")
    assert said(strict, f"denied: {missing} on stream/{stream} for {name}")
    allow(strict, name, read=(READ_STREAM, source))
    assert reports.take() == [{"bodies": ["b"]}]


def test_destinations_are_reached_as_the_function(strict: Aws) -> None:
    failed, stream = strict.queue(), strict.stream()
    source = strict.stream_arn(stream)
    name, role_arn = role(strict, read=(READ_STREAM, source))
    function = strict.function("raise ValueError('no')", Role=role_arn)
    destination = {"OnFailure": {"Destination": failed.arn}}
    settings: dict[str, Any] = {"MaximumRetryAttempts": 0, "DestinationConfig": destination}
    strict.map(function, source, StartingPosition="TRIM_HORIZON", **settings)
    invocation = {"MaximumRetryAttempts": 0, "DestinationConfig": destination}
    strict.lambda_.put_function_event_invoke_config(FunctionName=function, **invocation)
    strict.put(stream, "a")
    assert said(strict, f"denied: sqs:SendMessage on {failed.name} for {name}")
    strict.lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    assert failed.take_for(1) == []
    allow(strict, name, send=(("sqs:SendMessage",), failed.arn))
    strict.put(stream, "b")
    strict.lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    assert len(failed.take(2)) == 2


@pytest.mark.parametrize("missing", LOGS)
def test_logs_are_written_as_the_function(strict: Aws, missing: str) -> None:
    name, role_arn = role(strict)
    function = strict.function("print('seen ' + event)\nreturn {}", Role=role_arn)
    group = f"/aws/lambda/{function}"
    strict.logs.create_log_group(logGroupName=group)
    resource = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"
    allow(strict, name, write=(tuple(action for action in LOGS if action != missing), resource))
    strict.invoke(function, "nothing")
    assert said(strict, f"denied: {missing} on log-group:{group}:log-stream:{function} for {name}")
    allow(strict, name, write=(LOGS, resource))
    strict.invoke(function, "something")
    found = strict.wait_for(lambda: strict.logs.filter_log_events(logGroupName=group, filterPattern="seen")["events"])
    assert [event["message"].strip() for event in found] == ["seen something"]


def test_a_deleted_log_group_comes_back_if_the_role_may_create_it(strict: Aws) -> None:
    reports = strict.queue()
    name, role_arn = role(strict, report=(("sqs:SendMessage",), reports.arn))
    function = strict.function("tell(begun=True)\ntime.sleep(1)\nprint('late')", reports, Role=role_arn)
    group = f"/aws/lambda/{function}"
    resource = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"
    allow(strict, name, write=(LOGS, f"{resource}:*"))

    def deleted_while_it_runs() -> None:
        strict.logs.create_log_group(logGroupName=group)
        strict.lambda_.invoke(FunctionName=function, InvocationType="Event")
        assert reports.take() == [{"begun": True}]
        strict.logs.delete_log_group(logGroupName=group)

    def there() -> Any:
        return strict.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]

    deleted_while_it_runs()
    assert said(strict, f"denied: logs:CreateLogGroup on log-group:{group} for {name}")
    assert there() == []
    allow(strict, name, create=(("logs:CreateLogGroup",), resource))
    deleted_while_it_runs()
    assert strict.wait_for(there)


TASKS = {
    "lambda": ("lambda:InvokeFunction", "Lambda.AWSLambdaException"),
    "lambda by name": ("lambda:InvokeFunction", "Lambda.AWSLambdaException"),
    "dynamodb": ("dynamodb:PutItem", "DynamoDB.AmazonDynamoDBException"),
    "aws-sdk:dynamodb": ("dynamodb:PutItem", "DynamoDb.DynamoDbException"),
    "sqs": ("sqs:SendMessage", "SQS.AmazonSQSException"),
    "sns": ("sns:Publish", "SNS.AmazonSNSException"),
}


@pytest.mark.parametrize("kind", TASKS)
def test_tasks_run_as_the_workflow(strict: Aws, kind: str) -> None:
    action, error = TASKS[kind]
    name, role_arn = role(strict)
    task, resource = task_of(strict, kind)
    end = run_machine(strict, task, role_arn)
    assert (end["status"], end.get("error")) == ("FAILED", error)
    assert f"is not authorized to perform: {action} on resource: {resource}" in end["cause"]
    assert said(strict, f"denied: {action} on {resource.split(':', 5)[5]} for {name}")
    allow(strict, name, act=((action,), resource))
    assert run_machine(strict, task, role_arn)["status"] == "SUCCEEDED"


def task_of(aws: Aws, kind: str) -> tuple[dict[str, Any], str]:
    """A task of that kind, and the ARN of what it acts on."""
    scope = "us-east-1:000000000000"
    service = "arn:aws:states:::"
    if kind.startswith("lambda"):
        resource = arn(aws, aws.function("return 1"))
        if kind == "lambda":
            return {"Resource": resource}, resource
        return {"Resource": f"{service}lambda:invoke", "Parameters": {"FunctionName": resource}}, resource
    if "dynamodb" in kind:
        table = aws.name("table")
        key: dict[str, Any] = {"AttributeName": "id", "KeyType": "HASH"}
        kinds = [{"AttributeName": "id", "AttributeType": "S"}]
        aws.dynamodb.create_table(
            TableName=table, KeySchema=[key], AttributeDefinitions=kinds, BillingMode="PAY_PER_REQUEST"
        )
        parameters = {"TableName": table, "Item": {"id": {"S": "1"}}}
        return {
            "Resource": f"{service}{kind}:putItem",
            "Parameters": parameters,
        }, f"arn:aws:dynamodb:{scope}:table/{table}"
    if kind == "sqs":
        queue = aws.queue()
        parameters = {"QueueUrl": queue.url, "MessageBody": "1"}
        return {"Resource": f"{service}sqs:sendMessage", "Parameters": parameters}, queue.arn
    topic = aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"]
    return {"Resource": f"{service}sns:publish", "Parameters": {"TopicArn": topic, "Message": "1"}}, topic


TO_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
TO_OBJECTS = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")


@pytest.mark.parametrize("missing", (*TO_BUCKET, *TO_OBJECTS, "kinesis:GetRecords"))
def test_a_delivery_stream_delivers_as_its_role(strict: Aws, missing: str) -> None:
    stream, bucket = strict.stream(), strict.name("bucket")
    source, bucket_arn = strict.stream_arn(stream), f"arn:aws:s3:::{bucket}"
    strict.s3.create_bucket(Bucket=bucket)
    grants = {
        "read": (READ_STREAM, source),
        "list": (TO_BUCKET, bucket_arn),
        "write": (TO_OBJECTS, f"{bucket_arn}/*"),
    }
    spare = {
        policy: (tuple(each for each in actions if each != missing), arn) for policy, (actions, arn) in grants.items()
    }
    name, role_arn = role(strict, **spare)
    strict.firehose.create_delivery_stream(
        DeliveryStreamName=strict.name("delivery"),
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": source, "RoleARN": role_arn},
        ExtendedS3DestinationConfiguration={"RoleARN": role_arn, "BucketARN": bucket_arn},
    )
    strict.put(stream, "a")
    denied_on = next(arn for actions, arn in grants.values() if missing in actions)
    assert said(strict, f"denied: {missing} on {denied_on.split(':', 5)[5]} for {name}")
    allow(strict, name, **grants)
    strict.put(stream, "b")
    found = strict.wait_for(lambda: strict.s3.list_objects_v2(Bucket=bucket).get("Contents", []))
    assert [strict.s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in found] == [b"b"]


def test_a_workflow_that_may_not_deliver_its_logs_is_refused(strict: Aws) -> None:
    _, role_arn = role(strict)
    group = f"/aws/vendedlogs/states/{strict.name('group')}"
    strict.logs.create_log_group(logGroupName=group)
    group_arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"
    logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group_arn}}]}
    definition = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}})
    with pytest.raises(ClientError) as error:
        strict.stepfunctions.create_state_machine(
            name=strict.name("machine"), definition=definition, roleArn=role_arn, loggingConfiguration=logging
        )
    assert "is not authorized to access the Log Destination" in refusal(error)
    strict.stepfunctions.create_state_machine(name=strict.name("machine"), definition=definition, roleArn=role_arn)


def test_a_rule_starts_its_workflow_as_its_role(strict: Aws) -> None:
    dead = strict.queue()
    name, role_arn = role(strict)
    definition = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}})
    machine = strict.stepfunctions.create_state_machine(
        name=strict.name("machine"), definition=definition, roleArn=role_arn
    )["stateMachineArn"]
    source = strict.name("source")
    strict.events.put_rule(Name=source, EventPattern=json.dumps({"source": [source]}))
    target = {"Id": "1", "Arn": machine, "RoleArn": role_arn, "DeadLetterConfig": {"Arn": dead.arn}}
    strict.events.put_targets(Rule=source, Targets=[target])
    entry = {"Source": source, "DetailType": "t", "Detail": "{}"}
    strict.events.put_events(Entries=[entry])
    (letter,) = dead.messages()
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert strict.stepfunctions.list_executions(stateMachineArn=machine)["executions"] == []
    allow(strict, name, start=(("states:StartExecution",), machine))
    strict.events.put_events(Entries=[entry])
    assert strict.wait_for(lambda: strict.stepfunctions.list_executions(stateMachineArn=machine)["executions"])


def test_an_object_that_is_not_there_is_hidden_from_who_may_not_list(strict: Aws) -> None:
    bucket = strict.name("bucket")
    strict.s3.create_bucket(Bucket=bucket)
    name, role_arn = role(strict, read=(("s3:GetObject",), f"arn:aws:s3:::{bucket}/*"))
    body = f"boto3.client('s3').get_object(Bucket={bucket!r}, Key='lost')"
    function = strict.function(body, Role=role_arn)
    assert "(AccessDenied)" in strict.invoke(function)["errorMessage"]
    assert said(strict, f"denied: s3:ListBucket on {bucket} for {name}")
    allow(strict, name, list=(("s3:ListBucket",), f"arn:aws:s3:::{bucket}"))
    assert "(NoSuchKey)" in strict.invoke(function)["errorMessage"]


def test_labrole_may_do_everything() -> None:
    for aws in checking("corrected"):
        queue, reports = aws.queue(), aws.queue()
        aws.map(aws.function("tell(bodies=bodies(event))", reports), queue.arn)
        queue.send(["a"])
        assert reports.take() == [{"bodies": ["a"]}]


def test_without_the_switch_nothing_is_checked(corrected: Aws) -> None:
    queue = corrected.queue()
    _, role_arn = role(corrected)
    body = f"boto3.client('sqs').send_message(QueueUrl={queue.url!r}, MessageBody='1')\nreturn {{'sent': True}}"
    assert corrected.invoke(corrected.function(body, Role=role_arn)) == {"sent": True}
