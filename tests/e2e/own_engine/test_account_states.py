"""Accounts in which something is wrong, on engines of their own: one plain line, and the next command to type."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from engine.process import Engine
from engine.student_account import ROLE
from shell import Done, Shell

#: What the names of a lab's resources look like; the labs here are not deployed unless a test says so.
ROLE_ARN = f"arn:aws:iam::000000000000:role/{ROLE}"
PORT = '{"kind":"sqs","url":"http://127.0.0.1/000000000000/lab-clock-output"}'


@pytest.fixture
def own(engine: Engine) -> Iterator[Shell]:
    """A shell at an engine of its own, without anything but a student's account."""
    shell = Shell(engine.port)
    shell.script("local_aws.py", "start", "--port", str(engine.port), local=False)
    yield shell


def checks(done: Done) -> dict[str, dict[str, Any]]:
    """The doctor's lines by their subject, the last of each."""
    return {line["subject"]: line for line in map(json.loads, done.stdout.splitlines())}


def failed(done: Done) -> list[str]:
    return [subject for subject, check in checks(done).items() if check["well"] is False]


def test_all_is_well(own: Shell) -> None:
    done = own.script("doctor.py", expect=None)
    # Packages and disk are this machine's; everything about the account is as it should be.
    assert set(failed(done)) <= {"packages", "provider"}, done.stdout
    assert done.returncode == (2 if failed(done) else 0)
    found = checks(done)
    assert found["role"]["found"] == "LabRole, trusted by events, firehose, lambda, states"
    assert found["labs"]["found"] == "none is deployed"
    assert found["costs"]["found"] == "nothing of the labs costs by time"


def test_without_labrole(own: Shell) -> None:
    iam = own.client("iam")
    for policy in iam.list_role_policies(RoleName=ROLE)["PolicyNames"]:
        iam.delete_role_policy(RoleName=ROLE, PolicyName=policy)
    iam.delete_role(RoleName=ROLE)
    done = own.script("doctor.py", expect=2)
    assert checks(done)["role"]["found"] == "this account has no role LabRole"
    assert "role=dedicated" in checks(done)["role"]["fix"]
    # The tools put a student's role on the embedded engine; an emulator of the user's own is left as it is.
    own.environ["AWS_ENDPOINT_URL"] = own.url
    refused = own.script("lab.py", "deploy", "calculator", expect=2)
    assert refused.stderr.splitlines()[-1].startswith("error: this account has no role LabRole: in an account of your")
    assert own.client("sqs").list_queues().get("QueueUrls", []) == []


def test_labrole_that_a_service_may_not_use(own: Shell) -> None:
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    own.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(trust))
    done = own.script("doctor.py", expect=2)
    assert checks(done)["role"]["found"] == "LabRole does not trust events, firehose, states"


def test_the_state_of_another_account_is_not_used(own: Shell, engine: Engine) -> None:
    queue = {"arn": "arn:aws:sqs:us-west-2:111122223333:lab-clock-output"}
    resource = {"mode": "managed", "type": "aws_sqs_queue", "name": "output", "instances": [{"attributes": queue}]}
    file = engine.folder / "terraform.clock.tfstate"
    file.write_text(json.dumps({"version": 4, "resources": [resource]}))
    line = own.script("lab.py", "deploy", "clock", "--yes", expect=2).stderr.splitlines()[-1]
    assert line.startswith(f"  clock: {file} is the state of account 111122223333, region us-west-2, and this is 0000")
    file.write_text("not JSON")
    line = own.script("lab.py", "deploy", "clock", "--yes", expect=2).stderr.splitlines()[-1]
    assert line == f"error: {file} is no Terraform state: restore it, or move it away"


def test_costs_are_said_before_anything_is_asked(own: Shell) -> None:
    """On the way to an account; here the endpoint of one, with the engine's credentials."""
    own.environ |= {"AWS_ENDPOINT_URL": own.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    done = own.script("lab.py", "deploy", "orders", expect=2, local=False).stderr.splitlines()
    assert [line for line in done if line.startswith("orders ")]
    assert [line for line in done if line.startswith("costs on after the session ends, until destroyed: ")]
    assert [line for line in done if line.startswith("warning: left running, this takes ")]
    assert done[-1].startswith("error: there is nobody to ask whether to go on")
    assert own.client("sqs").list_queues().get("QueueUrls", []) == []


def test_what_another_checkout_deployed_is_not_deployed_twice(own: Shell) -> None:
    own.client("ssm").put_parameter(Name="/lab/clock/output", Value=PORT, Type="String")
    for command in ("deploy", "destroy"):
        done = own.script("lab.py", command, "clock", "--yes", expect=2)
        *_, reason, line = done.stderr.splitlines()
        assert reason == f"error: nothing was {command}ed, for these reasons:"
        assert line.startswith(f"  clock: it is deployed at {own.url} (us-east-1) since ")
        assert line.endswith("or `scripts/leftovers.py clock --delete --local` first")
    assert own.client("sqs").list_queues().get("QueueUrls", []) == []
    assert failed(own.script("doctor.py", expect=2))[-1] == "state"

    refused = own.script("leftovers.py", "clock", "--delete", expect=2)
    assert refused.stderr.endswith("there is nobody to ask; with --yes nothing is asked\n")
    assert [json.loads(line)["name"] for line in refused.stdout.splitlines()] == ["/lab/clock/output"]
    own.script("leftovers.py", "clock", "--delete", "--yes")
    assert own.script("leftovers.py").stdout == ""


def test_a_half_finished_deployment_is_cleared_and_deployed_with_its_state_in_s3(own: Shell) -> None:
    context = "state=s3://own-state/labs clock.enabled=false"

    def deploy(expect: int) -> str:
        return own.script("lab.py", "deploy", "clock", "--yes", expect=expect, context=context).stderr

    assert "error: the bucket for the state, own-state, does not exist: `aws s3 mb s3://own-state" in deploy(2)
    s3 = own.client("s3")
    s3.create_bucket(Bucket="own-state")
    # What a deployment that was killed leaves: a lock nobody holds, and a resource that its state does not know.
    lock = {"ID": "1", "Operation": "OperationTypeApply", "Who": "ana", "Created": "2025-01-01T00:00:00Z"}
    s3.put_object(Bucket="own-state", Key="labs/us-east-1/lab/clock.tfstate.tflock", Body=json.dumps(lock))
    own.client("logs").create_log_group(logGroupName="/aws/lambda/lab-clock-tell-time")
    assert deploy(1).splitlines()[-1].startswith("  → another deployment goes on, or was killed")
    s3.delete_object(Bucket="own-state", Key="labs/us-east-1/lab/clock.tfstate.tflock")

    half = deploy(1)
    assert "already exists" in half
    assert half.splitlines()[-1].startswith(
        "  → a half-finished earlier deployment is in the way: `scripts/leftovers.py clock`"
    )
    own.script("leftovers.py", "clock", "--delete", "--yes", context=context)
    assert "Apply complete!" in deploy(0)
    assert s3.head_object(Bucket="own-state", Key="labs/us-east-1/lab/clock.tfstate")["ContentLength"] > 0
    # Without the shared state this is another checkout.
    assert "the state of this checkout does not know it" in own.script("lab.py", "deploy", "clock", expect=2).stderr
    own.script("leftovers.py", "--delete", "--yes")
    assert own.script("leftovers.py").stdout == ""


@pytest.mark.parametrize("way", [["lab.py", "destroy", "checkout", "--yes"], ["leftovers.py", "--delete", "--yes"]])
def test_what_waits_for_an_approval_holds_up_no_destroy(own: Shell, way: list[str]) -> None:
    """AWS deletes a workflow when its last execution has ended; the local engine at once, so that is looked at here."""
    states = own.client("stepfunctions")
    wait = {"StartAt": "Ask", "States": {"Ask": {"Type": "Wait", "Seconds": 600, "End": True}}}
    started = {
        name: states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
        for name in ("lab-checkout-saga", "other-checkout-saga")
        if (machine := states.create_state_machine(name=name, definition=json.dumps(wait), roleArn=ROLE_ARN))
    }
    said = own.script(*way).stderr
    assert "1 execution of lab-checkout-saga was running: stopped" in said
    assert states.describe_execution(executionArn=started["other-checkout-saga"])["status"] == "RUNNING"
    if way[0] == "lab.py":  # whose Terraform did not make the workflow
        assert states.describe_execution(executionArn=started["lab-checkout-saga"])["status"] == "ABORTED"


@pytest.mark.parametrize(
    ("live", "wanted", "line"),
    [
        (1, 3, "has 1 open shard, and AWS goes to double of that at a time, not to 3: deploy orders.shards=2 first"),
        (4, 1, "has 4 open shards, and AWS goes to half of that at a time, not to 1: deploy orders.shards=2 first"),
    ],
)
def test_a_jump_of_shards_is_refused_before_terraform(own: Shell, live: int, wanted: int, line: str) -> None:
    own.client("kinesis").create_stream(StreamName="lab-orders-events", ShardCount=live)
    own.client("kinesis").get_waiter("stream_exists").wait(StreamName="lab-orders-events")
    done = own.script("lab.py", "deploy", "orders", "--yes", context=f"orders.shards={wanted}", expect=2)
    assert done.stderr.splitlines()[-1] == f"  orders: stream lab-orders-events {line}"
    assert own.client("s3").list_buckets()["Buckets"] == []


def test_log_groups_that_come_back_after_a_destroy_are_deleted(own: Shell) -> None:
    zip = io.BytesIO()
    with zipfile.ZipFile(zip, "w") as archive:
        archive.writestr("code.py", "")
    made = {"Runtime": "python3.13", "Handler": "code.handler", "Role": f"arn:aws:iam::000000000000:role/{ROLE}"}
    own.client("lambda").create_function(FunctionName="lab-clock-other", Code={"ZipFile": zip.getvalue()}, **made)
    logs = own.client("logs")
    kept = ["lab-clock-other", "lab-fanout-audit", "other-clock-tell-time"]  # deployed, another lab's, not ours
    for name in ("lab-clock-tell-time", *kept):
        logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
    done = own.script("lab.py", "destroy", "clock", "--yes")
    assert "log group /aws/lambda/lab-clock-tell-time had come back" in done.stderr
    left = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    assert sorted(left) == [f"/aws/lambda/{name}" for name in kept]
