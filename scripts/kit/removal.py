"""Deletes resources that were found in the account, each by the calls of its own service."""

from collections.abc import Callable, Collection
from typing import Any

from botocore.exceptions import ClientError

from kit.inventory import Found, lab_of
from kit.listings import KINDS
from kit.output import say
from kit.target import Target

_KINDS = {kind.word: kind for kind in KINDS}


def delete(target: Target, found: Found) -> None:
    """Delete it, and what is in it. What is gone already is well. Raises ClientError, or KeyError for kind `other`."""
    client = target.client(_KINDS[found.kind].service)
    try:
        DELETE[found.kind](client, found)
    except ClientError as error:
        if not _is_gone(error):
            raise


def stop_executions(target: Target, labs: Collection[str]) -> None:
    """Stop what the workflows of these labs are doing: AWS deletes a workflow only when its executions have ended.

    An execution may wait ten minutes for a person. Raises ClientError.
    """
    kind = _KINDS["workflow"]
    client = target.client(kind.service)
    for name, arn, _ in kind.listing(client):
        if lab_of(name, target.prefix) in labs:
            _stop_executions(client, name, arn)


def _stop_executions(client: Any, name: str, arn: str) -> None:
    if client.describe_state_machine(stateMachineArn=arn)["type"] == "EXPRESS":  # it ends in five minutes at most
        return
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=arn, statusFilter="RUNNING")
    running = [each["executionArn"] for page in pages for each in page["executions"]]
    for execution in running:
        client.stop_execution(executionArn=execution, cause="its workflow is being deleted")
    if running:
        count = "1 execution of" if len(running) == 1 else f"{len(running)} executions of"
        say(f"{count} {name} {'was' if len(running) == 1 else 'were'} running: stopped")


def _workflow(client: Any, found: Found) -> None:
    _stop_executions(client, found.name, found.handle)
    client.delete_state_machine(stateMachineArn=found.handle)


def delete_late_logs(target: Target, labs: Collection[str]) -> list[str]:
    """Delete the log groups of these labs whose function is gone, and return their names.

    A function that ran while it was destroyed writes its last lines some seconds later: where its role may create log
    groups, as LabRole may, Lambda makes the group again, and it would be in the way of the next deployment.
    """
    functions = {f"/aws/lambda/{name}" for name in _names(target, "function")}
    late = [
        Found("log group", name, lab, name)
        for name in _names(target, "log group")
        if name.startswith("/aws/lambda/") and name not in functions
        if (lab := lab_of(name, target.prefix)) and lab in labs
    ]
    for found in late:
        delete(target, found)
    return [found.name for found in late]


def _names(target: Target, word: str) -> list[str]:
    kind = _KINDS[word]
    return [name for name, *_ in kind.listing(target.client(kind.service))]


def _is_gone(error: ClientError) -> bool:
    code = error.response.get("Error", {}).get("Code", "")
    return any(part in code for part in ("NotFound", "NonExistent", "DoesNotExist", "NoSuch"))


def _rule(client: Any, found: Found) -> None:
    bus, _, name = found.handle.rpartition("/")
    bus = bus.rpartition("/")[2] or "default"
    while ids := [each["Id"] for each in client.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]]:
        client.remove_targets(Rule=name, EventBusName=bus, Ids=ids)
    client.delete_rule(Name=name, EventBusName=bus)


def _schedule(client: Any, found: Found) -> None:
    group = found.handle.split("/")[-2]
    client.delete_schedule(Name=found.name, GroupName=group)


def _layer(client: Any, found: Found) -> None:
    for page in client.get_paginator("list_layer_versions").paginate(LayerName=found.name):
        for version in page["LayerVersions"]:
            client.delete_layer_version(LayerName=found.name, VersionNumber=version["Version"])


def _topic(client: Any, found: Found) -> None:
    for page in client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=found.handle):
        for subscription in page["Subscriptions"]:
            if subscription["SubscriptionArn"].startswith("arn:"):  # not one that nobody has confirmed
                client.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    client.delete_topic(TopicArn=found.handle)


def _queue(client: Any, found: Found) -> None:
    url = found.handle if found.handle.startswith("http") else client.get_queue_url(QueueName=found.name)["QueueUrl"]
    client.delete_queue(QueueUrl=url)


def _bucket(client: Any, found: Found) -> None:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=found.name):
        objects = [
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        ]
        if objects:
            client.delete_objects(Bucket=found.name, Delete={"Objects": objects, "Quiet": True})
    client.delete_bucket(Bucket=found.name)


def _role(client: Any, found: Found) -> None:
    for page in client.get_paginator("list_role_policies").paginate(RoleName=found.name):
        for policy in page["PolicyNames"]:
            client.delete_role_policy(RoleName=found.name, PolicyName=policy)
    client.delete_role(RoleName=found.name)


DELETE: dict[str, Callable[[Any, Found], Any]] = {
    "event source": lambda client, found: client.delete_event_source_mapping(UUID=found.handle.rpartition(":")[2]),
    "rule": _rule,
    "schedule": _schedule,
    "archive": lambda client, found: client.delete_archive(ArchiveName=found.name),
    "event bus": lambda client, found: client.delete_event_bus(Name=found.name),
    "workflow": _workflow,
    "delivery": lambda client, found: client.delete_delivery_stream(DeliveryStreamName=found.name),
    "stream": lambda client, found: client.delete_stream(StreamName=found.name, EnforceConsumerDeletion=True),
    "function": lambda client, found: client.delete_function(FunctionName=found.name),
    "layer": _layer,
    "table": lambda client, found: client.delete_table(TableName=found.name),
    "topic": _topic,
    "queue": _queue,
    "bucket": _bucket,
    "log group": lambda client, found: client.delete_log_group(logGroupName=found.name),
    "alarm": lambda client, found: client.delete_alarms(AlarmNames=[found.name]),
    "parameter": lambda client, found: client.delete_parameter(Name=found.name),
    "role": _role,
}
