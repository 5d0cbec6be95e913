"""EventBridge's cron expressions: what is wrong with one, before AWS says so in the middle of a deployment.

Source: EventBridge User Guide, "Cron expressions reference": fields, their values and wildcards. What it does not
describe, such as LW or */0, is refused.
"""

import re
from dataclasses import dataclass

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@dataclass(frozen=True)
class Field:
    """One of the six: the numbers that it takes, names for the first of them, and how its values are written."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    steps: bool = True
    #: Forms that stand for days which differ from month to month; only alone, not in a list.
    alone: str = ""

    def problem(self, text: str) -> str | None:
        """What is wrong with the field, or None."""
        if self.alone and re.fullmatch(self.alone, text.upper()):
            day = re.match(r"\d+|[A-Z]{3}", text.upper())
            return None if not day or self._number(day[0]) is not None else self._expected(text)
        return next((self._expected(item) for item in text.split(",") if not self._is_item(item)), None)

    def _is_item(self, item: str) -> bool:
        """Whether it is a value, a range or *, with or without a step."""
        values, slash, step = item.partition("/")
        if slash and not (self.steps and re.fullmatch(r"[1-9]\d{0,3}", step) and int(step) <= self.most):
            return False
        if values == "*":
            return True
        first, dash, last = values.partition("-")
        start, end = self._number(first), self._number(last if dash else first)
        # 20-2 goes on after midnight, as in an example of the guide; there is no year after the last.
        return start is not None and end is not None and (start <= end or self.least < 2)

    def _number(self, text: str) -> int | None:
        if text.upper() in self.names:
            return self.least + self.names.index(text.upper())
        number = int(text) if re.fullmatch(r"\d{1,4}", text, re.ASCII) else -1
        return number if self.least <= number <= self.most else None

    def _expected(self, item: str) -> str:
        names = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        return f"its {self.name} must be {self.least}-{self.most}{names}, a list, a range or *, not {item}"


DAY_OF_MONTH, DAY_OF_WEEK = 2, 4
FIELDS = (
    Field("minutes", 0, 59),
    Field("hours", 0, 23),
    Field("day of month", 1, 31, alone=r"\?|L|\d+W"),
    Field("month", 1, 12, MONTHS),
    Field("day of week", 1, 7, DAYS, steps=False, alone=r"\?|L|(\d|[A-Z]{3})(L|#[1-5])"),
    Field("year", 1970, 2199),
)


def problem(fields: str) -> str | None:
    """What is wrong with the text between the brackets of cron(...), or None."""
    texts = fields.split()
    if len(texts) != len(FIELDS):
        return f"it must have six fields: {', '.join(field.name for field in FIELDS)}"
    for field, text in zip(FIELDS, texts, strict=True):
        if found := field.problem(text):
            return found
    if (texts[DAY_OF_MONTH] == "?") == (texts[DAY_OF_WEEK] == "?"):
        return "one of its day of month and day of week must be ?, and the other not"
    return None
