"""All steps of a proof, in their order. What was begun is always destroyed, and what was not reached is said."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from kit import state
from kit.aws_errors import explain
from kit.cli import Stop
from kit.output import say
from kit.proof import account, role
from kit.proof.ends import Ended, Ends
from kit.proof.lab import LabProof
from kit.proof.report import Report, Step
from kit.proof.shapes import record_answers
from kit.target import Target

from project import ProjectError

#: The steps of each lab that can be left out; those after them never are.
USED = ("deploy", "example", "plan", "events")
CLEANED = ("destroy", "leftovers")

Show = Callable[[Step], None]


class Proof:
    """Proves labs at a target whose prefix is its own; every step is shown as it ends."""

    def __init__(self, target: Target, folder: Path, versions: dict[str, str], show: Show) -> None:
        self._target = target
        self._folder = folder
        self._show = show
        self._ends = Ends()
        self._begun: dict[str, LabProof] = {}
        self.report = Report(f"{date.today():%Y-%m-%d}", target.region, "the local engine", versions)

    def run(self, labs: Sequence[str], limit_s: float) -> Report:
        """Prove these labs, in at most `limit_s` seconds and what the clean-up takes."""
        record_answers(self._target, self.report.answers)
        with self._ends.watched(limit_s):
            try:
                if self._step("account", self._look):
                    self._step("role", self._try_role)
                    for lab in labs:
                        self._lab(lab)
                        self._ends.go_on()
            except Ended as ended:  # it comes once only
                say(f"{ended}: what was deployed is destroyed, the rest is left out")
            for lab in list(self._begun):
                self._clean(lab)
        for lab in labs:
            if f"{lab} {CLEANED[0]}" not in (step.step for step in self.report.steps):
                state.own_file(self._target, lab).unlink(missing_ok=True)
        done = {step.step for step in self.report.steps}
        for name in steps_of(labs):
            if name not in done:
                self._add(Step(name, "not reached"))
        return self.report

    def _lab(self, lab: str) -> None:
        proof = LabProof(self._target, lab, self._folder, state.own_file(self._target, lab))
        self._begun[lab] = proof
        if self._step(f"{lab} deploy", proof.deploy):
            self._step(f"{lab} example", proof.example)
            self._step(f"{lab} plan", proof.plan)
            self._step(f"{lab} events", lambda: self.report.events.update(proof.events()))
        self._clean(lab)

    def _clean(self, lab: str) -> None:
        with self._ends.cleaning():
            proof = self._begun.pop(lab)
            self._step(f"{lab} destroy", proof.destroy)
            self._step(f"{lab} leftovers", proof.leftovers)

    def _look(self) -> None:
        found = account.look(self._target, account.role_name())
        self.report.account = found.kind
        self.report.quotas, self.report.role_trusts = found.quotas, found.role_trusts

    def _try_role(self) -> None:
        name = account.role_name()
        if name == "dedicated":  # each role has what it needs
            return
        found = role.permissions(self._target, name, role.needed_actions())
        self.report.permissions = found
        if found.denied:
            raise Denied(f"{name} may not {', '.join(found.denied)}")

    def _step(self, name: str, work: Callable[[], Any]) -> bool:
        """Do it, and keep how it ended; whether it passed. Raises Ended alone."""
        started = time.monotonic()
        code = why = ""
        try:
            work()
        except Ended as ended:
            code, why = "Ended", str(ended)
            raise
        except Exception as error:  # whatever it is, the rest and the clean-up go on
            code, why = _code(error), _words(error)
        finally:
            passed = not code
            outcome = "passed" if passed else "failed"
            self._add(Step(name, outcome, time.monotonic() - started, code, why))
        return passed

    def _add(self, step: Step) -> None:
        self.report.steps.append(step)
        self._show(step)


class Denied(Exception):
    """The role may not do what the labs need."""


def steps_of(labs: Sequence[str]) -> Iterator[str]:
    """The names of all steps, in their order."""
    yield from ("account", "role")
    yield from (f"{lab} {step}" for lab in labs for step in (*USED, *CLEANED))


def _code(error: Exception) -> str:
    """A word for the report: the code of AWS's answer, or the kind of error."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


def _words(error: Exception) -> str:
    if isinstance(error, ClientError | BotoCoreError):
        return explain(error)[0]
    known = isinstance(error, Stop | ProjectError | Denied)
    return " ".join(str(error).split()) if known else f"{type(error).__name__}: {error}"
