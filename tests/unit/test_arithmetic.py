"""The calculator's arithmetic against exact fractions, and its refusals."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arithmetic import MAX_BODY_BYTES, OPERATIONS, calculate, read_request
from labkit.messages import Rejected
from labkit.outbox import to_json

INTEGERS = st.integers(-(10**40), 10**40)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=10)


def answer(**request: Any) -> int | float:
    return calculate(read_request(json.dumps(request, default=str)))


def exact(operation: str, left: Fraction, right: Fraction) -> Fraction:
    return {"+": left + right, "-": left - right, "*": left * right}[operation]


@pytest.mark.parametrize(
    ("left", "operation", "right", "result"),
    [
        (1, "+", 5, 6),
        (1, "-", 5, -4),
        (3, "*", 5, 15),
        (6, "/", 3, 2),
        (1, "/", 4, 0.25),
        (1, "/", 3, 1 / 3),
        (0.1, "+", 0.2, 0.3),
        (2.5, "+", 2.5, 5),
        ("7", "+", " 3 ", 10),
        ("1e3", "*", "-.5", -500),
        ("1e308", "+", "7e307", 17 * 10**307),
        (0, "/", -5, 0),
    ],
)
def test_answers_what_a_person_expects(left: Any, operation: str, right: Any, result: Any) -> None:
    value = answer(number1=left, number2=right, operation=operation)
    assert value == result
    assert type(value) is type(result)


def test_a_missing_operation_is_a_sum() -> None:
    assert answer(number1=1, number2=5) == 6


@given(INTEGERS, INTEGERS, st.sampled_from("+-*"))
def test_integers_stay_exact_integers(left: int, right: int, operation: str) -> None:
    result = answer(number1=left, number2=right, operation=operation)
    assert type(result) is int
    assert result == exact(operation, Fraction(left), Fraction(right))


@given(DECIMALS, DECIMALS, st.sampled_from("+-*"))
@example("0.1", "0.2", "+")
def test_decimals_give_the_nearest_number_to_the_exact_result(left: Any, right: Any, operation: str) -> None:
    result = answer(number1=str(left), number2=str(right), operation=operation)
    expected = exact(operation, Fraction(str(left)), Fraction(str(right)))
    assert result == (int(expected) if expected.denominator == 1 else float(expected))


@given(INTEGERS, INTEGERS.filter(bool))
def test_quotients_are_whole_exactly_when_the_division_has_no_rest(left: int, right: int) -> None:
    result = answer(number1=left, number2=right, operation="/")
    assert isinstance(result, int) == (left % right == 0)
    assert result == (left // right if left % right == 0 else float(Fraction(left, right)))


@given(
    st.dictionaries(
        st.sampled_from(["number1", "number2", "operation", "other"]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from([*OPERATIONS]))
        | st.lists(st.integers(), max_size=2)
        | st.text("0123456789.+-eE", max_size=12),
    )
)
def test_every_request_has_an_answer_that_is_json_or_a_reason(request_: dict[str, Any]) -> None:
    body = json.dumps(request_)
    try:
        request = read_request(body)
        reply = to_json({"result": calculate(request), "request": request})
    except Rejected as reason:
        assert str(reason)
    else:
        json.loads(reply, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@given(st.text())
def test_any_text_is_a_request_or_is_rejected(body: str) -> None:
    try:
        assert isinstance(read_request(body), dict)
    except Rejected as reason:
        assert str(reason)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "the message is not JSON"),
        ("1 plus 5", "the message is not JSON"),
        ("[" * 10_000, "the message is not JSON"),
        ("[1, 5]", "the message is not a JSON object"),
        ("null", "the message is not a JSON object"),
        ('{"number1": NaN, "number2": 5}', "the message is not JSON"),
        ('{"number1": 1, "number2": -Infinity}', "the message is not JSON"),
        ('{"number1": "NaN", "number2": 5}', 'number1 must be a number, not "NaN"'),
        ('{"number1": "Infinity", "number2": 5}', 'number1 must be a number, not "Infinity"'),
        ('{"number2": 5}', "number1 is missing"),
        ("{}", "number1 is missing; number2 is missing"),
        ('{"number1": true, "number2": 5}', "number1 must be a number, not true"),
        (
            '{"number1": "un", "number2": null}',
            'number1 must be a number, not "un"; number2 must be a number, not null',
        ),
        ('{"number1": "1,5", "number2": 1}', 'number1 must be a number, not "1,5" (decimals take a point)'),
        ('{"number1": "1_000", "number2": 1}', "number1 must be a number"),
        ('{"number1": "١", "number2": 1}', "number1 must be a number"),
        ('{"number1": {"a": [1]}, "number2": 1}', "number1 must be a number"),
        ('{"number1": 1e400, "number2": 1}', "number1 is out of range"),
        ('{"number1": "1e99999999999999999999", "number2": 1}', "number1 is out of range"),
        ('{"number1": 1e99999999999999999999, "number2": 1}', "out of range"),
        (f'{{"number1": {"9" * 101}, "number2": 1}}', "number1 is out of range"),
        ('{"number1": 1, "number2": 1, "operation": "%"}', 'operation must be one of + - * /, not "%"'),
        ('{"number1": 1, "number2": 1, "operation": null}', "operation must be one of + - * /, not null"),
        ('{"number1": 1, "number2": 1, "operation": ["+"]}', "operation must be one of + - * /"),
        ('{"number1": 1, "number2": 0, "operation": "/"}', "division by zero"),
        ('{"number1": 1, "number2": "0.0", "operation": "/"}', "division by zero"),
        ('{"number1": 1e-300, "number2": 0.5e-300, "operation": "*"}', "the result is out of range"),
        ('{"number1": 1e308, "number2": 3e-308, "operation": "/"}', "the result is out of range"),
        ('{"number1": 1e308, "number2": 1e308}', "the result is out of range"),
        ('{"number1": -1e308, "number2": 1e308, "operation": "-"}', "the result is out of range"),
        ('{"number1": 9e308, "number2": 1}', "number1 is out of range"),
        (r'{"number1": "\ud800", "number2": 1}', "half of a character"),
        ("x" * 200_000, f"the message is too long: 200000 bytes, at most {MAX_BODY_BYTES}"),
    ],
)
def test_bad_requests_are_rejected_with_the_reason(body: str, reason: str) -> None:
    with pytest.raises(Rejected) as rejected:
        calculate(read_request(body))
    assert reason in str(rejected.value)
