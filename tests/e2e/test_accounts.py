"""The accounts, deployed: every account is registered, refused or rejected, by id; none is overwritten."""

import json
import uuid
from typing import Any

from shell import Shell

TABLE = "accounts-registered"


def account(account_id: str, **more: Any) -> str:
    return json.dumps({"account_id": account_id, "name": "Ana", "email": "ana@example.org", **more})


def stored(shell: Shell, prefix: str) -> dict[str, dict[str, str]]:
    """The accounts in the table whose id begins so."""
    pages = shell.client("dynamodb").get_paginator("scan").paginate(TableName=shell.name(TABLE), ConsistentRead=True)
    items = [{name: value["S"] for name, value in item.items()} for page in pages for item in page["Items"]]
    return {item["account_id"]: item for item in items if item["account_id"].startswith(prefix)}


def test_a_valid_account_is_stored_and_a_second_one_is_refused(labs: Shell) -> None:
    prefix = uuid.uuid4().hex[:8]
    (first,) = labs.records("send_message.py", "accounts", account(prefix), "--wait", "60")
    assert first["body"]["result"] == "registered"
    assert [visit["state"] for visit in first["path"]] == ["ValidateAccount", "IsValid?", "StoreAccount", "Registered"]
    (second,) = labs.records("send_message.py", "accounts", account(prefix, name="Eve"), "--wait", "60", expect=1)
    assert second["body"]["error"] == f"account {prefix} is already registered"
    assert stored(labs, prefix)[prefix]["name"] == "Ana"


def test_an_invalid_account_goes_to_the_queue_and_the_topic_with_all_its_reasons(labs: Shell) -> None:
    """The script would refuse it; other senders may not."""
    sqs, sns, states = (labs.client(service) for service in ("sqs", "sns", "stepfunctions"))
    url = sqs.create_queue(QueueName=labs.name("accounts-test"))["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = queue.replace(":sqs:", ":sns:").replace("-test", "-rejections")
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": queue}]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True)
    try:
        workflow = queue.replace(":sqs:", ":states:").replace(
            labs.name("accounts-test"), f"stateMachine:{labs.name('accounts-registration')}"
        )
        started = states.start_execution(stateMachineArn=workflow, input='{"name": "", "email": "ana"}')
        name = started["executionArn"].split(":")[-1]
        arguments = ("--execution", name, "--wait", "60")
        (record,) = labs.records("read_results.py", "accounts", *arguments, expect=1)
        reasons = record["body"]["error"]
        assert reasons.count(";") == 2 and "account_id is missing" in reasons and "e-mail address" in reasons
        (rejected,) = labs.records("read_results.py", "accounts", "--rejected", "--wait", "60", expect=1)
        assert (rejected["body"]["correlation_id"], rejected["body"]["error"]) == (name, reasons)
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
        assert json.loads(message["Body"])["Message"].startswith(reasons)
    finally:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=url)


def test_what_is_refused_before_it_is_sent(labs: Shell) -> None:
    done = labs.script("send_message.py", "accounts", account("a b", email="x"), "hello", expect=2)
    assert done.stderr == (
        "error: nothing was sent: message 1 is refused: account_id must be 1 to 40 letters, digits, _ or -, "
        'not "a b", email must be an e-mail address, not "x"; '
        "message 2 is not JSON, which a workflow takes: hello\n"
    )


def test_forty_accounts_each_of_them_once_among_copies(labs: Shell) -> None:
    """sent = registered + refused, by id; of two copies the first wins, whichever that is."""
    prefix = uuid.uuid4().hex[:8]
    records = []
    for first in range(0, 20, 5):  # ten at a time, as many functions as a Learner Lab runs
        pairs = [account(f"{prefix}-{n}", name=f"Ana {n + copy}") for n in range(first, first + 5) for copy in (0, 20)]
        lines = "\n".join(pairs)
        records += labs.records("send_message.py", "accounts", "--file", "-", "--wait", "120", expect=1, stdin=lines)
    assert len({record["message_id"] for record in records}) == 40
    registered = {record["body"]["request"]["account_id"]: record for record in records if "result" in record["body"]}
    refused = [record["body"]["request"]["account_id"] for record in records if "error" in record["body"]]
    assert sorted(registered) == sorted(refused) == sorted(f"{prefix}-{n}" for n in range(20))
    for account_id, item in stored(labs, prefix).items():
        assert item["name"] == registered[account_id]["body"]["request"]["name"]
        assert item["execution"] == registered[account_id]["message_id"]
