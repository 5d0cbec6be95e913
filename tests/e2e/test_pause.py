"""Pausing stops what costs by time without destroying anything; a deployment starts it again, and nothing is lost."""

from mappings import settled

from shell import Shell

SUM = '{"number1": 20, "number2": 22, "operation": "+"}'


def test_pause_keeps_messages_until_the_next_deployment(labs: Shell) -> None:
    said = labs.script("pause.py").stderr
    assert f"clock: rule {labs.name('clock-schedule')} is paused; it runs rate(1 minute) no more" in said
    assert f"calculator: event source {labs.name('calculator-calculate')} is paused" in said
    assert set(settled(labs)) == {"Disabled"}
    assert labs.client("events").describe_rule(Name=labs.name("clock-schedule"))["State"] == "DISABLED"
    assert "is paused" not in labs.script("pause.py").stderr

    sent = labs.records("send_message.py", "calculator", SUM)
    waiting = labs.records("read_results.py", "calculator", "--wait", "3", expect=None)
    assert not [each for each in waiting if each["body"]["correlation_id"] == sent[0]["message_id"]]
    labs.script("lab.py", "deploy", "calculator", "--yes")
    found: list[str] = []
    while sent[0]["message_id"] not in found:  # what the tests before left may come first
        (record,) = labs.records("read_results.py", "calculator", "--max", "1", "--wait", "120")
        found.append(record["body"]["correlation_id"])
