"""One deployment at a time in a folder: two that synthesize into it would take each other's files away."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from kit.output import say


@contextlib.contextmanager
def turn(folder: Path, what: str) -> Iterator[None]:
    """Wait until nobody else works in the folder, and say for whom; `what` is what others hear of this one meanwhile.

    The system ends a turn with its process, however that ends.
    """
    path = folder.with_name(f"{folder.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            say(f"waiting for {lock.read().strip() or 'another deployment'}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        print(f"{what} (process {os.getpid()})", file=lock, flush=True)
        yield
