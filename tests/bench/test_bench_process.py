"""Time and memory of real processes, the order of runs, and what counts as a synth's output."""

import json
import sys
import time
from pathlib import Path

import pytest

from bench import HERE, BenchError
from bench.interleave import interleave
from bench.process import environment, measure, processes, resident_bytes
from bench.synths import PACKAGES, PEERS, count_resources, versions

#: A program whose child holds 80 MB for a moment.
PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time; held = b'x' * 80_000_000; time.sleep(0.4)"], check=True)
print("done")
"""


def test_measures_the_time_and_the_memory_of_the_whole_tree() -> None:
    started = time.monotonic()
    run = measure([sys.executable, "-c", PARENT], environment())
    assert 0.4 < run.seconds <= time.monotonic() - started
    assert 80 < run.megabytes < 250
    assert run.output == "done\n"


def test_a_program_that_fails_is_told_with_the_end_of_its_output() -> None:
    with pytest.raises(BenchError, match="ended with 3:\n  the reason"):
        measure([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"], environment())


def test_environment_drops_what_would_change_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "LAB_CONTEXT", "NODE_OPTIONS", "FASTSYNTH", "CDKTF_OUTDIR", "PYTHONPATH"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("KEPT", "x")
    found = environment(FASTSYNTH="off")
    assert found["KEPT"] == "x" and found["FASTSYNTH"] == "off"
    assert not {"AWS_PROFILE", "LAB_CONTEXT", "NODE_OPTIONS", "CDKTF_OUTDIR", "PYTHONPATH"} & set(found)


def test_resident_bytes_sums_descendants_only() -> None:
    table = {1: (0, 1000), 10: (1, 100), 11: (10, 20), 12: (11, 3), 20: (1, 5000)}
    assert resident_bytes(10, table) == 123
    assert resident_bytes(12, table) == 3
    assert resident_bytes(99, table) == 0


def test_processes_sees_this_one() -> None:
    pid = processes()
    assert any(size > 10_000_000 for _, size in pid.values())


def test_runs_go_in_turns() -> None:
    order: list[str] = []
    interleave("test", 2, {name: lambda name=name: order.append(name) for name in "abc"})  # type: ignore[misc]
    assert "".join(order) == "abcabc"


def test_resources_are_counted_in_both_formats(tmp_path: Path) -> None:
    output: dict[str, dict[str, dict[str, object]]] = {
        "one": {"aws_sqs_queue": {"a": {}, "b": {}}},
        "two": {"aws_s3_bucket": {"c": {}}},
    }
    for stack, kinds in output.items():
        (tmp_path / "stacks" / stack).mkdir(parents=True)
        (tmp_path / "stacks" / stack / "cdk.tf.json").write_text(json.dumps({"resource": kinds}))
    assert count_resources(tmp_path) == 3
    (tmp_path / "x.template.json").write_text(json.dumps({"Resources": {"d": {}}}))
    assert count_resources(tmp_path) == 4


def test_a_synth_without_output_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no resources"):
        count_resources(tmp_path)


@pytest.mark.parametrize(
    "path", [*PEERS.glob("*.txt"), HERE / "chart" / "requirements.txt"], ids=lambda path: path.stem
)
def test_requirements_are_pinned(path: Path) -> None:
    lines = path.read_text().split()
    assert lines and all(line.count("==") == 1 for line in lines)


def test_every_peer_has_its_program_and_version() -> None:
    assert versions()["cdktn"].startswith("cdktn 0.24")
    for peer in PACKAGES:
        assert (PEERS / f"calculator_{peer.replace('-', '_')}.py").is_file()
