"""SQS, Kinesis, Step Functions and Lambda publish their metrics, so that alarms on them change state.

AWS (each service's developer guide, "CloudWatch metrics"): queues tell what waits in them and for how long, streams
what comes in, what is refused and how far readers are behind, state machines how executions end, functions how every
invocation went. MiniStack publishes only Lambda's, and only for functions invoked by a request. AWS measures queues
once a minute; here it is every few seconds, because alarms are watched by people who wait.
"""

import itertools
import json
import logging
import time
from threading import Thread
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch, kinesis, lambda_svc, sqs, stepfunctions

from engine.corrections import alarms
from engine.corrections.shard_limits import EXCEEDED, data_size
from engine.corrections.streams import mapping
from engine.corrections.streams.source import Part

logger = logging.getLogger("metrics")

SAMPLE_S = 5.0
#: Once a minute, as AWS's do, an empty queue says that it is empty.
SAMPLES_PER_MINUTE = 12
#: A laptop's memory is small: points are kept for as long as a session of a lab, not for two weeks.
KEPT_S = 4 * 3600


def apply() -> None:
    _measure_invocations()
    _measure_writes()
    _measure_executions()
    Thread(target=_sample_for_ever, name="metrics", daemon=True).start()


def _sample_for_ever() -> None:
    cloudwatch.TWO_WEEKS_SECONDS = KEPT_S
    for count in itertools.count(1):
        time.sleep(SAMPLE_S)
        minute_over = count % SAMPLES_PER_MINUTE == 0
        try:
            if minute_over:
                forget_old_points()
            sample_queues(idle_too=minute_over)
            sample_readers(idle_too=minute_over)
            alarms.evaluate_all()
        except Exception:
            logger.exception("metrics: this sample is incomplete")


def forget_old_points() -> None:
    """MiniStack forgets them as well, but only when somebody asks for metrics."""
    for account, region in {key[:2] for key in list(cloudwatch._metrics._data)}:
        with request_scope(account, region):
            cloudwatch._evict_old_metrics()


def sample_queues(idle_too: bool) -> None:
    """SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS": the gauges."""
    for (account, region, _), queue in list(sqs._queues._data.items()):
        with request_scope(account, region), sqs._queues_lock:
            sqs._refresh_counts(queue)
            attributes, messages = queue["attributes"], queue["messages"]
            oldest = min((message["sent_at"] for message in messages), default=None)
            gauges = {
                "ApproximateNumberOfMessagesVisible": float(attributes["ApproximateNumberOfMessages"]),
                "ApproximateNumberOfMessagesNotVisible": float(attributes["ApproximateNumberOfMessagesNotVisible"]),
                "ApproximateNumberOfMessagesDelayed": float(attributes["ApproximateNumberOfMessagesDelayed"]),
                "ApproximateAgeOfOldestMessage": 0.0 if oldest is None else time.time() - oldest,
            }
            name = attributes["QueueArn"].split(":")[-1]
            if not messages and not idle_too:
                continue
            for metric, value in gauges.items():
                unit = "Seconds" if metric == "ApproximateAgeOfOldestMessage" else "Count"
                cloudwatch.record_metric("AWS/SQS", metric, value, unit, {"QueueName": name})


def sample_readers(idle_too: bool) -> None:
    """How old the oldest record is that an event source has not done with: the stream's figure, and the function's."""
    ages: dict[tuple[str, str, str], float] = {}
    for account, region, esm in lambda_svc._iter_all_esms():
        if ":kinesis:" not in esm["EventSourceArn"]:
            continue
        with request_scope(account, region):
            age_s = _age_of_oldest(esm)
            if not age_s and not idle_too:
                continue
            name = mapping.stream_arn(esm["EventSourceArn"]).split("/")[-1]
            stream = (account, region, name)
            ages[stream] = max(ages.get(stream, 0.0), age_s)
            function = {"FunctionName": esm["FunctionName"]}
            cloudwatch.record_metric("AWS/Lambda", "IteratorAge", age_s * 1000, "Milliseconds", function)
    for (account, region, name), age_s in ages.items():
        with request_scope(account, region):
            metric = "GetRecords.IteratorAgeMilliseconds"
            cloudwatch.record_metric("AWS/Kinesis", metric, age_s * 1000, "Milliseconds", {"StreamName": name})


def _age_of_oldest(esm: dict[str, Any]) -> float:
    settings = mapping.Settings.of(esm)
    positions = lambda_svc._kinesis_positions.get(esm["UUID"]) or {}
    arrivals = []
    for shard_id, shard in mapping.shards_of(settings).items():
        done = positions.get(shard_id) or [mapping.TRIM_HORIZON]
        parts = [Part(shard_id, number, len(done)) for number in range(len(done))]
        for record in reversed(shard["records"]):
            if record["SequenceNumber"] <= min(done):
                break
            at = next(part.number for part in parts if part.holds(record["PartitionKey"]))
            if record["SequenceNumber"] > done[at]:
                arrivals.append(record["ApproximateArrivalTimestamp"])
    return max(0.0, time.time() - min(arrivals)) if arrivals else 0.0


def _measure_invocations() -> None:
    """Lambda Developer Guide, "Types of metrics for Lambda functions": every invocation, whoever asked for it."""
    emit, execute = lambda_svc._emit_lambda_metrics, lambda_svc._execute_function_dispatch

    def execute_function_dispatch(
        function: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, started: float
    ) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, config, event, request_id, started)
        duration_ms = (time.time() - started) * 1000
        emit(config["FunctionName"], duration_ms=duration_ms, error=bool(result.get("error")), throttle=False)
        return result

    def emit_throttles(name: str, duration_ms: float, error: bool, throttle: bool) -> None:
        # MiniStack calls this where an invocation is throttled, without a duration, and again from the request.
        if throttle and not duration_ms:
            cloudwatch.record_metric("AWS/Lambda", "Throttles", 1, "Count", {"FunctionName": name})

    lambda_svc._execute_function_dispatch = execute_function_dispatch
    lambda_svc._emit_lambda_metrics = emit_throttles


def _measure_writes() -> None:
    """Kinesis Developer Guide, "Monitor the Kinesis Data Streams service with CloudWatch": what came in."""
    put_record, put_records = kinesis._put_record, kinesis._put_records

    def count(data: dict[str, Any], records: list[dict[str, Any]], refused: list[bool]) -> None:
        _, stream = kinesis._resolve_stream(data)
        if stream:
            accepted = [record for record, no in zip(records, refused, strict=True) if not no]
            figures = {
                "IncomingRecords": (len(accepted), "Count"),
                "IncomingBytes": (sum(map(data_size, accepted)), "Bytes"),
                "WriteProvisionedThroughputExceeded": (sum(refused), "Count"),
            }
            for metric, (value, unit) in figures.items():
                cloudwatch.record_metric("AWS/Kinesis", metric, value, unit, {"StreamName": stream["StreamName"]})

    def measured_put_record(data: dict[str, Any]) -> Any:
        answer = put_record(data)
        refused = answer[0] != 200 and EXCEEDED in str(answer[2])
        if answer[0] == 200 or refused:
            count(data, [data], [refused])
        return answer

    def measured_put_records(data: dict[str, Any]) -> Any:
        answer = put_records(data)
        if answer[0] == 200:
            entries = json.loads(answer[2])["Records"]
            count(data, data.get("Records", []), [entry.get("ErrorCode") == EXCEEDED for entry in entries])
        return answer

    kinesis._put_record, kinesis._put_records = measured_put_record, measured_put_records


def _measure_executions() -> None:
    """Step Functions Developer Guide, "Monitoring Step Functions metrics using CloudWatch": how executions end."""
    run = stepfunctions._run_execution
    ends = {
        "SUCCEEDED": "ExecutionsSucceeded",
        "FAILED": "ExecutionsFailed",
        "TIMED_OUT": "ExecutionsTimedOut",
        "ABORTED": "ExecutionsAborted",
    }

    def run_execution(execution_arn: str) -> None:
        execution = stepfunctions._executions.get(execution_arn)
        machine = {"StateMachineArn": execution["stateMachineArn"]} if execution else {}
        cloudwatch.record_metric("AWS/States", "ExecutionsStarted", 1, "Count", machine)
        started = time.time()
        run(execution_arn)
        if execution and execution["status"] in ends:
            cloudwatch.record_metric("AWS/States", ends[execution["status"]], 1, "Count", machine)
            duration_ms = (time.time() - started) * 1000
            cloudwatch.record_metric("AWS/States", "ExecutionTime", duration_ms, "Milliseconds", machine)

    stepfunctions._run_execution = run_execution
