"""The tools' error lines and exit codes, from real processes against endpoints that answer as AWS would."""

import itertools
import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

REAL = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
#: A port of the discard service: nothing answers there.
NOWHERE = "http://127.0.0.1:9"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def endpoint(stub: Callable[..., str]) -> Callable[[int, object], str]:
    """An endpoint that gives every request the same answer."""
    return lambda status, answer: stub(lambda _: (status, "application/x-amz-json-1.1", json.dumps(answer)))


@pytest.mark.parametrize("script", ["send_message.py", "read_results.py"])
def test_no_connection(tool: Run, script: str) -> None:
    done = tool(
        script, "calculator", *(["{}"] if script.startswith("send") else []), "--local", AWS_ENDPOINT_URL=NOWHERE
    )
    assert done.returncode == 5
    assert done.stderr == f"error: no answer at {NOWHERE}/: start the local engine with `scripts/local_aws.py start`\n"


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("ExpiredTokenException", "the AWS credentials have expired: start the lab again"),
        ("UnrecognizedClientException", "AWS does not accept the credentials: start the lab again"),
        ("InvalidSignatureException", "AWS does not accept the credentials: start the lab again"),
    ],
)
def test_credentials_that_aws_refuses(tool: Run, endpoint: Callable[..., str], code: str, line: str) -> None:
    url = endpoint(400, {"__type": code, "message": "no, because"})
    done = tool("read_results.py", "calculator", "--local", AWS_ENDPOINT_URL=url)
    assert done.returncode == 5
    assert done.stderr.startswith(f"error: {line}") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("status", "code", "exit_code", "line"),
    [
        (400, "AccessDeniedException", 2, "AWS refused GetParametersByPath: no, because\n"),
        (400, "ValidationException", 2, "AWS refused GetParametersByPath: no, because\n"),
        (400, "ThrottlingException", 5, "AWS cannot do GetParametersByPath now (no, because): try again later\n"),
        (500, "InternalServerError", 5, "AWS cannot do GetParametersByPath now (no, because): try again later\n"),
        (503, "", 5, "AWS cannot do GetParametersByPath now (no, because): try again later\n"),
    ],
)
def test_what_aws_answers_is_not_taken_for_no_connection(
    tool: Run, endpoint: Callable[..., str], status: int, code: str, exit_code: int, line: str
) -> None:
    url = endpoint(status, {"__type": code, "message": "no, because"})
    done = tool("read_results.py", "calculator", "--local", AWS_ENDPOINT_URL=url)
    assert (done.returncode, done.stderr) == (exit_code, f"error: {line}")


def test_a_lab_that_is_not_deployed(tool: Run, endpoint: Callable[..., str]) -> None:
    url = endpoint(200, {"Parameters": []})
    done = tool("send_message.py", "calculator", "{}", "--local", AWS_ENDPOINT_URL=url)
    assert done.returncode == 4
    assert done.stderr == (
        f"error: lab calculator is not deployed at {url} (us-east-1). "
        "Deploy it with `make deploy LAB=calculator LOCAL=1`\n"
    )


def test_the_labs_that_are_deployed_are_named(tool: Run, endpoint: Callable[..., str]) -> None:
    port = {"Name": "/lab/clock/input", "Type": "String", "Value": '{"kind": "lambda", "function": "x"}'}
    url = endpoint(200, {"Parameters": [port]})
    done = tool("read_results.py", "clock", "--rejected", "--local", AWS_ENDPOINT_URL=url)
    assert done.returncode == 2
    assert done.stderr == "error: lab clock has no dead-letter queue; its ports are input\n"


def test_no_credentials(tool: Run) -> None:
    done = tool("read_results.py", "calculator")
    assert done.returncode == 5
    assert done.stderr.startswith("error: no AWS credentials: ")


def test_a_profile_that_does_not_exist(tool: Run) -> None:
    done = tool("read_results.py", "calculator", "--profile", "nobody")
    assert done.returncode == 5
    assert "nobody" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "environ",
    [
        {"AWS_ENDPOINT_URL": NOWHERE, **REAL},
        {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"},
        {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": "test"},
    ],
)
def test_the_guard_between_laptop_and_aws(tool: Run, environ: dict[str, str]) -> None:
    done = tool("send_message.py", "calculator", "{}", **environ)
    assert done.returncode == 2
    assert "nothing was sent" in done.stderr and done.stderr.count("\n") == 1


def test_local_never_goes_to_another_machine(tool: Run) -> None:
    done = tool(
        "send_message.py", "calculator", "{}", "--local", AWS_ENDPOINT_URL="https://sqs.us-east-1.amazonaws.com"
    )
    assert done.returncode == 2
    assert "nothing was sent" in done.stderr


def test_local_ignores_real_credentials(tool: Run, endpoint: Callable[..., str]) -> None:
    url = endpoint(200, {"Parameters": []})
    done = tool("read_results.py", "calculator", "--local", AWS_ENDPOINT_URL=url, **REAL)
    assert done.returncode == 4


def test_an_address_for_one_service_leads_nowhere_else(tool: Run) -> None:
    environ = {"AWS_ENDPOINT_URL_SSM": "https://ssm.us-east-1.amazonaws.com", "AWS_ENDPOINT_URL": NOWHERE}
    done = tool("read_results.py", "calculator", "--local", **environ)
    assert f"no answer at {NOWHERE}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "nothing to send"),
        (["{}", "--count", "0"], "--count must be 1 or more"),
        (["{}", "--wait", "-1"], "--wait must be 0 to 36000 seconds"),
        (["{}", "--wait", "nan"], "--wait must be 0 to 36000 seconds"),
        (["--file", "missing.jsonl"], "cannot read missing.jsonl: No such file or directory"),
    ],
)
def test_messages_that_cannot_be_sent(tool: Run, arguments: list[str], line: str) -> None:
    done = tool("send_message.py", "calculator", *arguments, "--local", AWS_ENDPOINT_URL=NOWHERE)
    assert done.returncode == 2
    assert line in done.stderr


def test_all_messages_that_sqs_would_refuse_are_named(tool: Run, endpoint: Callable[..., str]) -> None:
    port = {"Name": "/lab/calculator/input", "Type": "String", "Value": '{"kind": "sqs", "url": "x"}'}
    arguments = ["calculator", "ok", "", "--file", "-", "--local"]
    done = tool(
        "send_message.py", *arguments, stdin="x" * 262_145, AWS_ENDPOINT_URL=endpoint(200, {"Parameters": [port]})
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: nothing was sent: message 2 is empty; message 3 has 262145 bytes, and a queue takes 262144\n"
    )


def test_a_file_that_is_not_text(tool: Run) -> None:
    done = tool(
        "send_message.py", "calculator", "--file", "-", "--local", stdin=b"{}\n\xff\n", AWS_ENDPOINT_URL=NOWHERE
    )
    assert done.returncode == 2
    assert done.stderr == "error: -, line 2: not UTF-8 text\n"


LAB, MESSAGE = ["calculator"], ["1"]
ORDERS = [
    list(itertools.chain(*words))
    for words in itertools.permutations([LAB, MESSAGE, ["--local"], ["--wait", "5"]])
    if words.index(LAB) < words.index(MESSAGE)
]


@pytest.mark.parametrize("arguments", ORDERS)
def test_options_and_messages_in_any_order(tool: Run, queue: Any, arguments: list[str]) -> None:
    service, url = queue()
    service.replies = True
    done = tool("send_message.py", *arguments, AWS_ENDPOINT_URL=url)
    assert done.returncode == 0, done.stderr
    assert service.looks == {"id-0": 1}


@pytest.mark.parametrize(
    ("script", "arguments", "line"),
    [
        ("approve.py", ["checkout", "--local", "e-1"], "lab checkout is not deployed at"),
        ("send_message.py", ["--local", "--count", "2"], "the following arguments are required: lab"),
        ("send_message.py", ["calculator", "--local", "--", "-1"], "lab calculator is not deployed at"),
        ("send_message.py", ["calculator", "1", "--nosuch"], "unrecognized arguments: --nosuch"),
        ("read_results.py", ["calculator", "--local", "2"], "unrecognized arguments: 2"),
    ],
)
def test_what_the_command_line_means(
    tool: Run, endpoint: Callable[..., str], script: str, arguments: list[str], line: str
) -> None:
    done = tool(script, *arguments, AWS_ENDPOINT_URL=endpoint(200, {"Parameters": []}))
    assert done.returncode in (2, 4) and done.stderr.startswith(f"error: {line}")


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("send_message.py", ["calculator", b"\xff"]),
        ("send_message.py", ["fanout", "1", "--attribute", b"\xff"]),
        ("send_message.py", ["bus", "{}", "--source", b"\xff"]),
        ("read_results.py", ["orders", "--order", b"\xff"]),
        ("read_results.py", ["checkout", "--execution", b"\xff"]),
        ("approve.py", ["checkout", b"\xff"]),
        ("logs.py", ["calculator", "--request-id", b"\xff"]),
        ("logs.py", [b"\xff"]),
    ],
)
def test_arguments_that_are_not_text(tool: Run, script: str, arguments: list[str | bytes]) -> None:
    given = [os.fsdecode(argument) for argument in arguments]
    done = tool(script, *given, "--local", AWS_ENDPOINT_URL=NOWHERE)
    assert (done.returncode, done.stderr) == (2, f"error: '\\udcff' is not UTF-8 text; see {script} --help\n")


def test_the_name_of_a_file_may_be_anything(tool: Run) -> None:
    done = tool("send_message.py", "calculator", "--file", os.fsdecode(b"\xff"), "--local", AWS_ENDPOINT_URL=NOWHERE)
    assert (done.returncode, done.stderr) == (2, "error: cannot read \\udcff: No such file or directory\n")


@pytest.mark.parametrize(
    "time", ["0001-01-01", "0001-01-01T00:00+14:00", "-999999d", "1969-12-31", "-99999d", "9999-12-31T23:59-14:00"]
)
@pytest.mark.parametrize("script", [["logs.py", "calculator"], ["replay_events.py", "bus"]])
def test_moments_that_never_were(tool: Run, script: list[str], time: str) -> None:
    done = tool(*script, "--from", time, "--local", AWS_ENDPOINT_URL=NOWHERE)
    assert done.returncode == 2
    assert done.stderr == f"error: --from: {time!r} is not between 1970 and 9999\n"


@pytest.mark.parametrize("region", ["us east", "us_east_1", "x/../y"])
def test_regions_that_are_none(tool: Run, region: str) -> None:
    for options, environ in (["--region", region], {}), ([], {"AWS_REGION": region}):
        done = tool("read_results.py", "calculator", "--local", *options, AWS_ENDPOINT_URL=NOWHERE, **environ)
        assert done.returncode == 2 and repr(region) in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("script", [["send_message.py", "calculator", "{}"], ["read_results.py", "calculator"]])
def test_a_misspelt_option_of_the_context(tool: Run, script: list[str]) -> None:
    environ = {"LAB_CONTEXT": "prefx=ana clock.enabled=false", "AWS_ENDPOINT_URL": NOWHERE}
    done = tool(*script, "--local", **environ)
    assert done.returncode == 2
    assert done.stderr == (
        "error: context prefx: there is no such option; known: prefix, region, role, state, and those of a lab, "
        "such as clock.enabled\n"
    )


@pytest.mark.parametrize(
    ("script", "options", "line"),
    [
        ("monolith_example.py", ["--orders", "99999999999999999999"], "--orders must be 1 to 10000"),
        ("monolith_example.py", ["--crashes", "99.9999999"], "--crashes 0 to 99"),
        ("produce_orders.py", ["--orders", "99999999999999999999"], "--orders must be 1 to 100000"),
        ("produce_orders.py", ["--rate", "nan"], "--rate 0, or 0.001 to 1000000"),
        ("produce_orders.py", ["--rate", "inf"], "--rate 0, or 0.001 to 1000000"),
        ("produce_orders.py", ["--malformed", "nan"], "are percentages"),
        ("produce_orders.py", ["--rate", "1e-300"], "--rate 0, or 0.001 to 1000000"),
        ("replay_events.py", ["bus", "--from", "-1m", "--wait", "nan"], "--wait must be 0 to 36000 seconds"),
        ("replay_events.py", ["bus", "--from", "-1m", "--wait", "-5"], "--wait must be 0 to 36000 seconds"),
        ("read_results.py", ["checkout", "--failed", "--max", "9" * 400], "--max must be 1 to 1000000"),
    ],
)
def test_work_that_would_never_end(tool: Run, script: str, options: list[str], line: str) -> None:
    done = tool(script, *options, "--local", AWS_ENDPOINT_URL=NOWHERE)
    assert done.returncode == 2 and line in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("script", "arguments", "name"),
    [
        ("read_results.py", ["orders", "--order", ""], "--order"),
        ("read_results.py", ["checkout", "--execution", ""], "--execution"),
        ("approve.py", ["checkout", ""], "execution"),
        ("logs.py", ["calculator", "--request-id", ""], "--request-id"),
        ("logs.py", ["calculator", "--from="], "--from"),
        ("send_message.py", ["calculator", "--file", ""], "--file"),
        ("watch.py", [""], "lab"),
    ],
)
def test_an_empty_argument_is_not_taken_for_none(tool: Run, script: str, arguments: list[str], name: str) -> None:
    done = tool(script, *arguments, "--local", AWS_ENDPOINT_URL=NOWHERE)
    assert (done.returncode, done.stderr) == (2, f"error: {name} is empty; see {script} --help\n")


@pytest.mark.parametrize(
    ("attributes", "line"),
    [
        (["AWS.x=1"], "names begin with neither AWS. nor Amazon."),
        (["amazon.x=1"], "names begin with neither AWS. nor Amazon."),
        ([".a=1"], "is not like name=value"),
        (["a..b=1"], "is not like name=value"),
        (["a.=1"], "is not like name=value"),
        (["é=1"], "is not like name=value"),
        (["a:Number=٣"], "is no number"),
        (["a=1", "a=2"], "a is given twice"),
        ([f"a{number}=1" for number in range(11)], "a message has at most 10 attributes"),
    ],
)
def test_attributes_that_aws_would_refuse(tool: Run, attributes: list[str], line: str) -> None:
    options = [word for attribute in attributes for word in ("--attribute", attribute)]
    done = tool("send_message.py", "fanout", "1", *options, "--local", AWS_ENDPOINT_URL=NOWHERE)
    assert done.returncode == 2 and line in done.stderr and done.stderr.count("\n") == 1


def test_an_empty_file(tool: Run) -> None:
    done = tool("send_message.py", "calculator", "--file", "-", "--local", stdin="\n\n", AWS_ENDPOINT_URL=NOWHERE)
    assert done.returncode == 2
    assert done.stderr == "error: - holds no messages\n"


@pytest.mark.parametrize("script", ["read_results.py", "logs.py"])
def test_a_name_that_is_no_lab(tool: Run, script: str) -> None:
    done = tool(script, "../x", "--local", AWS_ENDPOINT_URL=NOWHERE)
    assert done.returncode == 2
    assert done.stderr == "error: '../x' is no name of a lab, for example calculator\n"
