"""The saga's ledger in DynamoDB: what each refusal of a transaction means, and what is tried again."""

from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from doubles import longest_call_s
from ledger import ATTEMPTS, TableLedger
from saga import Move, Outcome, Record

TAKE = Move("stock#book", Decimal(-2))


class Canceled(ClientError):  # type: ignore[misc]  # botocore has no types
    """TransactionCanceledException, as boto3 raises it."""

    def __init__(self, *codes: str) -> None:
        reasons = [{"Code": code} for code in codes]
        answer = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
        super().__init__(answer, "TransactWriteItems")


class DynamoDB:
    """Stands for the client: refuses as it is told, one refusal a call, and keeps what it accepts."""

    class exceptions:
        TransactionCanceledException = Canceled

    def __init__(self, *refusals: Exception) -> None:
        self.refusals = list(refusals)
        self.written: list[list[dict[str, Any]]] = []

    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.written.append(TransactItems)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr("ledger.time.sleep", lambda seconds: None)


def test_a_table_that_does_not_answer_ends_in_a_retry_and_not_in_a_time_out() -> None:
    """Worst: every attempt waits for its full time, with the longest pauses between them; a task has 10 s."""
    assert longest_call_s(TableLedger("table")._dynamodb) < 10


def write(dynamodb: DynamoDB, status: str = "done", move: Move | None = TAKE, after: str | None = None) -> Outcome:
    table = TableLedger("table")
    table._dynamodb = dynamodb
    return table.write("c-1", "reserve", Record(status), move, after=after)


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        (("ConditionalCheckFailed", "None"), Outcome.CHANGED),
        (("ConditionalCheckFailed", "ConditionalCheckFailed"), Outcome.CHANGED),
        (("None", "ConditionalCheckFailed"), Outcome.SHORT),
    ],
)
def test_a_condition_that_does_not_hold_writes_nothing(codes: tuple[str, ...], outcome: Outcome) -> None:
    dynamodb = DynamoDB(Canceled(*codes))
    assert write(dynamodb) is outcome
    assert dynamodb.written == []


def test_transactions_that_meet_are_tried_again_but_not_for_ever() -> None:
    conflict = Canceled("None", "TransactionConflict")
    dynamodb = DynamoDB(*[conflict] * (ATTEMPTS - 1))
    assert write(dynamodb) is Outcome.WRITTEN
    with pytest.raises(Canceled):
        write(DynamoDB(*[conflict] * ATTEMPTS))
    with pytest.raises(Canceled):
        write(DynamoDB(Canceled("None", "ThrottlingError")))


def test_a_record_and_its_move_are_one_transaction() -> None:
    dynamodb = DynamoDB()
    write(dynamodb)
    write(dynamodb, status="undone", move=Move("stock#book", Decimal(2)), after="done")
    write(dynamodb, status="undone", move=None)
    (first, second, third) = [[change["Update"] for change in changes] for changes in dynamodb.written]
    assert first[0]["ConditionExpression"] == "attribute_not_exists(pk)" and "done_at" in first[0]["UpdateExpression"]
    assert first[1]["ConditionExpression"] == "amount >= :needed"
    assert first[1]["ExpressionAttributeValues"] == {":by": {"N": "-2"}, ":needed": {"N": "2"}}
    assert second[0]["ConditionExpression"] == "#status = :after" and "undone_at" in second[0]["UpdateExpression"]
    assert "ConditionExpression" not in second[1] and len(third) == 1
