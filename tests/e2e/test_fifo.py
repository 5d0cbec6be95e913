"""The fan-out with FIFO topic and queues: the order of each customer is kept, and duplicates are dropped."""

import json
from collections.abc import Collection
from typing import Any

from views import until

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
    # The replies are in a standard queue, and those of a batch have one time: only the function knows its order.
    by_message = {record["body"]["correlation_id"]: record["body"] for record in billed}
    handled = until(lambda: len(now := handled_by_billing(labs, by_message)) == len(orders) and now, "the log of all")
    for customer in CUSTOMERS:
        own = [by_message[id]["order_id"] for id in handled if by_message[id]["customer"] == customer]
        assert own == [f"{customer}-{n:02}" for n in range(20)]


def handled_by_billing(labs: Shell, wanted: Collection[str]) -> list[str]:
    """The ids of these messages in the order in which the function has first handled them, as it has logged it."""
    lines = [line for line in labs.records("logs.py", "fanout") if line["function"] == "billing"]
    return list(dict.fromkeys(id for line in lines for id in line.get("message_ids", []) if id in wanted))


def test_a_message_without_its_group_is_refused(labs: Shell) -> None:
    done = labs.script("send_message.py", "fanout", '{"type": "order"}', expect=2)
    assert "message 1 has no customer and no order_id, which the FIFO topic needs" in done.stderr
