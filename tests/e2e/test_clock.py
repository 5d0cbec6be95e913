"""The clock, deployed: by hand and by its schedule."""

from shell import Shell


def test_by_hand(labs: Shell) -> None:
    (record,) = labs.records("send_message.py", "clock", "{}", "--wait", "60")
    assert record["body"]["trigger"] == "hand"
    assert record["body"]["foo"] == "bar"
    assert record["body"]["correlation_id"] == record["message_id"]


def test_a_message_that_is_not_json_is_refused_before_it_is_sent(labs: Shell) -> None:
    done = labs.script("send_message.py", "clock", "{}", "now", expect=2)
    assert done.stderr == "error: nothing was sent: message 2 is not JSON, which a function takes: now\n"


def test_by_its_schedule(labs: Shell) -> None:
    (record,) = labs.records("read_results.py", "clock", "--max", "1", "--wait", "90")
    assert record["body"]["trigger"] == "schedule"
    assert record["body"]["foo"] == "bar"
    assert record["body"]["time"].endswith("Z")
