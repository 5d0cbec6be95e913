"""Runs last: what was deployed is destroyed, and nothing of it is left."""

import re
from collections.abc import Iterator

from main import LABS
from shell import Shell


def test_destroy_leaves_nothing(labs: Shell) -> None:
    deployed = list(of_the_labs(labs))
    assert deployed, "the listing sees nothing, so it would miss what is left"
    shown = {record["name"] for record in labs.records("leftovers.py")}
    names = {re.split(r"[/: ]", line)[-1] for line in deployed}
    assert names <= {name.rpartition("/")[2] for name in shown}, "leftovers.py would miss these"
    labs.script("lab.py", "destroy", "all", "--yes")
    labs.destroyed = True
    assert list(of_the_labs(labs)) == []
    assert labs.records("leftovers.py") == []


def of_the_labs(shell: Shell) -> Iterator[str]:
    """Everything in the account that carries the labs' prefix, by listing each service."""
    listings = [
        ("sqs", "list_queues", "QueueUrls", None),
        ("lambda", "list_functions", "Functions", "FunctionName"),
        ("lambda", "list_layers", "Layers", "LayerName"),
        ("lambda", "list_event_source_mappings", "EventSourceMappings", "FunctionArn"),
        ("s3", "list_buckets", "Buckets", "Name"),
        ("logs", "describe_log_groups", "logGroups", "logGroupName"),
        ("events", "list_rules", "Rules", "Name"),
        ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        ("iam", "list_roles", "Roles", "RoleName"),
        ("sns", "list_topics", "Topics", "TopicArn"),
        ("sns", "list_subscriptions", "Subscriptions", "TopicArn"),
        ("ssm", "describe_parameters", "Parameters", "Name"),
        ("kinesis", "list_streams", "StreamNames", None),
        ("firehose", "list_delivery_streams", "DeliveryStreamNames", None),
        ("stepfunctions", "list_state_machines", "stateMachines", "name"),
        ("dynamodb", "list_tables", "TableNames", None),
    ]
    for service, operation, key, field in listings:
        client = shell.client(service)
        paged = client.can_paginate(operation)
        for page in client.get_paginator(operation).paginate() if paged else [getattr(client, operation)()]:
            for item in page.get(key, []):
                name = item if field is None else item[field]
                if any(part in name for lab in LABS for part in (shell.name(lab.lab), f"/{shell.prefix}/{lab.lab}/")):
                    yield f"{service} {name}"
