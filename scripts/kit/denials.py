"""What the local engine denied a lab of late, where it checks permissions (`local_aws.py start --iam`).

A function that may not read its queue or write its reply fails silently: nothing comes. The engine's log says why.
"""

import os
import re
from datetime import datetime, timedelta

from kit.output import say
from kit.target import Target

import project

#: What is older has been told before, or was mended since.
RECENT = timedelta(minutes=1)
#: So much of the end of the log, in bytes, is looked at.
LOOKED_AT = 1_000_000
LINE = re.compile(r"(?P<time>\S+ \S+) WARNING \[permissions\] (?P<denial>denied: .*)")


def tell(target: Target, lab: str) -> None:
    """Say each denial of the last minute that is about the lab, once, with the time of the last."""
    if not target.endpoint or not project.is_loopback(target.endpoint):
        return
    about = re.compile(rf"\b{re.escape(f'{target.prefix}-{lab}')}\b")
    oldest = datetime.now() - RECENT
    found: dict[str, str] = {}
    for line in _end_of_log(target.endpoint).splitlines():
        match = LINE.fullmatch(line)
        if match and about.search(match["denial"]) and datetime.fromisoformat(match["time"]) >= oldest:
            found[match["denial"]] = match["time"].partition(" ")[2]
    for denial, time in found.items():
        say(f"{denial} ({time}): its role does not allow it")


def _end_of_log(endpoint: str) -> str:
    from engine.process import LOG

    try:
        with (project.endpoint_dir(endpoint) / LOG).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LOOKED_AT))
            return log.read().decode(errors="replace")
    except OSError:  # an emulator of the user's own
        return ""
