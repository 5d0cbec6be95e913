"""Batches of messages within SQS's limits, on both sides of the labs: nothing is lost, split or out of order."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.batches import BATCH, MAX_BYTES, batches, send_in_batches
from kit.outgoing import Sent

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


@pytest.fixture(autouse=True, scope="module")
def no_backoff() -> Iterator[None]:
    """Retries at once: what is tested is which messages are tried again, not when."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kit.batches.time.sleep", lambda seconds: None)
        yield


@given(st.lists(st.sampled_from(["taken", "refused", "fails once", "fails always"]), max_size=60), st.booleans())
def test_every_message_is_settled_once_whatever_the_service_fails_on(fates: list[str], in_order: bool) -> None:
    bodies = [f"{index} {fate}" for index, fate in enumerate(fates)]
    tried: set[int] = set()

    def call(batch: dict[int, str]) -> dict[int, Sent]:
        done = {}
        for index, body in batch.items():
            assert body == bodies[index]
            if fates[index] == "refused":
                done[index] = Sent(index, problem="no")
            elif fates[index] == "taken" or (fates[index] == "fails once" and index in tried):
                done[index] = Sent(index, message_id=f"id{index}")
            tried.add(index)
        return done

    outcomes = [sent for group in send_in_batches(bodies, call, in_order=in_order) for sent in group]
    assert sorted(sent.index for sent in outcomes) == list(range(len(bodies)))
    for sent in outcomes:
        assert bool(sent.message_id) is (fates[sent.index] in ("taken", "fails once"))
        assert bool(sent.problem) is not bool(sent.message_id)
