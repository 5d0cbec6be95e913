"""The fan-out with FIFO topic and queues: the order of each customer is kept, and duplicates are dropped."""

import json
from typing import Any

from shell import Shell

CUSTOMERS = ("ana", "bob", "eve")


def test_order_per_customer_and_no_duplicates(labs: Shell) -> None:
    orders: list[dict[str, Any]] = [
        {"type": "order", "order_id": f"{customer}-{n:02}", "customer": customer, "kind": "digital", "amount": n + 1}
        for n in range(20)
        for customer in CUSTOMERS
    ]
    lines = "\n".join(json.dumps(order) for order in [*orders, *orders[:10]])
    assert len(labs.records("send_message.py", "fanout", "--file", "-", stdin=lines)) == 70
    total = 2 * len(orders)  # billing and audit
    records = labs.records("read_results.py", "fanout", "--max", str(total), "--wait", "120")
    assert labs.records("read_results.py", "fanout", "--wait", "2", expect=3) == []
    billed = [record for record in records if record["body"]["handled_by"] == "billing"]
    assert sorted(record["body"]["order_id"] for record in billed) == sorted(order["order_id"] for order in orders)
    for customer in CUSTOMERS:
        own = [record for record in billed if record["body"]["customer"] == customer]
        sent = {record["body"]["order_id"]: record["sent"] for record in own}
        assert [sent[order_id] for order_id in sorted(sent)] == sorted(sent.values())


def test_a_message_without_its_group_is_refused(labs: Shell) -> None:
    done = labs.script("send_message.py", "fanout", '{"type": "order"}', expect=2)
    assert "message 1 has no customer and no order_id, which the FIFO topic needs" in done.stderr
