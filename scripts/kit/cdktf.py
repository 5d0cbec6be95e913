"""Runs cdktf and tells a person what matters of its output: each resource as it is done, and what went wrong."""

import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kit.output import say

import project

#: What a terminal obeys and does not show (ECMA-48 control sequences).
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\r")
DONE = re.compile(r"(\S+): (Creation|Modifications|Destruction) complete after (\S+)")
SUMMARY = re.compile(r"(Apply complete!|Destroy complete!|No changes\.).*")
VERBS = {"Creation": "created", "Modifications": "changed", "Destruction": "destroyed"}
#: What remains of a failure that has none of the forms below.
TAIL_LINES = 15


@dataclass
class Outcome:
    """How a run ended: its exit code, what Terraform summed up, and on failure the lines that say why."""

    code: int
    seconds: float
    summaries: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def run_interactively(command: Sequence[str], environment: Mapping[str, str]) -> Outcome:
    """Run cdktf on the user's terminal, so that they can read the plan and answer."""
    started = time.monotonic()
    code = subprocess.run(command, cwd=project.ROOT, env=environment).returncode
    return Outcome(code, time.monotonic() - started)


def run_quietly(
    command: Sequence[str], environment: Mapping[str, str], log: Path, *, to_the_end: bool = False
) -> Outcome:
    """Run cdktf unattended: its whole output goes to `log`, a line for each finished resource to stderr.

    `to_the_end` keeps Ctrl-C from it, which a terminal sends to every process of the command.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    outcome = Outcome(code=0, seconds=0)
    lines: list[str] = []
    stack = ""
    process = subprocess.Popen(
        command,
        cwd=project.ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=to_the_end,
    )
    try:
        with log.open("w") as file:
            for line in _plain(process.stdout or ()):
                print(line, file=file, flush=True)
                lines.append(line)
                if named := re.match(r"(\S+)  ", line):
                    stack = named[1]
                if done := DONE.search(line):
                    say(f"  {VERBS[done[2]]} {stack}: {done[1]} ({done[3]})")
                if summary := SUMMARY.search(line):
                    outcome.summaries.append(summary[0].strip())
    except BaseException:
        process.terminate()  # Terraform ends what it has begun, and keeps its state
        process.wait()
        raise
    outcome.code = process.wait()
    outcome.seconds = time.monotonic() - started
    if outcome.code:
        outcome.reasons = list(_reasons(lines))
    return outcome


def _plain(output: Iterator[str] | Sequence[str]) -> Iterator[str]:
    """The lines of cdktf's output without control sequences, blank lines and its animation."""
    for raw in output:
        line = CONTROL.sub("", raw).rstrip()
        if line and not re.search(r"(Starting|Synthesizing)$|Stacks? (deploying|destroying|done)", line):
            yield line


def _reasons(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a failed run that say why: the app's own words, Terraform's boxes, or else the end."""
    if "Command output on stderr:" in lines:
        yield from (line.strip() for line in lines[lines.index("Command output on stderr:") + 1 :])
        return
    boxed = [line[line.index("│") + 1 :].strip() for line in lines if "│" in line]
    yield from dict.fromkeys(filter(None, boxed)) if boxed else lines[-TAIL_LINES:]
