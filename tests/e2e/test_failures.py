"""Functions that fail: every message is tried again, and rests in a dead-letter queue; none is lost.

The functions lose their output queue, which no handler can make good. The deployment of test_options puts them right.
"""

import json
from typing import Any

from mappings import hurry

from shell import Shell

SUM = '{"number1": 1, "number2": 5, "operation": "+"}'


def lose_output(client: Any, name: str) -> None:
    """Send the function's output to a queue that does not exist."""
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables["OUTPUT_QUEUE_URL"] += "-nowhere"
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    client.get_waiter("function_updated_v2").wait(FunctionName=name)


def test_messages_that_the_calculator_fails_on(labs: Shell) -> None:
    hurry(labs, "calculator-input", "calculator-calculate")
    lose_output(labs.client("lambda"), labs.name("calculator-calculate"))
    sent = labs.records("send_message.py", "calculator", SUM, "--count", "12")
    options = ("--rejected", "--max", "12", "--wait", "120")
    labs.records("read_results.py", "calculator", "--peek", *options)
    dead = labs.records("read_results.py", "calculator", *options)
    assert {record["message_id"] for record in dead} == {record["message_id"] for record in sent}
    assert all(record["body"] == json.loads(SUM) for record in dead)
    assert all(record["attempts"] == 5 for record in dead)


def test_a_scheduled_run_that_the_clock_fails_on(labs: Shell) -> None:
    client = labs.client("lambda")
    lose_output(client, labs.name("clock-tell-time"))
    event = {"InvocationType": "Event", "Payload": b'{"kept": true}'}
    client.invoke(FunctionName=labs.name("clock-tell-time"), **event)
    kept = False
    while not kept:  # the schedule may fail beside it
        (record,) = labs.records("read_results.py", "clock", "--rejected", "--max", "1", "--wait", "300")
        kept = record["body"]["requestPayload"] == {"kept": True}
