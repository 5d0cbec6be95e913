"""Runs the project's scripts as a person would, at the target of the session."""

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from kit.engines import engine_on
from kit.target import Target

import project

ROOT = Path(__file__).resolve().parents[2]

Done = subprocess.CompletedProcess[str]


#: A wait of so many seconds or more ends as soon as what it waits for is there; a shorter one is part of a test.
DEADLINE_S = 20
#: How much longer such a wait may take on AWS: cold starts, CloudWatch, Firehose and filters take minutes there.
PATIENCE_ON_AWS = 5
#: How many times longer it may take in this session; set for the target before any test is collected.
patience = 1


class Shell:
    """A shell whose scripts work on the local engine on `port`, or on AWS when there is none.

    There, another prefix than that of the account's own labs, and another folder for the synth, keep clear of them.
    """

    def __init__(self, port: int | None, calls: Path = Path(os.devnull), prefix: str = "lab") -> None:
        self.port = port
        self.prefix = prefix
        #: Where the engine writes down what the functions call.
        self.calls = calls
        self.destroyed = False
        self.clock_off_since: datetime | None = None
        # NODE_OPTIONS is what makes this process's own synth fast.
        own = ("NODE_OPTIONS", "LAB_") if port is None else ("NODE_OPTIONS", "LAB_", "AWS_")
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        self.environ["LAB_CONTEXT"] = self.context()
        if port:
            self.environ["LOCAL_AWS_PORT"] = str(port)
            self.environ["MINISTACK_RECORD_CALLS"] = str(calls)
            # So that two of them, and a person at work, do not synthesize into one folder.
            self.environ["CDKTF_OUTPUT"] = str(engine_on(port).folder / "cdktf.out")
        else:
            self.environ["CDKTF_OUTPUT"] = str(project.LOCAL_DIR / "e2e" / prefix / "cdktf.out")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def name(self, thing: str) -> str:
        """A resource's name in the account, from `<lab>-<thing>`."""
        return f"{self.prefix}-{thing}"

    def context(self, more: str = "") -> str:
        """The context with the shell's prefix, and with states in files, whatever cdktf.json says."""
        return " ".join(filter(None, [f"prefix={self.prefix} state=", more]))

    def patient(self, seconds: float) -> float:
        """A deadline, as long as the target needs."""
        return seconds * patience if seconds >= DEADLINE_S else seconds

    def script(
        self,
        name: str,
        *arguments: str,
        expect: int | None = 0,
        stdin: str = "",
        context: str = "",
        local: bool = True,
    ) -> Done:
        """Run a script and check its exit code; None stands for any. `local` is for those that have --local."""
        option = ["--local"] if self.port and local else []
        environ = {**self.environ, "LAB_CONTEXT": context if "prefix=" in context else self.context(context)}
        words = list(arguments)
        for index, word in enumerate(words[:-1]):
            if word == "--wait":
                words[index + 1] = f"{self.patient(float(words[index + 1])):g}"
        return self.run([sys.executable, str(ROOT / "scripts" / name), *words, *option], environ, expect, stdin)

    def run(self, command: list[str], environ: dict[str, str], expect: int | None = 0, stdin: str = "") -> Done:
        """Run any command in the project's folder and check its exit code; None stands for any."""
        done = subprocess.run(command, cwd=ROOT, env=environ, input=stdin, capture_output=True, text=True)
        assert expect in (None, done.returncode), (
            f"{command}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n{self._engine_warnings()}"
        )
        return done

    def _engine_warnings(self) -> str:
        """What the engine, whose log goes with it, has complained about."""
        log = engine_on(self.port).log if self.port else Path(os.devnull)
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join(line for line in lines if re.match(r"\S+ \S+ (WARNING|ERROR) ", line))[-3000:]

    def records(self, name: str, *arguments: str, expect: int | None = 0, stdin: str = "") -> list[dict[str, Any]]:
        """What a script prints, a JSON object for each line."""
        return [
            json.loads(line) for line in self.script(name, *arguments, expect=expect, stdin=stdin).stdout.splitlines()
        ]

    @property
    def target(self) -> Target:
        """The same target for what is no script."""
        region = project.region(project.context({}))
        return Target(bool(self.port), self.url if self.port else project.endpoint(), region, self.prefix)

    def client(self, service: str) -> Any:
        """A boto3 client at the same target."""
        return self.target.client(service)
