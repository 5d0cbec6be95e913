"""What each kind of station can tell: messages in a queue, executions of a workflow, records of a stream.

Queues, workflows, tables and buckets are asked themselves, and tell what is now. Topics, rules, streams and deliveries
have CloudWatch metrics only: the last minutes, a minute or more late. Where a target has no such metric, the number is
None, never 0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from kit.live.clients import Clients
from kit.pictures.graph import Graph, Node, goes_back

#: Numbers of a station by their names, as they are shown; None where the target does not tell.
Numbers = dict[str, float | None]

#: How far back metrics are added up.
METRICS_MINUTES = 15
#: Step Functions API reference, ListExecutions: how many executions a page has by itself; those are counted.
LATEST = 100
#: Up to how many things in a table or a bucket are counted, and over how many answers of 1 MB (DynamoDB API reference,
#: Scan), which cost.
COUNTED = 1000
COUNTED_PAGES = 10
#: Numbers that are no good when they are above 0, and those that say that work is going on.
BAD = ("failed", "errors")
BUSY = ("waiting", "in flight", "running")


@dataclass(frozen=True)
class Metric:
    """A CloudWatch metric as a number; `dimensions` are its dimensions, with `{name}` and `{bus}` to be filled in."""

    label: str
    namespace: str
    name: str
    statistic: str
    dimensions: Mapping[str, str]
    factor: float = 1


_STREAM = {"StreamName": "{name}"}
_DELIVERY = {"DeliveryStreamName": "{name}"}
#: "Monitoring" in the developer guides of the services names each of these.
METRICS: dict[str, tuple[Metric, ...]] = {
    "aws_sns_topic": (Metric("published", "AWS/SNS", "NumberOfMessagesPublished", "Sum", {"TopicName": "{name}"}),),
    "aws_cloudwatch_event_rule": (
        Metric("matched", "AWS/Events", "TriggeredRules", "Sum", {"RuleName": "{name}", "EventBusName": "{bus}"}),
    ),
    "aws_kinesis_stream": (
        Metric("records", "AWS/Kinesis", "IncomingRecords", "Sum", _STREAM),
        Metric("lag s", "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "Maximum", _STREAM, 0.001),
    ),
    "aws_kinesis_firehose_delivery_stream": (
        Metric("delivered", "AWS/Firehose", "DeliveryToS3.Records", "Sum", _DELIVERY),
    ),
}
#: Of a function that reads a stream: how old its last record was.
CONSUMER = Metric("lag s", "AWS/Lambda", "IteratorAge", "Maximum", {"FunctionName": "{name}"}, 0.001)


class Unknown(Exception):
    """The resource is not there, under any of the names that it may have."""


def account_name(node: Node, clients: Clients) -> str:
    """The node's name in this account."""
    target = clients.target
    name = node.name.replace("{prefix}", target.prefix).replace("{region}", target.region)
    if "{account}" in name:
        name = name.replace("{account}", clients["sts"].get_caller_identity()["Account"])
    return name


class Reader:
    """Reads the numbers of one lab's stations."""

    def __init__(self, clients: Clients, graph: Graph, ports: Mapping[str, Mapping[str, Any]]) -> None:
        self._clients = clients
        self._ports = ports
        self._names = {node.id: account_name(node, clients) for node in graph.nodes if node.name}
        self._nodes = {node.id: node for node in graph.nodes if node.name}
        self._urls: dict[str, str] = {}
        self._buses = {edge.target: self._names[edge.source] for edge in graph.edges if edge.source.startswith("bus-")}
        streams = {node.id for node in graph.nodes if node.type == "aws_kinesis_stream"}
        self._consumers = {edge.target for edge in graph.edges if edge.source in streams} & {
            node.id for node in graph.nodes if node.type == "aws_lambda_function"
        }

    def read(self, *, counted: bool) -> dict[str, Numbers]:
        """The numbers that the stations tell themselves, by the nodes' ids. Raises what boto3 raises.

        Those where things are `counted` one by one, which costs, or those that are told at once.
        """
        found: dict[str, Numbers] = {}
        for id, node in self._nodes.items():
            reader = _READERS.get(node.type)
            if reader and (node.type in _COUNTED) == counted:
                try:
                    found[id] = reader(self, id)
                except Unknown:
                    found[id] = {}
        return found

    def read_metrics(self) -> dict[str, Numbers]:
        """The numbers that only CloudWatch has. Raises what boto3 raises."""
        wanted = [
            (id, metric)
            for id, node in self._nodes.items()
            for metric in (*METRICS.get(node.type, ()), *([CONSUMER] if id in self._consumers else []))
        ]
        if not wanted:
            return {}
        now = datetime.now(timezone.utc)
        answer = self._clients["cloudwatch"].get_metric_data(
            MetricDataQueries=[self._query(index, id, metric) for index, (id, metric) in enumerate(wanted)],
            StartTime=now - timedelta(minutes=METRICS_MINUTES),
            EndTime=now + timedelta(minutes=1),
        )
        values = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
        found: dict[str, Numbers] = {}
        for index, (id, metric) in enumerate(wanted):
            given = values.get(f"m{index}") or []
            total = sum(given) if metric.statistic == "Sum" else max(given, default=0)
            found.setdefault(id, {})[metric.label] = round(total * metric.factor, 1) if given else None
        return found

    def _query(self, index: int, id: str, metric: Metric) -> dict[str, Any]:
        texts = {"{name}": self._names[id], "{bus}": self._buses.get(id, "")}
        dimensions = [
            {"Name": name, "Value": texts[value]} for name, value in metric.dimensions.items() if texts[value]
        ]
        described = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
        return {"Id": f"m{index}", "MetricStat": {"Metric": described, "Period": 60, "Stat": metric.statistic}}

    def queue_url(self, id: str) -> str:
        """Where the queue is; with the option of FIFO its name has another ending."""
        if id not in self._urls:
            sqs, name = self._clients["sqs"], self._names[id]
            for candidate in (name, f"{name}.fifo"):
                try:
                    self._urls[id] = sqs.get_queue_url(QueueName=candidate)["QueueUrl"]
                    break
                except sqs.exceptions.QueueDoesNotExist:
                    continue
            else:
                raise Unknown(name)
        return self._urls[id]

    def _queue(self, id: str) -> Numbers:
        names = {"waiting": "", "in flight": "NotVisible", "delayed": "Delayed"}
        keys = {label: f"ApproximateNumberOfMessages{end}" for label, end in names.items()}
        url = self.queue_url(id)
        answer = self._clients["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=list(keys.values()))
        told = {label: float(answer["Attributes"].get(key, 0)) for label, key in keys.items()}
        # No queue of the labs delays messages by itself: only worth showing where somebody did.
        return {label: count for label, count in told.items() if count or label != "delayed"}

    def _workflow(self, id: str) -> Numbers:
        arn = next((port["arn"] for port in self._ports.values() if port["kind"] == "states"), None)
        express = any(port.get("type") == "EXPRESS" for port in self._ports.values())
        if not arn or not arn.endswith(f":{self._names[id]}"):
            raise Unknown(id)  # another lab's: its own view tells
        if express:
            return {"running": None, "succeeded": None, "failed": None}
        answer = self._clients["stepfunctions"].list_executions(stateMachineArn=arn, maxResults=LATEST)
        statuses = [execution["status"] for execution in answer["executions"]]
        counts = {"running": statuses.count("RUNNING"), "succeeded": statuses.count("SUCCEEDED")}
        return {**counts, "failed": len(statuses) - sum(counts.values())}

    def _table(self, id: str) -> Numbers:
        count, more = 0, True
        start: dict[str, Any] = {}
        for _ in range(COUNTED_PAGES):
            # One more than is counted: at its limit, DynamoDB does not know whether there are more.
            wanted = {"TableName": self._names[id], "Select": "COUNT", "Limit": COUNTED + 1 - count}
            answer = self._clients["dynamodb"].scan(**wanted, **start)
            count += answer["Count"]
            more = "LastEvaluatedKey" in answer
            if not more or count > COUNTED:
                break
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return _counted("items", count, more)

    def _bucket(self, id: str) -> Numbers:
        answer = self._clients["s3"].list_objects_v2(Bucket=self._names[id], MaxKeys=COUNTED)
        return _counted("objects", answer["KeyCount"], answer.get("IsTruncated", False))


def _counted(name: str, count: int, more: bool) -> Numbers:
    """How many there are, and whether not all were counted."""
    return {f"{name} and more" if more else name: min(count, COUNTED)}


_COUNTED = {"aws_dynamodb_table", "aws_s3_bucket"}
_READERS: dict[str, Callable[[Reader, str], Numbers]] = {
    "aws_sqs_queue": Reader._queue,
    "aws_sfn_state_machine": Reader._workflow,
    "aws_dynamodb_table": Reader._table,
    "aws_s3_bucket": Reader._bucket,
}


def level(node: Node, numbers: Numbers) -> str:
    """`bad` when something has failed there, `busy` while there is work, else `quiet`."""
    if any(numbers.get(name) for name in BAD):
        return "bad"
    if any(port.startswith("rejected") for port in node.ports) and numbers.get("waiting"):
        return "bad"
    return "busy" if any(numbers.get(name) for name in BUSY) else "quiet"


def as_text(numbers: Numbers, separator: str = "  ") -> str:
    """The numbers for a person: `3 waiting  1 in flight`, and a dash for what the target does not tell."""
    return separator.join(f"{figure(value)} {name}" for name, value in numbers.items())


def figure(value: float | None) -> str:
    """A number as it is shown; a dash where the target does not tell."""
    if value is None:
        return "–"
    return str(int(value)) if value == int(value) else f"{value:.1f}"


def columns(graph: Graph) -> list[list[Node]]:
    """The stations from left to right, as in the picture: each after all that give to it; what stands alone is last."""
    nodes = {node.id: node for node in graph.nodes if node.name}
    edges = [edge for edge in graph.edges if not goes_back(graph, edge)]
    ends = [(edge.target, edge.source) if edge.label == "reads" else (edge.source, edge.target) for edge in edges]
    flow = [(source, target) for source, target in ends if source in nodes and target in nodes]
    rank = dict.fromkeys(nodes, 0)
    for _ in nodes:  # as often as the longest way can be long; what goes round in circles ends there, too
        for source, target in flow:
            rank[target] = min(max(rank[target], rank[source] + 1), len(nodes))
    last = max(rank.values(), default=0)
    for id in nodes:
        if not any(id in edge for edge in flow) and len(nodes) > 1:
            rank[id] = last
    return [[nodes[id] for id in nodes if rank[id] == value] for value in sorted(set(rank.values()))]
