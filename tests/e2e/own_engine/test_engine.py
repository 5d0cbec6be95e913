"""The local engine: starts once, says what is wrong, leaves nothing behind, and keeps what it was given."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest

from engine.box import confinement
from engine.process import Engine, EngineError
from engine.student_account import ROLE
from shell import ROOT, Shell

SCRIPT = [sys.executable, str(ROOT / "scripts" / "local_aws.py")]


def local_aws(engine: Engine, command: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*SCRIPT, command, "--port", str(engine.port)], capture_output=True, text=True, env={**os.environ, **environ}
    )


def test_start_status_stop(engine: Engine) -> None:
    assert local_aws(engine, "status").returncode == 5
    started = local_aws(engine, "start")
    assert started.returncode == 0 and "runs now" in started.stderr
    pid = engine.pid
    again = local_aws(engine, "start")
    assert again.returncode == 0 and engine.pid == pid
    assert local_aws(engine, "status").returncode == 0
    roles = Shell(engine.port).client("iam").list_roles()["Roles"]
    assert [role["RoleName"] for role in roles] == [ROLE]
    stopped = local_aws(engine, "stop")
    assert stopped.returncode == 0 and "has stopped" in stopped.stderr
    assert engine.pid is None
    assert "was not running" in local_aws(engine, "stop").stderr


def test_it_takes_little_memory(engine: Engine) -> None:
    engine.start()
    kilobytes = subprocess.run(["ps", "-o", "rss=", "-p", str(engine.pid)], capture_output=True, text=True).stdout
    assert int(kilobytes) / 1000 < 100


def test_limits_are_set_at_the_start(engine: Engine) -> None:
    start = [*SCRIPT, "start", "--kinesis-limits", "--port", str(engine.port)]
    assert subprocess.run(start).returncode == 0
    again = subprocess.run(start, capture_output=True, text=True)
    assert again.returncode == 2
    assert f"the engine on port {engine.port} runs already: stop it first" in again.stderr


def test_another_version_starts_without_the_corrections_if_that_is_wanted(engine: Engine) -> None:
    """The pin is exact; whoever starts another MiniStack unconfined is told in the log what it lacks."""
    code = (
        "import importlib.metadata as m, runpy, sys; m.version = lambda name: '9.9.9'; "
        "sys.argv = ['engine']; runpy.run_module('engine', run_name='__main__')"
    )
    environ = {**engine._environment(), "PYTHONPATH": str(ROOT), confinement.UNCONFINED: "1"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == ("MiniStack 9.9.9: its corrections are for 1.5.33 and stay out\n")
    finally:
        process.kill()
        process.wait()


def test_two_starts_at_the_same_time_are_one(engine: Engine) -> None:
    command = [*SCRIPT, "start", "--port", str(engine.port)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate()[1] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert "runs at" in said[0] and "runs now at" in said[1]


def test_a_taken_port_is_said(engine: Engine) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", engine.port))
        other.listen()
        done = local_aws(engine, "start")
    assert done.returncode == 5
    assert done.stderr == (
        f"error: port {engine.port} is taken by another program: stop it, or choose another port with --port "
        "or the variable LOCAL_AWS_PORT\n"
    )


def test_it_listens_on_one_loopback_address(engine: Engine) -> None:
    engine.start()
    for address, reachable in (("127.0.0.1", True), ("127.0.0.2", False)):
        with socket.socket() as probe:
            probe.settimeout(2)
            assert (probe.connect_ex((address, engine.port)) == 0) is reachable


def test_what_was_deployed_survives_a_stop(engine: Engine) -> None:
    engine.start()
    url = Shell(engine.port).client("sqs").create_queue(QueueName="kept")["QueueUrl"]
    Shell(engine.port).client("sqs").send_message(QueueUrl=url, MessageBody="kept too")
    engine.stop()
    engine.start()
    (message,) = Shell(engine.port).client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "kept too"


def test_after_a_kill_it_starts_again(engine: Engine) -> None:
    engine.start()
    assert engine.pid
    os.kill(engine.pid, signal.SIGKILL)
    assert engine.start() is True
    assert engine.is_healthy()


def test_reset_forgets_what_is_deployed_and_terraforms_record(engine: Engine) -> None:
    assert "no local engine runs" in local_aws(engine, "reset").stderr
    local_aws(engine, "start")
    Shell(engine.port).client("sqs").create_queue(QueueName="forgotten")
    state = engine.folder / "terraform.calculator.tfstate"
    state.write_text("{}")
    assert local_aws(engine, "reset").returncode == 0
    assert not Shell(engine.port).client("sqs").list_queues().get("QueueUrls")
    assert not state.exists()
    assert [role["RoleName"] for role in Shell(engine.port).client("iam").list_roles()["Roles"]] == [ROLE]


def test_functions_see_nothing_of_the_users_account_and_end_with_the_engine(engine: Engine, tmp_path: Path) -> None:
    local_aws(engine, "start", AWS_SECRET_ACCESS_KEY="secret", AWS_PROFILE="mine", AWS_SESSION_TOKEN="secret")
    answer = invoke(engine, "import os\ndef lambda_handler(event, context):\n    return dict(os.environ)\n")
    assert "secret" not in json.dumps(answer)
    assert "AWS_PROFILE" not in answer
    assert answer["AWS_ENDPOINT_URL"] == engine.url
    session = engine.pid
    assert len(in_session(session)) >= 2  # the engine and a worker
    engine.stop()
    deadline = time.monotonic() + 5
    while in_session(session) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert in_session(session) == []


def in_session(session: int | None) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "sid,pid,args"], capture_output=True, text=True).stdout.splitlines()
    return [line for line in listed if line.split()[0] == str(session)]


def invoke(engine: Engine, code: str) -> Any:
    """The answer of a function made of `code`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", code)
    client = Shell(engine.port).client("lambda")
    client.create_function(
        FunctionName="probe",
        Runtime="python3.13",
        Handler="handler.lambda_handler",
        Role="arn:aws:iam::000000000000:role/LabRole",
        Code={"ZipFile": packed.getvalue()},
    )
    return json.loads(client.invoke(FunctionName="probe")["Payload"].read())


def test_an_engine_that_cannot_start_says_where_to_look(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "no such level")
    with pytest.raises(EngineError, match=r"did not start; see .*engine\.log"):
        engine.start()


def test_alarms_come_back_whole_to_terraforms_protocol(engine: Engine) -> None:
    """Correction describe_alarms: Terraform speaks the query protocol, which boto3 does not any more."""
    engine.start()
    query = "Action=PutMetricAlarm&Version=2010-08-01&AlarmName=a%26b&MetricName=m&Namespace=n&Period=60"
    query += "&EvaluationPeriods=1&Threshold=0&ComparisonOperator=GreaterThanThreshold&Statistic=Maximum"
    query += "&TreatMissingData=notBreaching&Dimensions.member.1.Name=QueueName&Dimensions.member.1.Value=q"
    ask(engine, query)
    answer = ask(engine, "Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=a%26b")
    for part in (
        "<AlarmName>a&amp;b</AlarmName>",
        "<ActionsEnabled>true</ActionsEnabled>",
        "<Period>60</Period>",
        "<Statistic>Maximum</Statistic>",
        "<TreatMissingData>notBreaching</TreatMissingData>",
        "<Dimensions><member><Name>QueueName</Name><Value>q</Value></member></Dimensions>",
    ):
        assert part in answer
    assert "AlarmName" not in ask(engine, "Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=other")


def ask(engine: Engine, query: str) -> str:
    signed = (
        "AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=x"
    )
    headers = {"Authorization": signed, "Content-Type": "application/x-www-form-urlencoded"}
    with urllib.request.urlopen(urllib.request.Request(engine.url, query.encode(), headers)) as answer:
        return str(answer.read().decode())
