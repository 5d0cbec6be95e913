"""What the box asks of the Linux kernel that Python's standard library has no function for."""

import ctypes
import os
from typing import Any

#: prctl(2)
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38

libc: Any = ctypes.CDLL(None, use_errno=True)


def must(result: int, what: str) -> int:
    """The result, unless it says that the call has failed. Raises OSError."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int) -> None:
    """Change a setting of this process. Raises OSError."""
    must(libc.prctl(option, value, 0, 0, 0), f"prctl {option}")
