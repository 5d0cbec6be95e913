"""How each kind of resource that labs consist of is listed by its own service, and how its ARNs look."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """A kind of resource: how it is listed, and which ARNs are of it. A listing yields name, handle and `running`."""

    word: str
    service: str
    listing: Callable[[Any], Iterator[tuple[str, str, str]]]
    arn: str


def _pages(operation: str, key: str, field: str | None, handle: str | None = None) -> Callable[[Any], Any]:
    """A listing by one paginated operation; `field` is the name's, None where the item is the name."""

    def listing(client: Any) -> Iterator[tuple[str, str, str]]:
        for page in client.get_paginator(operation).paginate():
            for item in page.get(key, []):
                name = item if field is None else item[field]
                yield name.rpartition(":")[2] if name.startswith("arn:") else name, item[handle] if handle else name, ""

    return listing


def _mappings(client: Any) -> Iterator[tuple[str, str, str]]:
    for page in client.get_paginator("list_event_source_mappings").paginate():
        for mapping in page.get("EventSourceMappings", []):
            source = mapping.get("EventSourceArn", "").rpartition(":")[2]
            running = f"polls {source}" if mapping["State"] in ("Enabled", "Enabling", "Creating") else ""
            yield mapping["FunctionArn"].split(":")[6], mapping["UUID"], running


def _rules(client: Any) -> Iterator[tuple[str, str, str]]:
    for bus, _, _ in _buses(client):
        for page in client.get_paginator("list_rules").paginate(EventBusName=bus):
            for rule in page.get("Rules", []):
                runs = rule.get("ScheduleExpression") if rule["State"] == "ENABLED" else ""
                yield rule["Name"], f"{bus}/{rule['Name']}", f"runs {runs}" if runs else ""


def _buses(client: Any) -> Iterator[tuple[str, str, str]]:
    for bus in _tokens(client.list_event_buses, "EventBuses"):
        yield bus["Name"], bus["Name"], ""


def _archives(client: Any) -> Iterator[tuple[str, str, str]]:
    for archive in _tokens(client.list_archives, "Archives"):
        yield archive["ArchiveName"], archive["ArchiveName"], ""


def _tokens(operation: Callable[..., Any], key: str) -> Iterator[Any]:
    """The items of an operation that has no paginator."""
    answer = operation()
    yield from answer.get(key, [])
    while answer.get("NextToken"):
        answer = operation(NextToken=answer["NextToken"])
        yield from answer.get(key, [])


def _schedules(client: Any) -> Iterator[tuple[str, str, str]]:
    for page in client.get_paginator("list_schedules").paginate():
        for schedule in page.get("Schedules", []):
            running = "runs by a schedule" if schedule.get("State") == "ENABLED" else ""
            yield schedule["Name"], f"{schedule.get('GroupName', 'default')}/{schedule['Name']}", running


def _streams(client: Any) -> Iterator[tuple[str, str, str]]:
    for page in client.get_paginator("list_streams").paginate():
        for name in page.get("StreamNames", []):
            summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
            yield name, name, f"{summary.get('OpenShardCount', 1)} open shards"


def _deliveries(client: Any) -> Iterator[tuple[str, str, str]]:
    start: dict[str, str] = {}
    while True:
        answer = client.list_delivery_streams(**start)
        yield from ((name, name, "") for name in answer.get("DeliveryStreamNames", []))
        if not answer.get("HasMoreDeliveryStreams"):
            return
        start = {"ExclusiveStartDeliveryStreamName": answer["DeliveryStreamNames"][-1]}


#: In the order in which they are deleted: what feeds something goes before it.
KINDS = (
    Kind("event source", "lambda", _mappings, r"lambda:.*:event-source-mapping:(.+)"),
    Kind("rule", "events", _rules, r"events:.*:rule/(?:.+/)?(.+)"),
    Kind("schedule", "scheduler", _schedules, r"scheduler:.*:schedule/.+/(.+)"),
    Kind("archive", "events", _archives, r"events:.*:archive/(.+)"),
    Kind("event bus", "events", _buses, r"events:.*:event-bus/(.+)"),
    Kind(
        "workflow",
        "stepfunctions",
        _pages("list_state_machines", "stateMachines", "name", "stateMachineArn"),
        r"states:.*:stateMachine:(.+)",
    ),
    Kind("delivery", "firehose", _deliveries, r"firehose:.*:deliverystream/(.+)"),
    Kind("stream", "kinesis", _streams, r"kinesis:.*:stream/([^/]+).*"),
    Kind("function", "lambda", _pages("list_functions", "Functions", "FunctionName"), r"lambda:.*:function:(.+)"),
    Kind("layer", "lambda", _pages("list_layers", "Layers", "LayerName"), r"lambda:.*:layer:([^:]+)"),
    Kind("table", "dynamodb", _pages("list_tables", "TableNames", None), r"dynamodb:.*:table/(.+)"),
    Kind("topic", "sns", _pages("list_topics", "Topics", "TopicArn", "TopicArn"), r"sns:[^:]*:[^:]*:([^:]+)"),
    Kind("queue", "sqs", _pages("list_queues", "QueueUrls", None), r"sqs:[^:]*:[^:]*:(.+)"),
    Kind("bucket", "s3", _pages("list_buckets", "Buckets", "Name"), r"s3:::([^/]+)"),
    Kind(
        "log group", "logs", _pages("describe_log_groups", "logGroups", "logGroupName"), r"logs:.*?:log-group:([^:]+).*"
    ),
    Kind("alarm", "cloudwatch", _pages("describe_alarms", "MetricAlarms", "AlarmName"), r"cloudwatch:.*:alarm:(.+)"),
    Kind("parameter", "ssm", _pages("describe_parameters", "Parameters", "Name"), r"ssm:.*:parameter(/.+)"),
    Kind("role", "iam", _pages("list_roles", "Roles", "RoleName"), r"iam::.*:role/(.+)"),
)


def kind_of(arn: str) -> tuple[str, str]:
    """The kind and the name of the resource with this ARN; kind `other` for one that is not known here."""
    for kind in KINDS:
        if match := re.fullmatch("arn:[^:]*:" + kind.arn, arn):
            return kind.word, match[1]
    return "other", arn
