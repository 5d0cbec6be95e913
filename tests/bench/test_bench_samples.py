"""The statistics of the benchmarks, and that a run survives being written and read."""

import pytest

from bench.samples import Sample, Samples, percentile


def test_median_and_range() -> None:
    sample = Sample("synth", "one lab", "fast", "seconds", (3.0, 1.0, 2.0, 10.0))
    assert (sample.low, sample.median, sample.high) == (1.0, 2.5, 10.0)


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (99.1, 100), (100, 100), (0, 1)])
def test_percentile_is_the_nearest_rank(percent: float, expected: int) -> None:
    assert percentile(range(100, 0, -1), percent) == expected


def test_percentile_of_one_value() -> None:
    assert percentile([7.0], 50) == percentile([7.0], 99) == 7.0


def test_ratio_is_of_medians() -> None:
    samples = Samples()
    for stock, fast in ((20.0, 2.0), (10.0, 1.0), (99.0, 4.0)):
        samples.add("synth", "all labs", "stock", seconds=stock)
        samples.add("synth", "all labs", "fast", seconds=fast)
    assert samples.ratio("synth", "seconds", ("all labs", "stock"), ("all labs", "fast")) == 10.0
    assert samples.ratio("synth", "seconds", ("all labs", "stock"), ("all labs", "peer")) is None
    assert samples.ratio("synth", "megabytes", ("all labs", "stock"), ("all labs", "fast")) is None


def test_sizes_and_variants_keep_their_order() -> None:
    samples = Samples()
    for size, variant in (("10", "b"), ("2", "a"), ("10", "a"), ("10", "b")):
        samples.add("growth", size, variant, seconds=1, megabytes=1)
    samples.add("other", "7", "c", seconds=1)
    assert samples.sizes("growth") == ["10", "2"]
    assert samples.variants("growth", "10") == ["b", "a"]


def test_a_forgotten_case_leaves_the_others() -> None:
    samples = Samples()
    for case in ("synth", "start"):
        samples.add(case, "x", "y", seconds=1)
        samples.note(case, "note")
    samples.forget("synth")
    assert samples.sizes("synth") == []
    assert samples.sizes("start") == ["x"]
    assert samples.notes == {"start": ["note"]}


def test_json_round_trip() -> None:
    samples = Samples(about={"Machine": "2 cores"})
    samples.add("synth", "one lab", "fast", seconds=1.5, megabytes=300)
    samples.add("synth", "one lab", "fast", seconds=0.5, megabytes=200)
    samples.note("synth", "a run did not count")
    samples.note("synth", "a run did not count")
    again = Samples.from_json(samples.to_json())
    assert again == samples
    assert again.get("synth", "one lab", "fast", "seconds") == Sample("synth", "one lab", "fast", "seconds", (1.5, 0.5))
    assert again.notes == {"synth": ["a run did not count"]}
