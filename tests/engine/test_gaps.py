"""What remains untrue: each test asserts a gap of the corrected engine, so that an upgrade that closes it is noticed.

docs/local-engine.md lists them for people.
"""

import json
import platform
import time

import pytest
from botocore.exceptions import ClientError
from test_dead_letters import rule
from test_functions import arn, log_of, run_machine

from aws import ROLE, Aws


def test_tumbling_windows_do_not_exist(corrected: Aws) -> None:
    stream, reports = corrected.stream(), corrected.queue()
    function = corrected.function("tell(window=event.get('window'))", reports)
    settings = {"StartingPosition": "TRIM_HORIZON", "TumblingWindowInSeconds": 1}
    corrected.map(function, corrected.stream_arn(stream), **settings)
    corrected.put(stream, "a")
    assert reports.take() == [{"window": None}]


def test_an_on_demand_stream_does_not_grow(corrected: Aws) -> None:
    name = "on-demand"
    corrected.kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    for _ in range(20):  # 10 MB within a second or two, of which AWS would take 4 MB a second
        corrected.put(name, *["x" * 500_000])
    assert len(corrected.kinesis.list_shards(StreamName=name)["Shards"]) == 4


def test_an_open_subscription_is_not_told_that_its_shard_is_closed(corrected: Aws) -> None:
    stream = corrected.stream()
    arn = corrected.stream_arn(stream)
    consumer = corrected.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="reader")["Consumer"]
    (shard,) = corrected.kinesis.list_shards(StreamName=stream)["Shards"]
    corrected.kinesis.update_shard_count(StreamName=stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    events = corrected.kinesis.subscribe_to_shard(
        ConsumerARN=consumer["ConsumerARN"], ShardId=shard["ShardId"], StartingPosition={"Type": "TRIM_HORIZON"}
    )["EventStream"]
    first = next(event["SubscribeToShardEvent"] for event in events if "SubscribeToShardEvent" in event)
    assert "ChildShards" not in first  # named at the end of a closed shard on AWS


def test_a_function_runs_with_this_projects_python(corrected: Aws) -> None:
    function = corrected.function("import platform\nreturn {'python': platform.python_version()}")
    assert corrected.invoke(function) == {"python": platform.python_version()}


def test_json_logging_is_not_done(corrected: Aws) -> None:
    body = "import logging\nlogging.getLogger().warning('plain')"
    function = corrected.function(body, LoggingConfig={"LogFormat": "JSON"})
    corrected.lambda_.invoke(FunctionName=function)
    (line,) = corrected.wait_for(lambda: log_of(corrected, function, "plain"))
    assert not line.startswith("{")


def test_an_execution_has_no_timeout_as_a_whole(corrected: Aws) -> None:
    definition = {
        "StartAt": "wait",
        "TimeoutSeconds": 1,
        "States": {"wait": {"Type": "Wait", "Seconds": 2, "End": True}},
    }
    machine = corrected.stepfunctions.create_state_machine(
        name=corrected.name("machine"), definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    execution = corrected.stepfunctions.start_execution(stateMachineArn=machine)["executionArn"]
    ended = corrected.wait_for(
        lambda: (
            (found := corrected.stepfunctions.describe_execution(executionArn=execution))["status"] != "RUNNING"
            and found
        )
    )
    assert ended and ended["status"] == "SUCCEEDED"  # TIMED_OUT on AWS


def test_dead_letters_cannot_be_moved_back_by_sqs_itself(corrected: Aws) -> None:
    dead = corrected.queue()
    with pytest.raises(ClientError):
        corrected.sqs.start_message_move_task(SourceArn=dead.arn)


def test_a_rule_does_not_reach_another_region(corrected: Aws) -> None:
    elsewhere = "arn:aws:sqs:us-west-2:000000000000:elsewhere"
    dead = corrected.queue()
    source = rule(corrected, Arn=elsewhere, DeadLetterConfig={"Arn": dead.arn})
    corrected.events.put_events(Entries=[{"Source": source, "DetailType": "t", "Detail": "{}"}])
    assert dead.take_for(1) == []  # AWS keeps the event in the dead-letter queue


def test_asynchronous_events_do_not_survive_a_stop(corrected: Aws) -> None:
    failed = corrected.queue()
    function = corrected.function("raise ValueError('no')")
    settings = {"DestinationConfig": {"OnFailure": {"Destination": failed.arn}}}
    corrected.lambda_.put_function_event_invoke_config(FunctionName=function, **settings)
    corrected.lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    time.sleep(0.2)
    corrected.engine.stop()
    corrected.engine.start()
    assert failed.take_for(4) == []


def test_jitter_is_not_done(corrected: Aws) -> None:
    body = (
        "global at\nat = globals().get('at', []) + [time.time()]\nif len(at) < 3: raise ValueError('busy')\nreturn at"
    )
    retry = {"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "BackoffRate": 1, "JitterStrategy": "FULL"}
    end = run_machine(corrected, {"Resource": arn(corrected, corrected.function(body)), "Retry": [retry]})
    first, second, third = json.loads(end["output"])
    assert second - first >= 1 and third - second >= 1  # between 0 and 1 on AWS
