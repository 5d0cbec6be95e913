"""What a service does under a role, the role must allow, where permissions are checked (`permissions`).

AWS polls queues and streams, runs a workflow's tasks, starts the target of a rule, delivers to buckets and
destinations and writes logs as the role that the function, workflow, rule or delivery stream names. MiniStack does all
that as itself, and only checks that the role exists.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack import app
from ministack.core.arn import parse_arn
from ministack.services import cloudwatch_logs, firehose, lambda_svc, sqs, stepfunctions

from engine.corrections.permissions import why_denied

#: Lambda Developer Guide: "Using Lambda with Amazon SQS" and "Using Lambda with Kinesis", execution role permissions.
READ_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
READ_STREAM = (
    *("kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream"),
    *("kinesis:ListShards", "kinesis:DescribeStreamSummary"),
)
READ_FAN_OUT = ("kinesis:SubscribeToShard", "kinesis:DescribeStreamConsumer")
#: Same guide, "Sending Lambda function logs to CloudWatch Logs".
WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
#: What a destination of a function or of a mapping takes (same guide, "Destinations").
SEND = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction", "events": "events:PutEvents"}
#: Step Functions Developer Guide, "Logging in CloudWatch Logs": these know no resource.
LOG_DELIVERY = (
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
)
#: Firehose Developer Guide, "Grant Firehose access to an Amazon S3 destination".
TO_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
TO_OBJECT = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")

#: The role of the workflow whose task this thread runs, and its name.
_workflow: ContextVar[tuple[str, str]] = ContextVar("workflow", default=("", ""))


def apply() -> None:
    if app.AUTH:
        _refuse_mappings()
        _receive_as_the_function()
        _run_tasks_as_the_workflow()
        _refuse_logging_workflows()
        _deliver_as_the_delivery_stream()
        _log_as_the_function()


def reading_is_denied(function_arn: str, source_arn: str) -> str | None:
    """Why the function's role may not read an event source; None if it may."""
    checks: list[tuple[tuple[str, ...], str]] = []
    if ":sqs:" in source_arn:
        checks = [(READ_QUEUE, source_arn)]
    elif ":kinesis:" in source_arn:
        checks = [(READ_STREAM, source_arn.partition("/consumer/")[0])]
        checks += [(READ_FAN_OUT, source_arn)] if "/consumer/" in source_arn else []
    return next((why for actions, arn in checks if (why := _function_is_denied(function_arn, actions, arn))), None)


def sending_is_denied(function_arn: str, destination: str) -> str | None:
    """Why the function's role may not send to a destination of its own; None if it may."""
    action = SEND.get(destination.split(":")[2])
    return _function_is_denied(function_arn, (action,), destination) if action else None


def _function_is_denied(function_arn: str, actions: tuple[str, ...], resource_arn: str) -> str | None:
    if not app.AUTH:
        return None
    function, config, name = lambda_svc._get_func_record_for_ref(function_arn)
    role = (config or {}).get("Role", "") if function else ""
    return why_denied(role, name, actions, resource_arn) if role else None


def _refuse_mappings() -> None:
    create = lambda_svc._create_esm

    def create_esm(data: dict[str, Any]) -> Any:
        source = data.get("EventSourceArn") or ""
        why = reading_is_denied(data.get("FunctionName") or "", source)
        if not why:
            return create(data)
        action = why.split("perform: ")[1].split()[0]
        if ":sqs:" in source:
            # AWS's words for ReceiveMessage; it names the others likewise.
            text = "The function execution role does not have permissions to call {} on SQS"
            return lambda_svc._invalid_parameter_value(text.format(action.partition(":")[2]))
        text = "Cannot access stream {}. Please ensure the role can perform the {} Actions on your stream in IAM. ({})"
        actions = ", ".join(each.partition(":")[2] for each in READ_STREAM)
        return lambda_svc._invalid_parameter_value(text.format(source, actions, action))

    lambda_svc._create_esm = create_esm


def _receive_as_the_function() -> None:
    receive = sqs._receive_messages_for_esm

    def receive_messages_for_esm(queue_url: str, max_number: int) -> list[dict[str, Any]]:
        arn = sqs._get_q(queue_url)["attributes"]["QueueArn"]
        readers = [esm for _, _, esm in lambda_svc._iter_all_esms() if esm["EventSourceArn"] == arn]
        if readers and all(reading_is_denied(esm["FunctionArn"], arn) for esm in readers):
            return []
        return list(receive(queue_url, max_number))

    sqs._receive_messages_for_esm = receive_messages_for_esm


def _run_tasks_as_the_workflow() -> None:
    execute = stepfunctions._execute_task

    def execute_task(state: Any, raw_input: Any, execution: dict[str, Any], context: Any) -> Any:
        machine = stepfunctions._state_machines.get(execution.get("stateMachineArn", "")) or {}
        token = _workflow.set((machine.get("roleArn", ""), execution.get("name", "")))
        try:
            return execute(state, raw_input, execution, context)
        finally:
            _workflow.reset(token)

    def checked(invoke: Callable[..., Any]) -> Callable[..., Any]:
        def invoke_as_the_workflow(resource: str, data: Any, *more: Any) -> Any:
            role, session = _workflow.get()
            for action, arn, error in _needed(resource, data) if role else ():
                if why := why_denied(role, session, (action,), arn):
                    raise stepfunctions._ExecutionError(error, why)
            return invoke(resource, data, *more)

        return invoke_as_the_workflow

    stepfunctions._execute_task = execute_task
    stepfunctions._invoke_resource = checked(stepfunctions._invoke_resource)
    stepfunctions._invoke_with_callback = checked(stepfunctions._invoke_with_callback)


def _needed(resource: str, data: Any) -> list[tuple[str, str, str]]:
    """What a task asks for: the action, the ARN of its resource, and the name of the error when it is denied.

    Of services that no lab's workflow calls nothing is known, and nothing is checked.
    """
    data = data if isinstance(data, dict) else {}
    function = resource if ":lambda:" in resource and ":states:::" not in resource else ""
    if function or ":::lambda:invoke" in resource:
        found = lambda_svc._get_func_record_for_ref(function or str(data.get("FunctionName", "")))[1] or {}
        arn = str(found.get("FunctionArn") or function or data.get("FunctionName", ""))
        return [("lambda:InvokeFunction", arn, "Lambda.AWSLambdaException")]
    service, _, operation = resource.partition(":::")[2].removeprefix("aws-sdk:").partition(":")
    operation = operation.partition(".")[0]
    action = f"{service}:{operation[:1].upper()}{operation[1:]}"
    scope = f"{stepfunctions.get_region()}:{stepfunctions.get_account_id()}"
    if service == "dynamodb" and data.get("TableName"):
        arn = f"arn:aws:dynamodb:{scope}:table/{str(data['TableName']).rpartition('/')[2]}"
        is_sdk = ":aws-sdk:" in resource
        return [(action, arn, "DynamoDb.DynamoDbException" if is_sdk else "DynamoDB.AmazonDynamoDBException")]
    if service == "sqs":
        queue = str(data.get("QueueUrl", "")).rpartition("/")[2]
        return [("sqs:SendMessage", f"arn:aws:sqs:{scope}:{queue}", "SQS.AmazonSQSException")]
    if service == "sns":
        return [("sns:Publish", str(data.get("TopicArn", "")), "SNS.AmazonSNSException")]
    return []


def _refuse_logging_workflows() -> None:
    create, update = stepfunctions._create_state_machine, stepfunctions._update_state_machine

    def refusal(data: dict[str, Any], role: str) -> Any:
        logging = data.get("loggingConfiguration") or {}
        if role and logging.get("level", "OFF") != "OFF" and why_denied(role, "workflow", LOG_DELIVERY, "*"):
            text = "The state machine IAM Role is not authorized to access the Log Destination"
            return stepfunctions.error_response_json("AccessDeniedException", text, 400)
        return None

    def create_state_machine(data: dict[str, Any]) -> Any:
        return refusal(data, data.get("roleArn") or "") or create(data)

    def update_state_machine(data: dict[str, Any]) -> Any:
        machine = stepfunctions._state_machines.get(data.get("stateMachineArn", "")) or {}
        return refusal(data, data.get("roleArn") or machine.get("roleArn", "")) or update(data)

    stepfunctions._create_state_machine = create_state_machine
    stepfunctions._update_state_machine = update_state_machine


def _deliver_as_the_delivery_stream() -> None:
    deliver = firehose._deliver_records_to_s3

    def deliver_records_to_s3(stream: dict[str, Any], destination: dict[str, Any], records: Any) -> None:
        config, source = destination["config"], stream.get("kinesis_source") or {}
        bucket, name = config.get("BucketARN", ""), stream["name"]
        needed: list[tuple[str, tuple[str, ...], str]] = [
            (config.get("RoleARN", ""), TO_BUCKET, bucket),
            (config.get("RoleARN", ""), TO_OBJECT, f"{bucket}/*"),
            (source.get("RoleARN", ""), READ_STREAM, source.get("KinesisStreamARN", "")),
        ]
        if not any(why_denied(role, name, actions, arn) for role, actions, arn in needed if role):
            deliver(stream, destination, records)

    firehose._deliver_records_to_s3 = deliver_records_to_s3


def _log_as_the_function() -> None:
    emit = lambda_svc._emit_lambda_logs

    def emit_lambda_logs(function: dict[str, Any], *arguments: Any, **named: Any) -> None:
        config = function.get("config") or function
        spec = parse_arn(config["FunctionArn"])
        name = config["FunctionName"]
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
        arn = f"arn:{spec.partition}:logs:{spec.region}:{spec.account_id}:log-group:{group}"
        needed: list[tuple[tuple[str, ...], str]] = [(WRITE_LOGS, f"{arn}:log-stream:{name}")]
        if group not in cloudwatch_logs._log_groups:  # never there, or deleted meanwhile
            needed.insert(0, (("logs:CreateLogGroup",), arn))
        if not any(why_denied(config["Role"], name, actions, resource) for actions, resource in needed):
            emit(function, *arguments, **named)

    lambda_svc._emit_lambda_logs = emit_lambda_logs
