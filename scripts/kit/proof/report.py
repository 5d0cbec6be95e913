"""The report of a proof: known fields only, and nothing of whose account it was; refused where that fails."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kit.cli import Exit, Stop
from kit.proof.role import Permissions
from kit.proof.shapes import Shape

FORMAT = 1
OUTCOMES = ("passed", "failed", "not reached")
ACCOUNTS = ("a Learner Lab", "an account of one's own", "the local engine")
#: Shorter ones are an emulator's, and words of every report.
SECRET_CHARACTERS = 16


@dataclass(frozen=True)
class Step:
    """One step: `why` is for the person at the terminal, and may name anything; `code` is the word that is kept."""

    step: str
    outcome: str
    seconds: float = 0
    code: str = ""
    why: str = ""


@dataclass
class Report:
    """What is written down. Times are in seconds, shapes as kit.proof.shapes has them."""

    date: str
    region: str
    account: str
    versions: dict[str, str]
    quotas: dict[str, int] = field(default_factory=dict)
    role_trusts: list[str] = field(default_factory=list)
    permissions: Permissions | None = None
    steps: list[Step] = field(default_factory=list)
    answers: dict[str, Shape] = field(default_factory=dict)
    events: dict[str, Shape] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return all(step.outcome == "passed" for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """The fields that are kept."""
        return {
            "format": FORMAT,
            "date": self.date,
            "region": self.region,
            "account": self.account,
            "versions": self.versions,
            "quotas": self.quotas,
            "role_trusts": self.role_trusts,
            "permissions": vars(self.permissions) if self.permissions else {},
            "steps": [
                {"step": each.step, "outcome": each.outcome, "seconds": round(each.seconds, 1), "code": each.code}
                for each in self.steps
            ],
            "answers": self.answers,
            "events": self.events,
        }


Check = Callable[[Any], bool]


def _text(pattern: str) -> Check:
    return lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value))


def _one_of(*words: str) -> Check:
    return lambda value: value in words


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _map_of(key: Check, check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(key(k) and check(v) for k, v in value.items())


def _shape(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_text(r"[\w.:/ -]{1,80}")(key) and _shape(each) for key, each in value.items())
    if isinstance(value, list):
        return len(value) <= 1 and all(map(_shape, value))
    kinds = "string|number|boolean|null|bytes|time|stream|object|list"
    return _text(rf"({kinds})( or ({kinds}))*")(value)


_actions = _list_of(_text(r"[a-z0-9]+:[A-Za-z]+"))
_step: dict[str, Check] = {
    "step": _text(r"[a-z]+( [a-z]+)?"),
    "outcome": _one_of(*OUTCOMES),
    "seconds": _number,
    "code": _text(r"[A-Za-z.]{0,60}"),
}
#: Every field of a report, and what may stand there.
FIELDS: dict[str, Check] = {
    "format": lambda value: value == FORMAT,
    "date": _text(r"\d{4}-\d\d-\d\d"),
    "region": _text(r"[a-z]{2}(-[a-z]+)+-\d"),
    "account": _one_of(*ACCOUNTS),
    "versions": _map_of(_text(r"[A-Za-z0-9]+"), _text(r"[\w.+-]{1,30}")),
    "quotas": _map_of(_text(r"[A-Za-z ]+"), _number),
    "role_trusts": _list_of(_text(r"[a-z0-9.-]+")),
    "permissions": _map_of(_one_of("allowed", "denied", "unclear", "untried"), _actions),
    "steps": _list_of(lambda value: not list(_unknown(value, _step, "step"))),
    "answers": _map_of(_text(r"[a-z-]+\.[A-Za-z]+"), _shape),
    "events": _map_of(_text(r"[a-z-]+\.[a-z-]+"), _shape),
}
#: What must be in no report: an account's number, the beginning of an access key (IAM User Guide, "IAM identifiers"),
#: an address.
NEVER = {"a number of 12 digits": r"\d{12}", "an access key": r"AKIA|ASIA", "the character @": "@"}


def problems(content: Mapping[str, Any], secrets: tuple[str, ...]) -> list[str]:
    """Why this content must not be written, a line for each reason, none of which says the secret."""
    text = json.dumps(content, ensure_ascii=False)
    found = [f"it holds {what}" for what, pattern in NEVER.items() if re.search(pattern, text)]
    if any(len(secret) >= SECRET_CHARACTERS and secret in text for secret in secrets):
        found.append("it holds a key or token of the credentials")
    return [*found, *_unknown(content, FIELDS, "report")]


def _unknown(content: Any, fields: Mapping[str, Check], what: str) -> Iterator[str]:
    if not isinstance(content, dict):
        yield f"the {what} is no object"
        return
    yield from (f"the {what} has a field of its own" for name in content if name not in fields)
    for name, check in fields.items():
        if name not in content:
            yield f"the {what} lacks {name}"
        elif not check(content[name]):
            yield f"{name} of the {what} holds what it may not hold"


def write(path: Path, content: Mapping[str, Any], secrets: tuple[str, ...]) -> None:
    """Write the report. Raises Stop, with nothing written, where it holds what must not be told."""
    if found := problems(content, secrets):
        raise Stop("\n  ".join(["the report was not written, for these reasons:", *found]), Exit.ERROR_REPLY)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
