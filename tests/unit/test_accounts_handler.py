"""The validation of account data: what the workflow goes on with, and every reason why not."""

from collections.abc import Callable
from typing import Any

import pytest

from doubles import Context


@pytest.fixture
def validate(load_module: Callable[..., Any]) -> Callable[[Any], Any]:
    module = load_module("accounts")
    return lambda event: module.lambda_handler(event, Context())


def test_a_valid_account(validate: Callable[[Any], Any]) -> None:
    event = {"account_id": "ana-1", "name": " Ana ", "email": "ana@example.org", "more": 1}
    account = {"account_id": "ana-1", "name": "Ana", "email": "ana@example.org"}
    assert validate(event) == {"valid": True, "account": account}


@pytest.mark.parametrize("event", ["hello", [], None, {}, {"account_id": 1, "name": "", "email": "x"}])
def test_an_invalid_one_with_its_reasons(validate: Callable[[Any], Any], event: Any) -> None:
    answer = validate(event)
    assert answer["valid"] is False and answer["reasons"]


def test_what_is_quoted_stays_short(validate: Callable[[Any], Any]) -> None:
    answer = validate({"note": "x" * 300_000})
    assert "more than 65536" in answer["reasons"]
    assert len(answer["data"]) < 2_100
