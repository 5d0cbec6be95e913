"""Moments as a person gives them: a time, or a time ago."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from kit.cli import Exit, Stop

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def joined(words: Sequence[str], *options: str) -> list[str]:
    """`--from -10m` as `--from=-10m`, because argparse takes what begins with a dash for an option."""
    found: list[str] = []
    for word in words:
        if re.fullmatch(r"-\d+[smhd]", word) and found and found[-1] in options:
            found[-1] += f"={word}"
        else:
            found.append(word)
    return found


def moment(text: str, option: str) -> datetime:
    """A moment in UTC: ISO 8601, or a time ago such as -10m, -2h, -1d. Raises Stop.

    AWS counts from 1970, and Python's years end with 9999.
    """
    try:
        found = _moment(text, option)
        if found.timestamp() >= 0:
            return found
    except OverflowError:
        pass
    raise Stop(f"{option}: {text!r} is not between 1970 and 9999", Exit.USAGE)


def _moment(text: str, option: str) -> datetime:
    if ago := re.fullmatch(r"-(\d{1,6})([smhd])", text):
        return datetime.now(timezone.utc) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        given = datetime.fromisoformat(re.sub("Z$", "+00:00", text))
    except ValueError:
        raise Stop(
            f"{option}: {text!r} is no time such as 2025-01-31T08:00, or -10m for a time ago", Exit.USAGE
        ) from None
    return given.astimezone(timezone.utc) if given.tzinfo else given.replace(tzinfo=timezone.utc)
