"""How often a lab tried a message that it gave up on: what it did itself, whoever has looked at the message since."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ENVELOPE = json.dumps({"requestContext": {"approximateInvokeCount": 2}, "requestPayload": {}})


def read(tool: Run, url: str, *options: str) -> list[dict[str, Any]]:
    done = tool("read_results.py", "calculator", "--rejected", "--local", *options, AWS_ENDPOINT_URL=url)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_looking_is_not_an_attempt(tool: Run, queue: Any) -> None:
    service, url = queue("1", moved=True)
    for options in (["--peek", "--max", "1"], ["--peek", "--max", "1"], []):
        (record,) = read(tool, url, *options)
        assert record["attempts"] == 3
    assert service.looks == {"id-0": 3}


def test_a_function_that_gave_up_says_how_often_it_tried(tool: Run, queue: Any) -> None:
    _, url = queue(ENVELOPE)
    (record,) = read(tool, url)
    assert record["attempts"] == 2


def test_where_nobody_counts_attempts_no_number_is_shown(tool: Run, queue: Any) -> None:
    _, url = queue('{"requestContext": "mine"}', "[]")
    assert all(not {"attempts", "receive_count"} & set(record) for record in read(tool, url))
