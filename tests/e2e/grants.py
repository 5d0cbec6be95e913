"""What the dedicated roles allow, what the functions called, and what AWS itself calls on behalf of a role."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from shell import Shell

#: Lambda Developer Guide: "Using Lambda with Amazon SQS", "Using Lambda with Kinesis" (execution role permissions).
FROM_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
FROM_STREAM = (
    *("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords"),
    *("kinesis:GetShardIterator", "kinesis:ListShards"),
)
FROM_FAN_OUT = ("kinesis:SubscribeToShard", "kinesis:DescribeStreamConsumer")
TO_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
#: Step Functions Developer Guide, "Logging in CloudWatch Logs": these know no resource.
LOG_DELIVERY = (
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
)
#: Firehose Developer Guide, "Grant Firehose access to an Amazon S3 destination".
TO_BUCKET = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
TO_OBJECTS = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")


class Grant(NamedTuple):
    """A role (named as what runs with it), an action, and the ARN of a resource, or a pattern of ARNs."""

    role: str
    action: str
    resource: str

    def covers(self, call: "Grant") -> bool:
        return self[:2] == call[:2] and fnmatchcase(call.resource, self.resource)


def granted(shell: Shell) -> set[Grant]:
    """What the policies of the dedicated roles allow."""
    iam = shell.client("iam")
    found = set()
    for role in (each["RoleName"] for each in iam.list_roles()["Roles"]):
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            for statement in document["Statement"]:
                found |= {Grant(role, action, statement["Resource"]) for action in statement["Action"]}
    return found


def called(shell: Shell) -> set[Grant]:
    """What the functions called since the engine started; what they were misled to call for a test does not count."""
    lines = (json.loads(line) for line in shell.calls.read_text().splitlines())
    calls = {Grant(line["function"], line["action"], line["resource"]) for line in lines}
    return {call for call in calls if not call.resource.endswith("-nowhere")}


def called_by_services(shell: Shell) -> set[Grant]:
    """What AWS calls as the role of a function, workflow, rule or delivery, from how these are set up."""
    return {*_of_functions(shell), *_of_workflows(shell), *_of_rules(shell), *_of_deliveries(shell)}


def _of_functions(shell: Shell) -> Iterator[Grant]:
    functions, logs = shell.client("lambda"), shell.client("logs")
    for group in logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{shell.name('')}")["logGroups"]:
        name = group["logGroupName"].rpartition("/")[2]
        yield from (Grant(name, action, group["arn"].removesuffix(":*") + ":*") for action in TO_LOG)
        for config in functions.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]:
            yield Grant(name, "sqs:SendMessage", config["DestinationConfig"]["OnFailure"]["Destination"])
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        name, source = mapping["FunctionArn"].split(":")[6], mapping["EventSourceArn"]
        yield from (Grant(name, action, source.partition("/consumer/")[0]) for action in _reading(source))
        if "/consumer/" in source:
            yield from (Grant(name, action, source) for action in FROM_FAN_OUT)
        if failures := mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
            yield Grant(name, "sqs:SendMessage", failures)


def _reading(source: str) -> tuple[str, ...]:
    return FROM_QUEUE if ":sqs:" in source else FROM_STREAM


def _of_workflows(shell: Shell) -> Iterator[Grant]:
    states = shell.client("stepfunctions")
    account = shell.client("sts").get_caller_identity()["Account"]
    for arn in (each["stateMachineArn"] for each in states.list_state_machines()["stateMachines"]):
        machine = states.describe_state_machine(stateMachineArn=arn)
        yield from (Grant(machine["name"], action, "*") for action in LOG_DELIVERY)
        for task in _tasks(json.loads(machine["definition"])):
            service, operation = task["Resource"].split(":::", 1)[1].removeprefix("aws-sdk:").split(":")[:2]
            operation = operation.partition(".")[0]
            arguments = task.get("Parameters") or task.get("Arguments") or {}
            if service == "lambda":
                yield Grant(machine["name"], "lambda:InvokeFunction", arguments["FunctionName"])
            elif service == "dynamodb":
                region = arn.split(":")[3]
                table = f"arn:aws:dynamodb:{region}:{account}:table/{arguments['TableName']}"
                yield Grant(machine["name"], f"dynamodb:{operation[0].upper()}{operation[1:]}", table)
            elif service == "sqs":
                queue = arguments["QueueUrl"].rpartition("/")[2]
                yield Grant(machine["name"], "sqs:SendMessage", f"arn:aws:sqs:{arn.split(':')[3]}:{account}:{queue}")
            elif service == "sns":
                yield Grant(machine["name"], "sns:Publish", arguments["TopicArn"])
            else:
                raise NotImplementedError(f"what a workflow needs for {task['Resource']}")


def _tasks(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in machine["States"].values():
        if state["Type"] == "Task":
            yield state
        for inner in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
            yield from _tasks(inner)


def _of_rules(shell: Shell) -> Iterator[Grant]:
    events = shell.client("events")
    for bus in (each["Name"] for each in events.list_event_buses()["EventBuses"]):
        for rule in events.list_rules(EventBusName=bus)["Rules"]:
            for target in events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]:
                if "RoleArn" in target:
                    yield Grant(target["RoleArn"].rpartition("/")[2], "states:StartExecution", target["Arn"])


def _of_deliveries(shell: Shell) -> Iterator[Grant]:
    firehose = shell.client("firehose")
    for name in firehose.list_delivery_streams()["DeliveryStreamNames"]:
        described = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        source = described["Source"]["KinesisStreamSourceDescription"]["KinesisStreamARN"]
        bucket = described["Destinations"][0]["ExtendedS3DestinationDescription"]["BucketARN"]
        region, account = source.split(":")[3:5]
        yield from (Grant(name, action, source) for action in FROM_STREAM)
        yield from (Grant(name, action, bucket) for action in TO_BUCKET)
        yield from (Grant(name, action, f"{bucket}/*") for action in TO_OBJECTS)
        log = f"arn:aws:logs:{region}:{account}:log-group:/aws/kinesisfirehose/{name}:*"
        yield Grant(name, "logs:PutLogEvents", log)
