"""Records in the objects of an archive: as Firehose writes them, and as the local engine does."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.archive import records_in

from labkit.aggregation import UserRecord, aggregate

EVENTS = st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=8), max_size=3), max_size=12)
#: Text that a record may be instead of JSON, on a line of its own.
JUNK = st.from_regex(r"[a-z!][^\n\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]{0,20}", fullmatch=True).filter(
    lambda text: text == text.strip() and text[:1] not in '"{[-0123456789' and text[:4] not in ("true", "null")
)


@given(EVENTS, st.sampled_from(["", "\n", "\n\n", " "]), st.booleans())
def test_objects_of_records_end_to_end_or_a_line_each(events: list[object], between: str, compressed: bool) -> None:
    data = between.join(json.dumps(event) for event in events).encode()
    found = records_in(gzip.compress(data) if compressed else data)
    assert [json.loads(record) for record in found] == events


@given(EVENTS, JUNK)
def test_a_record_that_is_no_json_hides_no_other(events: list[object], junk: str) -> None:
    lines = [*(json.dumps(event) for event in events), junk, *(json.dumps(event) for event in events)]
    found = list(records_in("\n".join(lines).encode()))
    assert [record for record in found if record.startswith("{")] == [line for line in lines if line != junk]


def test_an_event_over_several_lines_is_one_record() -> None:
    text = json.dumps({"a": {"b": [1, 2]}}, indent=2)
    assert list(records_in(text.encode())) == [text]


def test_an_aggregate_that_was_not_taken_apart() -> None:
    data = aggregate([UserRecord("o-1", b'{"a": 1}'), UserRecord("o-2", b"hello")])
    assert list(records_in(data)) == ['{"a": 1}', "hello"]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"  "])
def test_an_empty_object(data: bytes) -> None:
    assert list(records_in(data)) == []
    assert list(records_in(gzip.compress(data))) == []


def test_several_compressed_parts_one_after_the_other() -> None:
    assert list(records_in(gzip.compress(b'{"a": 1}\n') + gzip.compress(b'{"b": 2}\n'))) == ['{"a": 1}', '{"b": 2}']
