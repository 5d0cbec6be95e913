"""Reads the graph of a lab from the Terraform JSON of its stack.

A lab's stack must be one with dedicated roles (context `role=dedicated`): their policies say which function may do what
with which resource, and each grant is an edge. Event sources, subscriptions, targets and redrive policies are the
others.

A stack of the user's own is read as far as it says what it is: what Terraform only knows at the deployment, and what
the stack finds by a data source, is not in the picture.
"""

import re
from collections.abc import Iterator
from typing import Any

from kit.pictures.graph import Edge, Graph, Node
from kit.pictures.kinds import BY_SERVICE, CLIENT, KINDS, SUBSCRIBER
from kit.pictures.patterns import in_words
from kit.synthesized import document

#: What only looks at a resource: then the arrow comes from it.
_READS = re.compile(
    r"^(s3:Get|s3:List|dynamodb:(Get|BatchGet|Query|Scan|Describe)|kinesis:(Get|List|Describe|Subscribe)"
    r"|sqs:(Receive|Delete|GetQueue|ChangeMessage))"
)
_REFERENCE = re.compile(r"\$\{(?P<type>aws_\w+)\.(?P<name>[\w-]+)\.")
_ARN = re.compile(r"^arn:[\w-]+:(?P<service>\w+):.*[:/](?P<name>[\w.-]+)$")
_ACCOUNT = re.compile(r"\$\{data\.aws_caller_identity\.\w+\.account_id\}")
_REGION = re.compile(r"\{account\}-[a-z]{2}(-[a-z]+)+-\d")


def graph_of(lab: str, stack: dict[str, Any]) -> Graph:
    """The graph of a lab with the given Terraform JSON."""
    return _Reader(lab, stack.get("resource", {})).read()


class _Reader:
    """Reads one stack."""

    def __init__(self, lab: str, resources: dict[str, dict[str, Any]]) -> None:
        self._resources = resources
        self._lab = lab
        #: A lab's parameters, by the names of its ports.
        self._ports: dict[str, dict[str, Any]] = {}
        self._prefix = "lab"
        for _, parameter in self._all("aws_ssm_parameter"):
            if found := re.fullmatch(rf"/([^/]+)/{re.escape(lab)}/([^/]+)", str(parameter.get("name"))):
                self._prefix, self._ports[found[2]] = found[1], document(parameter.get("value"))
        self._nodes: dict[str, Node] = {}
        self._edges: dict[tuple[str, str], Edge] = {}
        #: (type, Terraform name) -> id of the node.
        self._ids: dict[tuple[str, str], str] = {}
        #: Terraform name of a role -> ids of those who have it.
        self._owners: dict[str, list[str]] = {}

    def read(self) -> Graph:
        self._find_nodes()
        self._find_owners()
        for source, target, label, failure in self._find_edges():
            if source and target and source != target:
                self._connect(source, target, label, failure)
        self._connect_clients()
        nodes = sorted(self._nodes.values(), key=lambda node: node.id)
        edges = sorted(self._edges.values(), key=lambda edge: (edge.source, edge.target))
        return Graph(self._lab, nodes, edges)

    def _all(self, type: str) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from sorted(self._resources.get(type, {}).items())

    def _find_nodes(self) -> None:
        code = self._code_buckets()
        for type, kind in KINDS.items():
            for key, resource in self._all(type):
                if type != "aws_s3_bucket" or key not in code:
                    # Without a name of its own it gets one from AWS, and is known by that of the construct.
                    name = _ACCOUNT.sub("{account}", str(resource.get(kind.name, key)))
                    note = _note(resource) or kind.note
                    self._ids[type, key] = self._add(type, _REGION.sub("{account}-{region}", name), note)

    def _code_buckets(self) -> set[str]:
        """The Terraform names of the buckets that hold nothing but the functions' code."""
        objects = {key: _refers(object.get("bucket"), "aws_s3_bucket") for key, object in self._all("aws_s3_object")}
        users = [*self._all("aws_lambda_function"), *self._all("aws_lambda_layer_version")]
        return {objects.get(_refers(user.get("s3_bucket"), "aws_s3_object"), "") for _, user in users}

    def _add(self, type: str, name: str, note: str, others: bool = False) -> str:
        """Add a resource by its name in the account, one of this stack or of another lab; its id."""
        thing = re.sub(r"-\{account\}.*", "", name)
        own = f"{self._prefix}-{self._lab}-"
        title = thing.removeprefix(own)
        template = name
        if name.startswith(f"{self._prefix}-"):
            template = "{prefix}" + name.removeprefix(self._prefix)
        if others:
            title = title.removeprefix(f"{self._prefix}-")
            note = f"lab {title.partition('-')[0]}"
            title = title.partition("-")[2] or title
        id = f"{KINDS[type].short}-{re.sub(r'[^a-z0-9-]', '-', thing.removeprefix(own).lower())}"
        self._nodes.setdefault(id, Node(id, type, title, note, template))
        return id

    def _find_owners(self) -> None:
        """Who has which role; the role of a rule's target is the rule's."""
        for (type, key), id in self._ids.items():
            for role in _texts(self._resources[type][key], re.compile(r"role")):
                self._own(role, id)
        for _, target in self._all("aws_cloudwatch_event_target"):
            self._own(target.get("role_arn", ""), self._rule(target))

    def _own(self, role: str, id: str) -> None:
        if name := _refers(role, "aws_iam_role"):
            self._owners.setdefault(name, []).append(id)

    def _rule(self, target: dict[str, Any]) -> str:
        return self._resolve(target.get("rule"))

    def _resolve(self, text: Any) -> str:
        """The id of the node that a reference, an ARN or a name means; of another lab's, a new one; or nothing."""
        if not isinstance(text, str):
            return ""
        if found := _REFERENCE.match(text):
            return self._ids.get((found["type"], found["name"]), "")
        plain = _ACCOUNT.sub("{account}", text)
        arn = _ARN.match(plain.replace("{account}", "0"))
        if arn and arn["service"] in BY_SERVICE:
            type, name = BY_SERVICE[arn["service"]], arn["name"]
            same = [node.id for node in self._nodes.values() if node.type == type and self._name(node) == name]
            return same[0] if same else self._add(type, name, "", others=True)
        return next((node.id for node in self._nodes.values() if self._name(node) == plain), "")

    def _name(self, node: Node) -> str:
        return node.name.replace("{prefix}", self._prefix)

    def _connect(self, source: str, target: str, label: str, failure: bool) -> None:
        """Add an edge; what is known of it already stays, and the way of failures stays one."""
        known = self._edges.get((source, target), Edge(source, target))
        merged = Edge(source, target, known.label or label, known.failure or failure)
        self._edges[source, target] = merged

    def _find_edges(self) -> Iterator[tuple[str, str, str, bool]]:
        yield from self._redrives()
        yield from self._event_sources()
        yield from self._asynchronous_failures()
        yield from self._subscriptions()
        yield from self._rules()
        yield from self._deliveries()
        yield from self._grants()

    def _redrives(self) -> Iterator[tuple[str, str, str, bool]]:
        for key, queue in self._all("aws_sqs_queue"):
            policy = document(queue.get("redrive_policy"))
            label = f"after {policy['maxReceiveCount']} attempts" if "maxReceiveCount" in policy else ""
            yield self._ids["aws_sqs_queue", key], self._resolve(policy.get("deadLetterTargetArn")), label, True

    def _event_sources(self) -> Iterator[tuple[str, str, str, bool]]:
        for _, mapping in self._all("aws_lambda_event_source_mapping"):
            function = self._resolve(mapping.get("function_name"))
            source = mapping.get("event_source_arn")
            if consumer := _refers(source, "aws_kinesis_stream_consumer"):  # enhanced fan-out
                source = self._resources["aws_kinesis_stream_consumer"].get(consumer, {}).get("stream_arn")
            queue = _refers(source, "aws_sqs_queue")
            # Lambda API reference, CreateEventSourceMapping, BatchSize.
            batch = mapping.get("batch_size", 10 if queue else 100)
            yield self._resolve(source), function, f"batches of {batch}", False
            failure = _block(mapping, "destination_config", "on_failure").get("destination_arn")
            yield function, self._resolve(failure), "what it failed on", True

    def _asynchronous_failures(self) -> Iterator[tuple[str, str, str, bool]]:
        for _, config in self._all("aws_lambda_function_event_invoke_config"):
            failure = _block(config, "destination_config", "on_failure").get("destination")
            # Lambda API reference, PutFunctionEventInvokeConfig: two retries, unless the function says less.
            label = f"after {config.get('maximum_retry_attempts', 2) + 1} attempts"
            yield self._resolve(config.get("function_name")), self._resolve(failure), label, True

    def _subscriptions(self) -> Iterator[tuple[str, str, str, bool]]:
        for _, subscription in self._all("aws_sns_topic_subscription"):
            topic, protocol = self._resolve(subscription.get("topic_arn")), str(subscription.get("protocol"))
            target = self._resolve(subscription.get("endpoint"))
            if not target:
                target = f"subscriber-{protocol}"
                self._nodes[target] = Node(target, "subscriber", protocol, SUBSCRIBER.note)
            label = in_words(document(subscription.get("filter_policy")))
            yield topic, target, label or ("all, raw" if subscription.get("raw_message_delivery") else "all"), False
            undelivered = document(subscription.get("redrive_policy")).get("deadLetterTargetArn")
            yield topic, self._resolve(undelivered), "", True

    def _rules(self) -> Iterator[tuple[str, str, str, bool]]:
        for key, rule in self._all("aws_cloudwatch_event_rule"):
            yield self._resolve(rule.get("event_bus_name")), self._ids["aws_cloudwatch_event_rule", key], "", False
        for _, target in self._all("aws_cloudwatch_event_target"):
            yield self._rule(target), self._resolve(target.get("arn")), "", False
            dead_letters = self._resolve(_block(target, "dead_letter_config").get("arn"))
            # A line from the bus stands for those from all its rules.
            bus = self._resolve(target.get("event_bus_name"))
            yield bus or self._rule(target), dead_letters, "what a target did not take", True
        for key, archive in self._all("aws_cloudwatch_event_archive"):
            bus = self._resolve(archive.get("event_source_arn"))
            yield bus, self._ids["aws_cloudwatch_event_archive", key], "everything", False

    def _deliveries(self) -> Iterator[tuple[str, str, str, bool]]:
        for key, delivery in self._all("aws_kinesis_firehose_delivery_stream"):
            id = self._ids["aws_kinesis_firehose_delivery_stream", key]
            for source in _texts(delivery.get("kinesis_source_configuration", {}), re.compile("stream_arn")):
                yield self._resolve(source), id, "everything", False
            for bucket in _texts(delivery.get("extended_s3_configuration", {}), re.compile("bucket_arn")):
                yield id, self._resolve(bucket), "", False

    def _grants(self) -> Iterator[tuple[str, str, str, bool]]:
        """What roles allow: an edge to what is written, one from what is only read. Event sources are edges already."""
        read = []
        for _, policy in self._all("aws_iam_role_policy"):
            owners = self._owners.get(_refers(policy.get("role"), "aws_iam_role"), [])
            for statement in _list(document(policy.get("policy")).get("Statement")):
                only_reads = all(_READS.match(action) for action in _list(statement.get("Action")))
                for resource in _list(statement.get("Resource")):
                    other = self._resolve(resource.removesuffix("/*"))
                    for owner in owners if other else []:
                        if only_reads:
                            read.append((other, owner))
                        else:
                            yield owner, other, "", False
        for other, owner in read:
            if not {(other, owner), (owner, other)} & set(self._edges):
                yield other, owner, "reads", False

    def _connect_clients(self) -> None:
        """The ports: people send to the input, and read from the output."""
        for port, content in self._ports.items():
            found = filter(
                None,
                (
                    self._resolve(content[key])
                    for key in ("arn", "url", "bus", "function", "table", "stream")
                    if key in content
                ),
            )
            id = next(found, "")
            if not id:
                continue
            node = self._nodes[id]
            self._nodes[id] = Node(node.id, node.type, node.title, node.note, node.name, (*node.ports, port))
            if port == "input":
                self._client("send", "send_message.py", "you")
                self._connect("client-send", id, "", False)
            if port == "output":
                self._client("read", "read_results.py", "you")
                self._connect(id, "client-read", "", False)

    def _client(self, name: str, title: str, note: str) -> None:
        self._nodes[f"client-{name}"] = Node(f"client-{name}", CLIENT.short, title, note)


def _note(resource: dict[str, Any]) -> str:
    """What distinguishes a resource from others of its kind: when a rule fires."""
    if "schedule_expression" in resource:
        return str(resource["schedule_expression"])
    return in_words(document(resource.get("event_pattern")))


def _refers(text: Any, type: str) -> str:
    """The Terraform name of the resource of this type that a reference means, or nothing."""
    found = _REFERENCE.match(str(text))
    return found["name"] if found and found["type"] == type else ""


def _block(values: Any, *path: str) -> dict[str, Any]:
    """The block at this path, which Terraform's JSON lets be an object or a list of one; empty where there is none."""
    for key in ("", *path):
        values = values.get(key) if key and isinstance(values, dict) else values
        values = values[0] if isinstance(values, list) and values else values
    return values if isinstance(values, dict) else {}


def _list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _texts(value: Any, key: re.Pattern[str], inside: bool = False) -> Iterator[str]:
    """All texts below keys that match, at any depth."""
    if isinstance(value, str) and inside:
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, key, bool(key.search(name)))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, key, inside)
