"""The accounts as an Express workflow (see test_options): the result comes at once, and no history is kept."""

import json
import uuid

from shell import Shell


def test_an_express_workflow_answers_and_keeps_no_executions(labs: Shell) -> None:
    account_id = uuid.uuid4().hex[:8]
    body = json.dumps({"account_id": account_id, "name": "Ana", "email": "ana@example.org"})
    done = labs.script("send_message.py", "accounts", body, "--wait", "20")
    record = json.loads(done.stdout)
    assert record["body"]["result"] == "registered" and "path" not in record
    assert f"keeps no path; its log is /aws/vendedlogs/states/{labs.name('accounts-registration')}" in done.stderr
    (again,) = labs.records("send_message.py", "accounts", body, "--wait", "20", expect=1)
    assert again["body"]["error"] == f"account {account_id} is already registered"
    done = labs.script("read_results.py", "accounts", expect=2)
    assert "an Express workflow keeps no executions; its log is" in done.stderr
