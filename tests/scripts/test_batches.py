"""Batches of messages within SQS's limits, on both sides of the labs: nothing is lost, split or out of order."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from kit.queues import BATCH, MAX_BYTES, batches

from labkit.outbox import _batches as outbox_batches

SIZES = st.one_of(st.integers(1, 200), st.sampled_from([MAX_BYTES // 10, MAX_BYTES // 2, MAX_BYTES - 1, MAX_BYTES]))


@given(st.lists(SIZES, max_size=40))
def test_batches_hold_every_message_once_within_the_limits(sizes: list[int]) -> None:
    bodies = ["x" * size for size in sizes]
    for cut in (batches, outbox_batches):
        groups = list(cut(bodies))
        assert [item for group in groups for item in group] == list(enumerate(bodies))
        for group in groups:
            assert 1 <= len(group) <= BATCH
            assert sum(len(body) for _, body in group) <= MAX_BYTES
        # No two neighbours would have fitted in one call.
        for first, second in itertools.pairwise(groups):
            assert len(first) == BATCH or sum(len(body) for _, body in [*first, second[0]]) > MAX_BYTES


def test_bytes_count_not_characters() -> None:
    assert [len(group) for group in batches(["é" * (MAX_BYTES // 4)] * 3)] == [2, 1]
