"""docs/verified.md: what was seen on AWS, from the reports that were collected in docs/verified/."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import project

FOLDER = project.ROOT / "docs" / "verified"
PAGE = project.ROOT / "docs" / "verified.md"
MARKS = {"passed": "✔", "failed": "✘", "not reached": "–"}
HEAD = """# Verified on AWS

Made by `scripts/prove_aws.py --page` from the reports in `docs/verified/`; do not edit it. `make prove-aws` proves the
labs in your own account, and writes such a report: no account number, name, key or address is in it.
"""


def collected() -> list[dict[str, Any]]:
    """The reports of the repository, the oldest first."""
    return [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]


def page(reports: Sequence[dict[str, Any]]) -> str:
    """The page of these reports."""
    real = [report for report in reports if report["account"] != "the local engine"]
    if not real:
        return f"{HEAD}\n**Never run on AWS.** Everything that this project says about AWS is from its documentation.\n"
    return "\n".join([HEAD, *(line for report in real for line in _of(report))])


def _of(report: dict[str, Any]) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(report["versions"].items()))
    yield f"## {report['date']}, {report['account']}, {report['region']}\n"
    yield f"{versions}.\n"
    steps = {step["step"]: step for step in report["steps"]}
    labs = list(dict.fromkeys(name.split()[0] for name in steps if " " in name))
    columns = list(dict.fromkeys(name.split()[1] for name in steps if " " in name))
    for name in (each for each in steps if " " not in each):
        yield f"- {name}: {_cell(steps[name])}"
    for name, value in sorted(report["quotas"].items()):
        yield f"- {name}: {value}"
    for kind, actions in report["permissions"].items():
        if actions:
            yield f"- {kind}: {', '.join(f'`{action}`' for action in actions)}"
    yield f"\n| lab | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}"
    for lab in labs:
        cells = (_cell(steps[f"{lab} {column}"]) for column in columns)
        yield f"| `{lab}` | {' | '.join(cells)} |"
    yield ""


def _cell(step: dict[str, Any]) -> str:
    took = f" {step['seconds']:.0f} s" if step["outcome"] == "passed" else ""
    code = f" {step['code']}" if step["code"] else ""
    return f"{MARKS[step['outcome']]}{took}{code}"


def write() -> Path:
    """Write the page anew, from all reports of the repository."""
    PAGE.write_text(page(collected()))
    return PAGE
