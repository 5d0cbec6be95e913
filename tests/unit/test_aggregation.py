"""The aggregation format of the Kinesis Producer Library, against bytes that another implementation of it made."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.aggregation import DIGEST_BYTES, FRAME_BYTES, MAGIC, UserRecord, aggregate, deaggregate, size_bound

RECORDS = [
    UserRecord("o-1", b'{"a":1}'),
    UserRecord("o-2", b""),
    UserRecord("o-1", b"xyz"),
    UserRecord("é#3", b"\0\xff"),
]
#: Made by aws-kinesis-agg 1.2.3 from the records above.
MADE_ELSEWHERE = bytes.fromhex(
    "f3899ac20a036f2d310a036f2d320a04c3a923331a0b08001a077b2261223a317d1a0408011a001a0708001a0378797a1a0608021a0200ff"
    "e8671f925c9855f6e54ccb11f25ff409"
)
USER_RECORDS = st.lists(
    st.builds(UserRecord, st.text(min_size=1, max_size=20), st.binary(max_size=400)), min_size=1, max_size=50
)


def test_both_implementations_agree() -> None:
    assert aggregate(RECORDS) == MADE_ELSEWHERE
    assert deaggregate(MADE_ELSEWHERE) == RECORDS


@given(USER_RECORDS)
def test_what_was_put_together_comes_apart_in_order(records: list[UserRecord]) -> None:
    data = aggregate(records)
    assert deaggregate(data) == records
    assert len(data) <= FRAME_BYTES + sum(map(size_bound, records))


@given(st.binary(max_size=200))
def test_any_other_data_is_a_record_like_any_other(data: bytes) -> None:
    assert deaggregate(data) is None
    assert deaggregate(MAGIC + data) is None


@given(USER_RECORDS, st.data())
def test_a_damaged_aggregate_is_none(records: list[UserRecord], data: st.DataObject) -> None:
    whole = bytearray(aggregate(records))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1
    assert deaggregate(bytes(whole)) is None


@pytest.mark.parametrize(
    "body", [b"\x1a\x7f", b"\x1a\x02\x08\x07", b"\x1a\x04\x08\x00\x1a\x00", b"\x0a\x01\xff", b"\x0b"]
)
def test_a_right_digest_of_no_message(body: bytes) -> None:
    assert deaggregate(MAGIC + body + hashlib.md5(body).digest()[:DIGEST_BYTES]) is None


@pytest.mark.parametrize("key", ["", "k" * 257])
def test_a_key_that_no_stream_takes_makes_no_records(key: str) -> None:
    assert deaggregate(aggregate([UserRecord("o-1", b"1"), UserRecord(key, b"2")])) is None
