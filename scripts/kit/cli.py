"""Exit codes and the frame around every tool: a problem ends in one plain line on stderr, never in a traceback."""

import argparse
import codecs
import contextlib
import errno
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn

from project import ProjectError

#: The name of `_escaped` where text is encoded.
ESCAPED = "escaped-as-in-json"
#: Control characters (ECMA-48, C0 and C1), by which a text could move the cursor or clear the screen.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
#: The longest --wait: what SQS can keep hidden for a reader meanwhile is 12 hours.
MAX_WAIT_S = 36_000
#: A read-only or a full disk, somebody else's folder.
NOT_WRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT}


class Exit(IntEnum):
    """What the tools' exit codes mean; the same for all of them."""

    DONE = 0
    ERROR_REPLY = 1
    USAGE = 2
    NOTHING_IN_TIME = 3
    NOT_DEPLOYED = 4
    NO_CONNECTION = 5
    INTERRUPTED = 130


class Stop(Exception):
    """Ends the tool with this line and exit code."""

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.code = code


class Parser(argparse.ArgumentParser):
    """A parser whose --help is the tool's docstring, and whose errors are one plain line like all others."""

    def __init__(self, docstring: str | None) -> None:
        super().__init__(description=docstring, formatter_class=argparse.RawDescriptionHelpFormatter)

    def parse_args(self, *given: Any) -> argparse.Namespace:  # type: ignore[override]  # of two ways, the one in use
        """The arguments, options among them in any order.

        All are text, and none is empty, as where a variable of a shell is unset; a message may be, and is refused by
        its port. Only the name of a file may be any bytes, as the system has it.
        """
        arguments: argparse.Namespace = self.parse_intermixed_args(*given)
        names = {action.dest: (action.option_strings or [action.dest])[0] for action in self._actions}
        for name, value in vars(arguments).items():
            for text in value if isinstance(value, list) else [value]:
                if text == "" and name != "message":
                    self.error(f"{names[name]} is empty")
                if isinstance(text, str) and name != "file" and not is_text(text):
                    self.error(f"{text!r} is not UTF-8 text")
        return arguments

    def error(self, message: str) -> NoReturn:
        raise Stop(f"{message}; see {self.prog} --help", Exit.USAGE)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """What an encoding has no bytes for, as JSON writes it: any message can be printed, and JSON stays what it is.

    In UTF-8 that is half a character: a lone surrogate, which is well-formed in JSON as `\\ud800` (RFC 8259, section
    8.2); elsewhere it may be any character.
    """
    assert isinstance(error, UnicodeEncodeError)
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(ESCAPED, _escaped)


def escaped(text: str) -> str:
    """The text as it can be sent, and shown without effect on a terminal: as JSON writes what is not for the eye.

    That is every half of a character, and every control character but tabs and the ends of lines.
    """
    shown = CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return shown.encode(errors=ESCAPED).decode()


def is_text(text: str) -> bool:
    """Whether it can be sent as UTF-8: it holds no half of a character (a lone surrogate)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextlib.contextmanager
def until_interrupted(wanted: bool) -> Iterator[None]:
    """Ctrl-C within ends the tool well, if that is the way to end what it does."""
    try:
        yield
    except KeyboardInterrupt:
        if not wanted:
            raise
        sys.exit(Exit.DONE)


def run(main: Callable[[], int]) -> NoReturn:
    """Run a tool and exit with its code."""
    try:
        prepare_streams()
        code = int(main())
        sys.stdout.flush()
    except Stop as stop:
        code = fail(str(stop), stop.code)
    except ProjectError as error:
        code = fail(str(error), Exit.USAGE)
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        code = Exit.DONE  # the reader of our output has gone (`| head`)
    except Exception as error:
        code = fail(*_explained(error))
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # what is left cannot be written: Python would complain about it once more at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


def _explained(error: Exception) -> tuple[str, Exit]:
    """The line and the exit code for an error. Raises it again when it is a defect of ours."""
    if isinstance(error, OSError) and type(error).__module__ != "botocore.exceptions":
        if error.filename and error.errno in NOT_WRITABLE:
            where = "the tools write in the project's folder"
            return f"{error.filename} cannot be written: {error.strerror}; {where}", Exit.USAGE
        what = f"use {error.filename}" if error.filename else "write the output"
        return f"cannot {what}: {error.strerror or error}", Exit.USAGE
    from kit.aws_errors import explain

    return explain(error)


def prepare_streams() -> None:
    """Make the standard streams ready for any message, and for a shell that has closed them (Python has None there).

    Raises Stop when standard output is closed: what would be shown may be taken out of a queue for it.
    """
    closed = sys.stdout is None
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("r+"))  # noqa: SIM115  # until the process ends
    sys.stdout.reconfigure(errors=ESCAPED)  # type: ignore[union-attr]  # the stream of a process
    if closed:
        raise Stop("standard output is closed: nothing was done", Exit.USAGE)


def fail(message: str, code: Exit) -> Exit:
    with contextlib.suppress(OSError):  # nobody reads it, and the exit code says it, too
        print(f"error: {message}", file=sys.stderr)
    return code
