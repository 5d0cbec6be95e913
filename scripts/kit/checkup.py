"""A line of the doctor: what was looked at, whether it is well, what was found, and how to put it right."""

from dataclasses import dataclass

from kit.cli import Exit


@dataclass(frozen=True)
class Check:
    """`fix` is the next command to type, or what to do. A note (`well` is None) is no failure."""

    subject: str
    well: bool | None
    found: str
    fix: str = ""
    #: What the tool's exit code becomes when this is not well.
    code: Exit = Exit.USAGE

    @property
    def line(self) -> str:
        mark = {True: "✔", False: "✘", None: "•"}[self.well]
        return f"{mark} {self.subject:<12} {self.found}" + (f"\n{'':15}→ {self.fix}" if self.fix else "")


def exit_code(checks: list[Check]) -> Exit:
    """0 only if all is well; the first failure's code otherwise, credentials and connection before the rest."""
    codes = [check.code for check in checks if check.well is False]
    return Exit.NO_CONNECTION if Exit.NO_CONNECTION in codes else codes[0] if codes else Exit.DONE
