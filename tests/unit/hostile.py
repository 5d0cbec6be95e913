"""JSON as nobody means it, written as text: what json.dumps would not write, a sender can."""

import json
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

DEEP = 5_000

NUMBERS = (
    *("0", "-0", "-1", "1.5", "25", "1E400", "-1e400", "1e-400", "0e99999999999", "1e99999999999999999999"),
    *("-1e-99999999999999999999", "9" * 400, "-" + "9" * 400, "9" * 5_000, "NaN", "Infinity", "-Infinity"),
)
TEXTS = (
    *(r'"\ud800"', r'"\udc00 x"', r'"a\u0000b"', r'"o-1\n"', r'"\u007f"', r'"\ud83d\ude00"', '""', '" "', '"o-1"'),
    *('"NaN"', '"sNaN"', '"-Infinity"', '"1e999999999999999999999"', '"1e400"', '"25"', f'"{"x" * 5_000}"'),
)
OTHERS = ("true", "null", "[]", "{}", '["+"]', '{"a": 1}', "[" * DEEP + "]" * DEEP, "[" * 300 + "]" * 300, "{", "")

VALUES = (
    st.sampled_from([*NUMBERS, *TEXTS, *OTHERS])
    | st.integers().map(str)
    | st.floats().map(json.dumps)
    | st.text(st.characters(codec=None), max_size=10).map(json.dumps)
)


def objects(fields: Mapping[str, Sequence[str]]) -> st.SearchStrategy[str]:
    """Objects with these fields, each absent, good (one of the texts given for it) or strange."""
    kinds = {name: st.sampled_from([*good] * 3) | VALUES for name, good in fields.items()}
    return st.fixed_dictionaries({}, optional=kinds).map(
        lambda chosen: "{" + ", ".join(f'"{name}": {value}' for name, value in chosen.items()) + "}"
    )
