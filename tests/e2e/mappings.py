"""Event source mappings and their queues, handled as AWS wants it: a change at a time, visibility above timeouts."""

import contextlib
from collections.abc import Iterator
from typing import Any

from views import until

from shell import Shell

#: Lambda API reference, EventSourceMappingConfiguration, State: in all others the mapping is on its way to one of
#: these, and a change is refused (ResourceInUseException).
FINAL = ("Enabled", "Disabled")


def settled(shell: Shell) -> list[str]:
    """The states of all mappings of the labs, once none of them changes any more."""

    def states() -> list[str]:
        pages = shell.client("lambda").get_paginator("list_event_source_mappings").paginate()
        every = [each for page in pages for each in page["EventSourceMappings"]]
        return [each["State"] for each in every if f":function:{shell.name('')}" in each["FunctionArn"]]

    return list(until(lambda: set(now := states()) <= set(FINAL) and now, "settled", shell.patient(60)))


@contextlib.contextmanager
def switched_off(shell: Shell, function: str) -> Iterator[None]:
    """The mapping of a function, given as `<lab>-<thing>`, switched off for a while."""
    client = shell.client("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName=shell.name(function))["EventSourceMappings"]
    _switch(shell, client, mapping["UUID"], False)
    try:
        yield
    finally:
        _switch(shell, client, mapping["UUID"], True)


def _switch(shell: Shell, client: Any, uuid: str, on: bool) -> None:
    def state() -> str:
        return str(client.get_event_source_mapping(UUID=uuid)["State"])

    until(lambda: state() in FINAL, "that the mapping can be changed", shell.patient(60))
    client.update_event_source_mapping(UUID=uuid, Enabled=on)
    until(lambda: state() == ("Enabled" if on else "Disabled"), "that the mapping is switched", shell.patient(60))


def hurry(shell: Shell, queue: str, function: str) -> None:
    """Let attempts follow each other as fast as may be: not at 60 s each. Both are given as `<lab>-<thing>`.

    Below the function's timeout a message would be handled twice at a time (Lambda Developer Guide, "Using Lambda with
    Amazon SQS", visibility timeout); the engine's functions do not come near theirs.
    """
    config = shell.client("lambda").get_function_configuration(FunctionName=shell.name(function))
    sqs = shell.client("sqs")
    url = sqs.get_queue_url(QueueName=shell.name(queue))["QueueUrl"]
    seconds = 1 if shell.port else config["Timeout"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
