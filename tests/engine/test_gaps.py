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


def test_resharding_drops_the_records_of_the_former_shards(corrected: Aws) -> None:
    stream = corrected.stream()
    corrected.put(stream, "a")
    corrected.kinesis.update_shard_count(StreamName=stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    shards = corrected.kinesis.list_shards(StreamName=stream)["Shards"]
    assert len(shards) == 2
    for shard in shards:
        iterator = corrected.kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        assert corrected.kinesis.get_records(ShardIterator=iterator)["Records"] == []


def test_an_on_demand_stream_has_one_shard(corrected: Aws) -> None:
    corrected.kinesis.create_stream(StreamName="on-demand", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert len(corrected.kinesis.list_shards(StreamName="on-demand")["Shards"]) == 1  # four on AWS


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
