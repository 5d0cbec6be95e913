"""The calculator's arithmetic: exact decimals in, the number a person expects out. Knows nothing of AWS.

Why Decimal: binary floating point answers 0.30000000000000004 to 0.1 + 0.2. Sums, differences and products are
exact here; a quotient is exact when it has an end, and else the JSON number nearest to it.
"""

import json
import operator
import re
import sys
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, Inexact, localcontext
from typing import Any

from labkit.messages import Rejected, read_object
from labkit.replies import shorten

OPERATIONS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}

#: The numbers of JSON (RFC 8259, section 6), and the same with a leading plus, as people type them.
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MAX_DIGITS = 100
#: The range of a double (IEEE 754 binary64), which is what readers of JSON have; below 1e-308 it loses digits.
MAX_EXPONENT = 308
LARGEST = Decimal(sys.float_info.max)
RANGE = f"from 1e-{MAX_EXPONENT} to 1.79e{MAX_EXPONENT}"
#: Enough digits for every exact sum, difference and product of two numbers within the limits above.
PRECISION = 2 * (MAX_DIGITS + MAX_EXPONENT) + 10
#: A request has three short fields; a longer body is no request.
MAX_BODY_BYTES = 16_384


def read_request(body: str) -> dict[str, Any]:
    """The request in a message body. Raises Rejected when it is no JSON object, or too long to be one."""
    if len(body.encode()) > MAX_BODY_BYTES:
        raise Rejected(f"the message is too long: {len(body.encode())} bytes, at most {MAX_BODY_BYTES}")
    try:
        return read_object(body, parse_float=Decimal, parse_int=Decimal)
    except Rejected as reason:
        raise Rejected(f'{reason}; expected {{"number1": 1, "number2": 5, "operation": "+"}}') from None


def calculate(request: Mapping[str, Any]) -> int | float:
    """The result of a request: a whole number as int, any other as the nearest float.

    Numbers may come as numeric strings, and a missing operation means `+`, as in the course. Raises Rejected with
    every reason at once.
    """
    reasons: list[str] = []
    numbers = [_number(request, name, reasons) for name in ("number1", "number2")]
    operation = request.get("operation", "+")
    if not isinstance(operation, str) or operation not in OPERATIONS:
        reasons.append(f"operation must be one of {' '.join(OPERATIONS)}, not {_shown(operation)}")
    elif operation == "/" and numbers[1] == 0:
        reasons.append("division by zero")
    if reasons:
        raise Rejected("; ".join(reasons))
    with localcontext(Context(prec=PRECISION, traps=[])) as context:
        result = OPERATIONS[operation](numbers[0], numbers[1])
        return _json_number(result, exact=not context.flags[Inexact])


def _number(request: Mapping[str, Any], name: str, reasons: list[str]) -> Decimal:
    """The number under `name`; else 1 in its place and the reason why not."""
    if name not in request:
        reasons.append(f"{name} is missing")
        return Decimal(1)
    value = request[name]
    text = str(value).strip() if isinstance(value, str | Decimal) else ""
    if not NUMBER.fullmatch(text):
        hint = " (decimals take a point)" if re.fullmatch(r"[+-]?\d+,\d+", text) else ""
        reasons.append(f"{name} must be a number, not {_shown(value)}{hint}")
        return Decimal(1)
    number = _decimal(text)
    if number is None:
        reasons.append(f"{name} is out of range: at most {MAX_DIGITS} digits, and {RANGE}")
        return Decimal(1)
    return number


def _decimal(text: str) -> Decimal | None:
    """The number that `text` writes, or None beyond the limits."""
    if len(text) > MAX_DIGITS:
        return None
    try:
        number = Decimal(text)
    except ArithmeticError:  # an exponent that Decimal itself cannot hold
        return None
    return number if _in_range(number) else None


def _in_range(number: Decimal) -> bool:
    return number == 0 or (number.adjusted() >= -MAX_EXPONENT and abs(number) <= LARGEST)


def _json_number(result: Decimal, exact: bool) -> int | float:
    if not _in_range(result):
        raise Rejected(f"the result is out of range: {RANGE}")
    return int(result) if exact and result == result.to_integral_value() else float(result)


def _shown(value: object) -> str:
    return shorten(json.dumps(value, default=str, ensure_ascii=False), 50)
