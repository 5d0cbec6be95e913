"""What a lab has rejected: looked at without taking it away, and one message sent back to where it failed."""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kit.batches import BATCH
from kit.cli import Exit, Stop
from kit.live.clients import Clients
from kit.live.numbers import account_name
from kit.output import parse
from kit.pictures.graph import Graph, Node
from kit.ports import Port
from kit.queues import SHORTEST_POLL_S

#: How many messages of a queue are looked at, and how long they are hidden meanwhile if nobody gives them back.
DEPTH = 100
HIDDEN_S = 20
#: How long a message is looked for that is to be sent back.
FIND_S = 5


def rejected_ports(ports: Mapping[str, Port]) -> dict[str, Port]:
    return {name: port for name, port in ports.items() if name.startswith("rejected") and port["kind"] == "sqs"}


class Rejected:
    """The dead-letter queues of one lab."""

    def __init__(self, clients: Clients, graph: Graph, ports: Mapping[str, Port]) -> None:
        self._clients = clients
        self._sqs = clients["sqs"]
        self._graph = graph
        self._ports = rejected_ports(ports)

    def all(self) -> list[dict[str, Any]]:
        """What rests in them, the oldest first."""
        with ThreadPoolExecutor() as pool:  # each takes a second until it is seen to be empty
            found = [message for messages in pool.map(self._resting, self._ports) for message in messages]
        return sorted(found, key=lambda message: message["at_ms"])

    def _resting(self, name: str) -> list[dict[str, Any]]:
        url = self._ports[name]["url"]
        messages = self._receive(url, DEPTH)
        self._release(url, messages)
        return [
            {
                "port": name,
                "message_id": message["MessageId"],
                "at_ms": int(message["Attributes"]["SentTimestamp"]),
                "body": message["Body"],
                "back_to": way[0].title if (way := self._way_back(name, message["Body"])) else "",
            }
            for message in messages
        ]

    def send_back(self, name: str, message_id: str) -> str:
        """Send one message to where it failed, and then take it out of its queue; where it went. Raises Stop."""
        if name not in self._ports:
            raise Stop(f"there is no port {name}", Exit.USAGE)
        url = self._ports[name]["url"]
        message = self._find(url, message_id)
        way = self._way_back(name, message["Body"])
        if not way:
            self._release(url, [message])
            raise Stop("the message does not say where it failed, and with what", Exit.USAGE)
        # In this order: what goes wrong in between makes a second copy, and loses nothing.
        self._send(*way, message)
        self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return way[0].title

    def _way_back(self, port: str, body: str) -> tuple[Node, str] | None:
        """Where a message behind the port failed, and what was given there; None when it cannot be told.

        What failed on its way through a queue is the message itself. What a function failed on is in an envelope, which
        names the function (Lambda Developer Guide, "Asynchronous invocation record").
        """
        nodes = {node.id: node for node in self._graph.nodes}
        resting = [node.id for node in self._graph.nodes if port in node.ports]
        sources = [nodes[edge.source] for edge in self._graph.edges if edge.failure and edge.target in resting]
        if len(sources) == 1 and sources[0].type == "aws_sqs_queue":
            return sources[0], body
        content = parse(body)
        if not isinstance(content, dict) or "requestPayload" not in content:
            return None
        failed = str(content.get("requestContext", {}).get("functionArn", ""))
        for node in sources:
            if node.type == "aws_lambda_function" and account_name(node, self._clients) in failed.split(":"):
                return node, json.dumps(content["requestPayload"])
        return None

    def _send(self, way: Node, payload: str, message: Mapping[str, Any]) -> None:
        name = account_name(way, self._clients)
        if way.type == "aws_lambda_function":
            self._clients["lambda"].invoke(FunctionName=name, InvocationType="Event", Payload=payload.encode())
            return
        fifo = "MessageGroupId" in message["Attributes"]
        url = self._sqs.get_queue_url(QueueName=f"{name}.fifo" if fifo else name)["QueueUrl"]
        order = {
            "MessageGroupId": message["Attributes"].get("MessageGroupId"),
            # A new one: the old one would be dropped as a duplicate for five minutes.
            "MessageDeduplicationId": f"{message['MessageId']}-back",
        }
        attributes = {
            key: {part: value[part] for part in ("DataType", "StringValue", "BinaryValue") if part in value}
            for key, value in message.get("MessageAttributes", {}).items()
        }
        self._sqs.send_message(
            QueueUrl=url, MessageBody=payload, MessageAttributes=attributes, **(order if fifo else {})
        )

    def _find(self, url: str, message_id: str) -> dict[str, Any]:
        """The message, hidden from others; the others are given back. Raises Stop when it is not there."""
        deadline = time.monotonic() + FIND_S
        while time.monotonic() < deadline:
            messages = self._receive(url, DEPTH)
            self._release(url, [message for message in messages if message["MessageId"] != message_id])
            for message in messages:
                if message["MessageId"] == message_id:
                    return message
            time.sleep(0.2)
        raise Stop("the message is not there any more", Exit.NOTHING_IN_TIME)

    def _receive(self, url: str, limit: int) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        while len(found) < limit:
            answer = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=HIDDEN_S,
                WaitTimeSeconds=SHORTEST_POLL_S,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            if not answer.get("Messages"):
                break
            found |= {message["MessageId"]: message for message in answer["Messages"]}
        return list(found.values())

    def _release(self, url: str, messages: list[dict[str, Any]]) -> None:
        for start in range(0, len(messages), BATCH):
            entries = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for index, message in enumerate(messages[start : start + BATCH])
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
