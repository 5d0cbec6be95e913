"""What a synthesized lab costs: while it is deployed, and for each message. An estimate, with its assumptions.

A message passes every queue, function, topic, bus, workflow, stream and table of its lab once. The free tier is not
counted, nor is what costs less than a cent a month: stored code, logs and items.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kit.prices import PriceTable
from kit.schedules import runs_per_hour
from kit.synthesized import Resource, Stack

HOURS_PER_MONTH = 730
#: How long a function runs for one message, and what it logs: the labs' functions take a few ms, a cold start more.
FUNCTION_S = 0.1
LOG_KB = 2
MESSAGE_KB = 1
KB_PER_GB = 1024**2
#: Send, receive, delete.
REQUESTS_PER_MESSAGE = 3
#: Lambda polls an idle queue with 5 long polls of 20 s at a time (AWS Compute Blog, "Understanding how AWS Lambda
#: scales with Amazon SQS standard queues"; SQS Developer Guide, "Short and long polling").
POLLS_PER_HOUR = 5 * 3600 / 20
#: An Express execution is billed for its duration with 64 MB or more.
EXPRESS_S, EXPRESS_GB = 1, 0.0625
#: Firehose counts each record as a multiple of it.
FIREHOSE_KB = 5

#: What costs nothing by itself, by the beginnings of the kinds.
FREE = (
    "aws_api_gateway_",
    "aws_apigatewayv2_",
    "aws_cloudwatch_event_",
    "aws_cloudwatch_log_stream",
    "aws_cloudwatch_query_definition",
    "aws_dynamodb_table_item",
    "aws_iam_",
    "aws_kms_alias",
    "aws_lambda_",
    "aws_s3_",
    "aws_schemas_",
    "aws_sns_",
    "aws_sqs_",
    "aws_ssm_parameter",
    "aws_vpc",
    "terraform_data",
)


@dataclass(frozen=True)
class Cost:
    """What one resource costs: by the hour, used or not, and for each message. None: the table has no price."""

    lab: str
    what: str
    usd_hour: float = 0
    usd_message: float = 0
    known: bool = True


@dataclass(frozen=True)
class Estimate:
    """The costs of a lab."""

    lab: str
    costs: tuple[Cost, ...]

    @property
    def usd_hour(self) -> float:
        return sum(cost.usd_hour for cost in self.costs)

    @property
    def usd_month(self) -> float:
        return self.usd_hour * HOURS_PER_MONTH

    @property
    def usd_message(self) -> float:
        return sum(cost.usd_message for cost in self.costs)

    @property
    def running(self) -> list[Cost]:
        """What goes on costing while nobody uses it, the most expensive first."""
        return sorted((cost for cost in self.costs if cost.usd_hour), key=lambda cost: -cost.usd_hour)

    @property
    def unknown(self) -> list[str]:
        return [cost.what for cost in self.costs if not cost.known]


def estimate(stack: Stack, table: PriceTable) -> Estimate:
    """What the lab of this stack costs, by the prices of `table`."""
    costs = [cost for resource in stack.resources for cost in _costs(resource, stack, table)]
    a_run = sum(cost.usd_message for cost in costs)
    costs += [
        Cost(stack.lab, f"schedule {rule.name}: {runs:g} runs an hour", usd_hour=runs * a_run)
        for rule in stack.of("aws_cloudwatch_event_rule", "aws_scheduler_schedule")
        if rule.values.get("state") != "DISABLED"
        and (runs := runs_per_hour(str(rule.values.get("schedule_expression"))))
    ]
    return Estimate(stack.lab, tuple(costs))


def _costs(resource: Resource, stack: Stack, table: PriceTable) -> Iterator[Cost]:
    if costs := COSTS.get(resource.kind):
        yield costs(resource, stack, table)
    elif not resource.kind.startswith(FREE):
        yield Cost(stack.lab, f"{resource.address}: no price is known", known=False)


def _queue(queue: Resource, stack: Stack, table: PriceTable) -> Cost:
    if queue.address in stack.dead_letters():
        return Cost(stack.lab, f"queue {queue.name}")
    request = table.usd("sqs", "million_fifo_requests" if queue.values.get("fifo_queue") else "million_requests") / 1e6
    consumers = sum(source is queue for _, source, _ in stack.consumed())
    return Cost(
        stack.lab,
        f"queue {queue.name}" + (", polled by its consumer" if consumers else ""),
        usd_hour=consumers * POLLS_PER_HOUR * request,
        usd_message=REQUESTS_PER_MESSAGE * request,
    )


def _function(function: Resource, stack: Stack, table: PriceTable) -> Cost:
    gb_s = FUNCTION_S * float(function.values.get("memory_size", 128)) / 1024
    run = table.usd("lambda", "million_requests") / 1e6 + gb_s * table.usd("lambda", "gb_second")
    return Cost(stack.lab, f"function {function.name}", usd_message=run)


def _workflow(workflow: Resource, stack: Stack, table: PriceTable) -> Cost:
    if workflow.values.get("type") == "EXPRESS":
        duration = EXPRESS_S * EXPRESS_GB * table.usd("states", "express_gb_second")
        execution = table.usd("states", "million_express") / 1e6 + duration
    else:
        # A step more than its states: the start counts as a transition, too. Not every state is on every path.
        states = len(re.findall(r'"Type":"(?:Task|Choice|Pass|Wait|Parallel|Map|Succeed|Fail)"', _definition(workflow)))
        execution = (states + 1) * table.usd("states", "million_transitions") / 1e6
    return Cost(stack.lab, f"workflow {workflow.name}", usd_message=execution)


def _definition(workflow: Resource) -> str:
    return str(workflow.values.get("definition", "")).replace('": "', '":"')


def _table(item: Resource, stack: Stack, table: PriceTable) -> Cost:
    if item.values.get("billing_mode") == "PAY_PER_REQUEST":
        usd = (table.usd("dynamodb", "million_writes") + table.usd("dynamodb", "million_reads")) / 1e6
        return Cost(stack.lab, f"table {item.name}", usd_message=usd)
    capacity = float(item.values.get("write_capacity", 0)) * table.usd("dynamodb", "write_unit_hour")
    capacity += float(item.values.get("read_capacity", 0)) * table.usd("dynamodb", "read_unit_hour")
    return Cost(stack.lab, f"table {item.name}: provisioned capacity", usd_hour=capacity)


def _shards(stream: Resource) -> int:
    """How many, or 0 on demand."""
    mode = stream.values.get("stream_mode_details") or {}
    return 0 if mode.get("stream_mode") == "ON_DEMAND" else int(stream.values.get("shard_count") or 1)


def _stream(stream: Resource, stack: Stack, table: PriceTable) -> Cost:
    gb = MESSAGE_KB / KB_PER_GB
    readers = sum(source is stream for _, source, _ in stack.consumed())
    if shards := _shards(stream):
        hour = shards * table.usd("kinesis", "shard_hour")
        if int(stream.values.get("retention_period") or 24) > 24:
            hour += shards * table.usd("kinesis_retention", "shard_hour")
        message, what = table.usd("kinesis", "million_put_units") / 1e6, f"{shards} shard{'s' * (shards > 1)}"
    else:
        hour, what = table.usd("kinesis", "stream_hour"), "on demand"
        message = gb * (table.usd("kinesis", "gb_in") + readers * table.usd("kinesis", "gb_out"))
    return Cost(stack.lab, f"stream {stream.name}: {what}", usd_hour=hour, usd_message=message)


def _fan_out(consumer: Resource, stack: Stack, table: PriceTable) -> Cost:
    stream = stack.target(consumer.values.get("stream_arn"))
    shards = _shards(stream) if stream else 0
    gb = table.usd("kinesis", "fan_out_gb" if shards else "on_demand_fan_out_gb")
    hour = shards * table.usd("kinesis", "fan_out_shard_hour")
    what = f"enhanced fan-out of {consumer.name}"
    return Cost(stack.lab, what, usd_hour=hour, usd_message=gb * MESSAGE_KB / KB_PER_GB)


def _logs(group: Resource, stack: Stack, table: PriceTable) -> Cost:
    written = "/aws/lambda/" in str(group.name) or "states" in str(group.name)
    usd = LOG_KB / KB_PER_GB * table.usd("cloudwatch", "log_gb") if written else 0
    return Cost(stack.lab, f"logs {group.name}", usd_message=usd)


def _each(service: str, unit: str, share: float, what: str) -> Callable[[Resource, Stack, PriceTable], Cost]:
    """A price for each message: `share` of the price of `unit`."""
    return lambda resource, stack, table: Cost(
        stack.lab, f"{what} {resource.name}", usd_message=share * table.usd(service, unit)
    )


def _monthly(service: str, unit: str, what: str) -> Callable[[Resource, Stack, PriceTable], Cost]:
    return lambda resource, stack, table: Cost(
        stack.lab, f"{what} {resource.name}", usd_hour=table.usd(service, unit) / HOURS_PER_MONTH
    )


COSTS: dict[str, Callable[[Resource, Stack, PriceTable], Cost]] = {
    "aws_apigatewayv2_api": _each("apigateway", "million_http", 1e-6, "API"),
    "aws_api_gateway_rest_api": _each("apigateway", "million_rest", 1e-6, "API"),
    "aws_cloudwatch_event_archive": _each("events", "archive_gb", MESSAGE_KB / KB_PER_GB, "archive"),
    "aws_cloudwatch_event_bus": _each("events", "million_events", 1e-6, "event bus"),
    "aws_cloudwatch_log_group": _logs,
    "aws_cloudwatch_metric_alarm": _monthly("cloudwatch", "alarm_month", "alarm"),
    "aws_dynamodb_table": _table,
    "aws_kinesis_firehose_delivery_stream": _each("firehose", "gb_in", FIREHOSE_KB / KB_PER_GB, "delivery"),
    "aws_kinesis_stream": _stream,
    "aws_kinesis_stream_consumer": _fan_out,
    "aws_kms_key": _monthly("kms", "key_month", "key"),
    "aws_lambda_function": _function,
    "aws_schemas_discoverer": _each("events", "million_discovered", 1e-6, "discoverer"),
    "aws_secretsmanager_secret": _monthly("secretsmanager", "secret_month", "secret"),
    "aws_sfn_state_machine": _workflow,
    "aws_sns_topic": _each("sns", "million_publishes", 1e-6, "topic"),
    "aws_sqs_queue": _queue,
}


def total(estimates: Sequence[Estimate], messages: int, hours: float) -> float:
    """US dollars for so many messages to each lab, and so many hours of all of them."""
    return sum(each.usd_message * messages + each.usd_hour * hours for each in estimates)
