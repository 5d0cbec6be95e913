"""What is on this machine is reached without the proxies of the environment: a listener in their place gets nothing."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable

import pytest

from kit import toolchain

from engine.process import Engine

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Proxy = tuple[dict[str, str], list[bytes]]

#: A port of the discard service: nothing answers there.
NOWHERE = "http://127.0.0.1:9"


def test_the_listener_would_notice(tool: Run, proxy: Proxy) -> None:
    variables, received = proxy
    key = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_MAX_ATTEMPTS": "1"}
    tool("read_results.py", "calculator", **variables, **key)
    assert received and received[0].startswith(b"CONNECT ssm.us-east-1.amazonaws.com:443")


def test_a_proxy_that_does_not_answer_is_named(tool: Run) -> None:
    key = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_MAX_ATTEMPTS": "1"}
    done = tool("read_results.py", "calculator", HTTPS_PROXY=NOWHERE, NO_PROXY="", **key)
    assert done.returncode == 5
    assert done.stderr == f"error: no connection to the proxy {NOWHERE}: check the network, and HTTPS_PROXY\n"


@pytest.mark.parametrize("script", ["send_message.py", "read_results.py", "logs.py", "leftovers.py"])
def test_a_tool_reaches_the_engine(tool: Run, stub: Callable[..., str], proxy: Proxy, script: str) -> None:
    variables, received = proxy
    url = stub(lambda _: (200, "application/x-amz-json-1.1", json.dumps({"Parameters": [], "logGroups": []})))
    body = ["{}"] if script.startswith("send") else []
    done = tool(script, "calculator", *body, "--local", AWS_ENDPOINT_URL=url, **variables)
    assert "proxy" not in done.stderr and "no connection" not in done.stderr
    assert not received


def test_an_engine_that_does_not_answer_is_named(tool: Run, proxy: Proxy) -> None:
    variables, received = proxy
    done = tool("read_results.py", "calculator", "--local", AWS_ENDPOINT_URL=NOWHERE, **variables)
    assert done.stderr == f"error: no answer at {NOWHERE}/: start the local engine with `scripts/local_aws.py start`\n"
    assert not received


@pytest.mark.slow
def test_the_engine_starts_and_a_shell_turned_to_it_reaches_it(tool: Run, engine: Engine, proxy: Proxy) -> None:
    variables, received = proxy
    variables["LOCAL_AWS_PORT"] = str(engine.port)
    started = tool("local_aws.py", "start", **variables)
    assert started.returncode == 0, started.stderr
    told = tool("local_aws.py", "env", **variables).stdout
    queues = "import boto3; boto3.client('sqs', region_name='us-east-1').list_queues()"
    script = f"{told}\n{shlex.join([sys.executable, '-c', queues])}"
    done = subprocess.run(["bash", "-c", script], env={"PATH": "/usr/bin:/bin", **variables}, capture_output=True)
    assert (done.returncode, received) == (0, []), done.stderr


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, None),  # without a proxy nothing is set: on macOS it would hide the proxies of the system
        ({"https_proxy": "http://school:3128"}, "localhost,127.0.0.1,::1"),
        ({"ALL_PROXY": "http://school:3128", "NO_PROXY": "school,127.0.0.1"}, "school,127.0.0.1,localhost,::1"),
        ({"HTTP_PROXY": "http://school:3128", "NO_PROXY": "a", "no_proxy": "b"}, "b,localhost,127.0.0.1,::1"),
        ({"HTTP_PROXY": "http://school:3128", "NO_PROXY": "*"}, "*"),
    ],
)
def test_child_processes_are_told(before: dict[str, str], after: str | None) -> None:
    """Terraform and cdktf get the same environment as the user's shell."""
    told = toolchain.no_proxy(before)
    assert told == ({"NO_PROXY": after, "no_proxy": after} if after else {})


def test_a_local_deployment_tells_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://school:3128")
    assert "127.0.0.1" in toolchain.local_environment(NOWHERE)["NO_PROXY"]
