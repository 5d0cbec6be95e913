"""How often an EventBridge schedule runs."""

import math
import re


def runs_per_hour(expression: str) -> float:
    """For rate(...) or cron(...); a cron that leaves out days counts as if it ran on all of them. 0 for neither."""
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        return {"minute": 60, "hour": 1, "day": 1 / 24}[rate[2]] / int(rate[1])
    if cron := re.fullmatch(r"cron\((\S+) (\S+) .*\)", expression):
        return _values(cron[1], 60) * _values(cron[2], 24) / 24
    return 0


def _values(field: str, size: int) -> int:
    """How many values a field of a cron expression stands for (EventBridge User Guide, "Cron expressions")."""
    count = 0
    for part in field.split(","):
        values, _, step = part.partition("/")
        if values in "*?":
            span = size
        elif "-" in values:
            first, _, last = values.partition("-")
            span = int(last) - int(first) + 1
        else:
            span = size - int(values) if step else 1
        count += math.ceil(span / int(step or 1))
    return count
