"""What a proof writes down and what it refuses to; what it asks of the role, for all labs; its page."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from kit.cli import Stop
from kit.proof import page, report, role
from kit.proof.actions import CALLS, UNTRIED, filled
from kit.proof.ends import Ended, Ends
from kit.proof.report import Report, Step, problems, write
from kit.proof.role import Permissions
from kit.proof.shapes import logged_event, shape_of

import project

TOKEN = "IQoJb3JpZ2luX2VjEXAMPLETOKEN//////"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def content() -> dict[str, Any]:
    """A report as a run in a Learner Lab may give it."""
    return Report(
        "2026-11-24",
        "us-east-1",
        "a Learner Lab",
        {"boto3": "1.43.106"},
        {"function executions": 10},
        ["lambda", "states"],
        Permissions(["sqs:SendMessage"], ["sns:Publish"]),
        [Step("account", "passed", 0.3), Step("clock deploy", "failed", 9.96, "AccessDenied", "role 123456789012")],
        {"sqs.ReceiveMessage": {"Messages": [{"Body": "string"}]}},
        {"clock.tell-time": {"detail-type": "string", "resources": ["string"]}},
    ).as_json()


def test_what_is_told_to_the_person_is_not_written_down(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write(path, content(), (TOKEN,))
    written = json.loads(path.read_text())
    assert written["steps"][1] == {"step": "clock deploy", "outcome": "failed", "seconds": 10.0, "code": "AccessDenied"}
    assert "123456789012" not in path.read_text()


@pytest.mark.parametrize("secret", ["123456789012", "AKIAIOSFODNN7EXAMPLE", "ASIAX", "ana@example.org", TOKEN])
@pytest.mark.parametrize("place", ["answers", "events", "region", "versions", "role_trusts", "permissions", "steps"])
def test_a_secret_stops_the_report_wherever_it_is(tmp_path: Path, secret: str, place: str) -> None:
    planted = content()
    if place in ("answers", "events"):
        next(iter(planted[place].values()))[f"key {secret}"] = "string"
    elif place == "permissions":
        planted[place]["allowed"].append(f"sqs:{secret}")
    elif place == "steps":
        planted[place][0]["code"] = secret
    elif place == "versions":
        planted[place]["boto3"] = secret
    elif place == "role_trusts":
        planted[place].append(secret)
    else:
        planted[place] = secret
    with pytest.raises(Stop) as stopped:
        write(tmp_path / "report.json", planted, (TOKEN,))
    assert not (tmp_path / "report.json").exists()
    assert secret not in str(stopped.value)


def test_each_kind_of_secret_is_known_by_itself() -> None:
    """Without what the fields may hold: in a shape's key, which may be almost any word."""
    for secret, said in (
        ("x123456789012", "it holds a number of 12 digits"),
        ("AKIAX", "it holds an access key"),
        ("ASIAX", "it holds an access key"),
        (TOKEN[:20], "it holds a key or token of the credentials"),
    ):
        planted = content() | {"answers": {"sqs.ReceiveMessage": {secret: "string"}}}
        assert said in problems(planted, (TOKEN[:20],)), secret
    assert problems(content(), (TOKEN, "test")) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"own": "field"},
        {"account": "Ana's"},
        {"quotas": {"shards": "500"}},
        {"answers": {"sqs.ReceiveMessage": {"Body": "hello"}}},
        {"answers": {"sqs.ReceiveMessage": {"Body": ["string", "string"]}}},
        {"steps": [{"step": "account", "outcome": "passed", "seconds": 1, "code": "", "why": "in words"}]},
        {"steps": [{"step": "account", "outcome": "passed", "seconds": 1, "code": "AWS said no"}]},
    ],
)
def test_what_is_no_known_field_is_not_written(changed: dict[str, Any]) -> None:
    assert problems(content() | changed, ()) != []


def test_a_shape_has_keys_and_types_and_no_value() -> None:
    records = [{"body": "secret", "n": 1}, {"body": None, "at": datetime(2026, 1, 1)}]
    event = {"Records": records, "empty": [], "ok": True}
    assert shape_of(event) == {
        "Records": [{"at": "time", "body": "null or string", "n": "number"}],
        "empty": [],
        "ok": "boolean",
    }


def test_an_event_is_read_from_the_line_that_logs_it() -> None:
    assert logged_event('{"level": "INFO", "message": {"Records": []}}') == {"Records": []}
    for line in ('{"message": "told the time"}', "START RequestId: 1", "[]", '{"level": "INFO"}'):
        assert logged_event(line) is None


def test_every_action_that_a_lab_needs_is_tried_or_has_a_reason() -> None:
    actions = role.needed_actions()
    assert len(actions) > 30, "the stacks' own roles are not read"
    assert set(actions) == {*CALLS, *UNTRIED}, "an action is missing here, or needed by no lab any more"


@pytest.mark.parametrize("action", sorted(CALLS))
def test_each_call_is_one_of_boto3s_and_asks_for_its_action(action: str) -> None:
    call = CALLS[action]
    client = boto3.client(call.service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    arguments = filled(call.arguments, "aws", "us-east-1", "111122223333")
    assert "{" not in json.dumps(list(arguments.values())).replace("{}", "").replace('{"', "")
    operation = client.meta.method_to_api_mapping[call.operation]
    assert operation in (action.partition(":")[2], action.partition(":")[2].removesuffix("Function"))
    with Stubber(client) as stub:  # checks the arguments against the service's model
        stub.add_client_error(call.operation, "AccessDenied", expected_params=arguments)
        with pytest.raises(client.exceptions.ClientError):
            getattr(client, call.operation)(**arguments)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("", "allowed"),
        ("ResourceNotFoundException", "allowed"),
        ("AWS.SimpleQueueService.NonExistentQueue", "allowed"),
        ("StateMachineDoesNotExist", "allowed"),
        ("AccessDenied", "denied"),
        ("AccessDeniedException", "denied"),
        ("AuthorizationError", "denied"),
        ("ConnectTimeoutError", "unclear"),
        ("ThrottlingException", "unclear"),
    ],
)
def test_what_an_answer_tells_of_a_permission(code: str, kind: str) -> None:
    found = Permissions()
    role._kind(found, code).append("a:B")
    assert [name for name, actions in vars(found).items() if actions] == [kind]


def test_the_first_signal_ends_the_work_and_none_ends_a_clean_up() -> None:
    ends = Ends()
    done = []
    with ends.watched(60):
        with pytest.raises(Ended, match="interrupted"):
            signal.raise_signal(signal.SIGINT)
        with ends.cleaning():
            signal.raise_signal(signal.SIGTERM)
            done.append("destroyed")
        with pytest.raises(Ended):
            ends.go_on()
    assert done == ["destroyed"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_during_a_clean_up_ends_what_comes_after_it() -> None:
    ends = Ends()
    with ends.watched(60):
        with ends.cleaning():
            signal.raise_signal(signal.SIGHUP)
        with pytest.raises(Ended, match="the terminal was closed"):
            ends.go_on()


def test_the_time_ends_the_work() -> None:
    ends = Ends()
    with ends.watched(0.05), pytest.raises(Ended, match="its time is over"):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            time.sleep(0.01)


def test_the_page_is_made_from_the_reports_of_the_repository() -> None:
    assert page.PAGE.read_text() == page.page(page.collected()), "run `scripts/prove_aws.py --page`"
    for path in page.FOLDER.glob("*.json"):
        assert report.problems(json.loads(path.read_text()), ()) == [], path


def test_the_page_says_never_until_there_is_a_report_of_aws() -> None:
    assert "**Never run on AWS.**" in page.page([])
    assert "**Never run on AWS.**" in page.page([content() | {"account": "the local engine"}])
    text = page.page([content()])
    assert "Never run" not in text
    assert "## 2026-11-24, a Learner Lab, us-east-1" in text and "| `clock` | ✘ AccessDenied |" in text
    assert "- denied: `sns:Publish`" in text


def test_nobody_to_ask_is_said_and_nothing_is_sent(tool: Run, stub: Callable[..., str]) -> None:
    asked: list[str] = []

    def answer(body: str) -> tuple[int, str, str]:
        asked.append(body)
        return 500, "text/plain", ""

    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": stub(answer)}
    done = tool("prove_aws.py", "calculator", **keys)
    assert done.returncode == 2
    said = done.stderr.splitlines()
    assert said[-1] == "error: nothing was done: there is nobody to ask; with --yes nothing is asked"
    assert any("USD" in line for line in said) and any("calculator" in line for line in said)
    assert asked == [] and done.stdout == ""
    assert list(project.ROOT.glob("terraform.prove-*.tfstate")) == []
    assert tool("prove_aws.py", "nolab", **keys).stderr.startswith("error: there is no lab 'nolab'; there are accounts")
