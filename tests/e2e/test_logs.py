"""The merged logs of a lab."""

import json
from typing import Any

from views import empty, until

from shell import Shell


def test_logs_of_a_message_across_the_lab(labs: Shell) -> None:
    empty(labs, "fanout")
    order = {"type": "order", "order_id": "o-9", "customer": "ana", "kind": "physical", "amount": 3}
    sent = [
        labs.records("send_message.py", "fanout", json.dumps(order | {"order_id": name}), "--wait", "30")
        for name in ("o-8", "o-9")
    ]
    wanted, other = sent[1][0]["message_id"], sent[0][0]["message_id"]

    def lines(*options: str) -> list[dict[str, Any]]:
        return labs.records("logs.py", "fanout", *options, expect=None)

    found = until(
        lambda: (now := lines("--request-id", wanted)) and len({line["function"] for line in now}) == 3 and now,
        "the lines of three functions",
    )
    assert {line["function"] for line in found} == {"audit", "billing", "shipping"}
    assert not any(other in line.get("message_ids", []) for line in found if wanted not in line.get("message_ids", []))
    assert [line["time_ms"] for line in found] == sorted(line["time_ms"] for line in found)
    assert any(line["text"].startswith("REPORT") for line in lines("--all"))
    labs.records("send_message.py", "fanout", '{"type": "order", "kind": "none"}', "--wait", "30", expect=None)
    errors = until(lambda: lines("--errors"), "the errors")
    assert {line["level"] for line in errors} <= {"WARNING", "ERROR"}
    empty(labs, "fanout")
