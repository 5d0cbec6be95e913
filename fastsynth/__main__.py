"""The command line: `python -m fastsynth main.py` for cdktf.json's "app", and `--warm-up`.

The program runs as with plain `python main.py`: same `__main__`, arguments, import path, exit code,
and a traceback without frames of ours.
"""

import argparse
import builtins
import contextlib
import io
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import NoReturn

from . import enable, switch


def main(arguments: list[str]) -> int:
    """Run the program named by the first argument, or do what the options ask; return the exit code."""
    if arguments and not arguments[0].startswith("-"):
        enable()
        run(arguments)
        if not switch.is_off():
            # Whatever goes wrong here, the program itself has succeeded.
            with contextlib.suppress(Exception):
                from . import warm_up

                warm_up.heal()
        return 0

    parser = argparse.ArgumentParser(
        prog="python -m fastsynth",
        usage="%(prog)s PROGRAM.py [ARGUMENT ...]\n       %(prog)s --warm-up [--timeout SECONDS]",
        description="Run a cdktf program with a fast start, or prepare jsii's cache for it once.",
    )
    parser.add_argument("--warm-up", action="store_true", help="prepare every installed prebuilt provider")
    parser.add_argument(
        "--timeout", type=float, default=120, metavar="SECONDS", help="give up waiting after (default: 120)"
    )
    options = parser.parse_args(arguments)
    if not options.warm_up:
        parser.error("name a program to run, or --warm-up")
    from . import warm_up

    return warm_up.warm_up(options.timeout)


def run(arguments: list[str]) -> None:
    """Execute `arguments[0]` as `__main__`, as Python itself does for `python main.py ...`."""
    # By hand, not with runpy.run_path: that restores `__main__` before exit handlers run, changes
    # sys.argv[0] and `__file__`, and leaves its frames in every traceback.
    script = arguments[0]
    path = str(Path(script).absolute())
    try:
        with io.open_code(path) as file:
            source = file.read()
    except OSError as error:
        _exit_like_python(script, error)
    program = ModuleType("__main__")
    program.__dict__.update(
        __file__=path,
        __cached__=None,
        __annotations__={},
        __builtins__=builtins,
        __loader__=SourceFileLoader("__main__", path),
    )
    sys.modules["__main__"] = program
    sys.argv[:] = arguments
    if not getattr(sys.flags, "safe_path", False):  # with `python -P` the first entry is not ours
        sys.path[0] = str(Path(path).resolve().parent)
    _hide_runner_frames()
    exec(compile(source, path, "exec", dont_inherit=True), program.__dict__)


def _exit_like_python(script: str, error: OSError) -> NoReturn:
    print(f"fastsynth: can't open file {script!r}: {error.strerror}", file=sys.stderr)
    sys.exit(2)


def _hide_runner_frames() -> None:
    """Let an uncaught exception's traceback begin in the program, not in the runner."""
    show = sys.excepthook

    def show_rest(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        while traceback is not None and _is_runner(traceback.tb_frame):
            traceback = traceback.tb_next
        show(kind, error.with_traceback(traceback), traceback)

    sys.excepthook = show_rest


def _is_runner(frame: FrameType) -> bool:
    return frame.f_globals is globals() or frame.f_globals.get("__name__") == "runpy"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
