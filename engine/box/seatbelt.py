"""On macOS: the function writes to its own folder only, and reads nothing of the users (sandbox-exec(1)).

No /tmp and no processes of its own, no limit of memory; `confinement.works` tries it before it is relied on.
"""

import json
import os
from typing import Any

PROGRAM = "/usr/bin/sandbox-exec"
#: Where people's files are.
USERS = ("/Users", "/Volumes")


def command(spec: dict[str, Any]) -> list[str]:
    """What to put before the command that is to be kept in."""
    return [PROGRAM, "-p", _profile(spec)]


def _profile(spec: dict[str, Any]) -> str:
    """Of the rules that fit a path, the last one counts; paths are those without symbolic links."""
    rules = [
        "(version 1)",
        "(allow default)",
        "(deny file-write*)",
        _rule("allow file-write*", (*spec["writable"], *spec["devices"])),
        _rule("deny file-read*", (*USERS, os.path.expanduser("~"))),
        "(allow file-read-metadata)",
        _rule("allow file-read*", (*spec["readable"], *spec["writable"], *spec["own"])),
    ]
    return "".join(rules)


def _rule(what: str, paths: tuple[str, ...]) -> str:
    return f"({what} {' '.join(f'(subpath {json.dumps(os.path.realpath(path))})' for path in paths)})"
