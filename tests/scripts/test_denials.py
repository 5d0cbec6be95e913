"""What the local engine's log says of denials: told once, if it is of late and about the lab."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kit import denials
from kit.target import Target

import project

LINE = "{} WARNING [permissions] denied: {}\n"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(project, "endpoint_dir", lambda url: tmp_path)
    return tmp_path / "engine.log"


def told(capsys: pytest.CaptureFixture[str], endpoint: str | None = "http://127.0.0.1:1") -> list[str]:
    denials.tell(Target(local=True, endpoint=endpoint, region="us-east-1", prefix="lab"), "orders")
    return capsys.readouterr().err.splitlines()


def test_each_denial_of_the_lab_is_told_once_with_its_last_time(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now, read = datetime.now(), "kinesis:GetRecords on stream/lab-orders-events for lab-orders-projection"
    long_ago = now - timedelta(minutes=3)
    lines = [
        (long_ago, "sqs:SendMessage on lab-orders-rejected for lab-orders-projection"),
        (now - timedelta(seconds=9), read),
        (now, read),
        (now, "sqs:SendMessage on lab-calculator-output for lab-calculator-calculate"),
        (now, "sqs:SendMessage on ana-orders-output for ana-orders-projection"),
        (now, "sqs:SendMessage on lab-ordersx-output for lab-ordersx-y"),
    ]
    log.write_text("".join(LINE.format(f"{time:%Y-%m-%d %H:%M:%S}", what) for time, what in lines))
    assert told(capsys) == [f"denied: {read} ({now:%H:%M:%S}): its role does not allow it"]


def test_without_a_log_or_on_aws_nothing_is_said(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys) == []
    log.write_text(LINE.format(f"{datetime.now():%Y-%m-%d %H:%M:%S}", "a:B on lab-orders-x for lab-orders-y"))
    assert told(capsys, endpoint=None) == []
    assert told(capsys) != []
