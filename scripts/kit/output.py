"""What the tools print: readable on a terminal, one JSON object a line when piped."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from kit.cli import escaped

if TYPE_CHECKING:
    from rich.console import Console

#: From how many messages on a progress bar is worth its line.
PROGRESS_FROM = 50
#: How often a status line changes.
STATUS_EVERY_S = 0.2


class Printer:
    """Prints results on stdout, in the form that suits the reader."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json or not sys.stdout.isatty()
        self._console: Console | None = None

    def result(self, record: dict[str, Any], body: str, note: str = "", below: Sequence[str] = ()) -> None:
        """Print one message: `record` with its body when piped, else the body, a short `note`, and lines `below`."""
        content = parse(body)
        if self.as_json:
            print(json.dumps({**record, "body": content}, ensure_ascii=False))
            return
        from rich.markup import escape

        self._print(escaped(one_line(content)), f"[dim]{note}[/]" if note else "")
        for line in below:
            self._print(escape(line))

    def _print(self, *parts: str) -> None:
        if self._console is None:
            from rich.console import Console

            self._console = Console(soft_wrap=True, highlight=False)
        self._console.print(*(part for part in parts if part), sep="  ")


def parse(body: str) -> Any:
    """The body as JSON, or as the text that it is."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def is_error_reply(content: Any) -> bool:
    return isinstance(content, dict) and "error" in content


def say(text: str) -> None:
    """A remark to a person, beside the results."""
    with contextlib.suppress(OSError):  # results matter more
        print(text, file=sys.stderr)


@contextlib.contextmanager
def progress(title: str, total: int) -> Iterator["Advance"]:
    """A progress bar on the terminal for work on many messages; silent otherwise."""
    if total < PROGRESS_FROM or not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)


@contextlib.contextmanager
def status() -> Iterator[Callable[[str], None]]:
    """A line on the terminal that is written over by the next, a few times a second, and gone at the end."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    last = 0.0

    def show(text: str) -> None:
        nonlocal last
        if time.monotonic() - last > STATUS_EVERY_S:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
            last = time.monotonic()

    try:
        yield show
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


class Advance(Protocol):
    """Tells a progress bar that `count` more are done."""

    def __call__(self, count: int) -> None: ...


def one_line(content: Any) -> str:
    """One line for a person, with Rich's markup: replies as mark, answer, request; anything else as it is."""
    from rich.markup import escape

    if not isinstance(content, dict):
        return escape(content if isinstance(content, str) else _compact(content))
    who = f"[cyan]{escape(str(content['handled_by']))}[/]  " if "handled_by" in content else ""
    request = escape(_compact(content.get("request")))
    if "error" in content:
        return f"{who}[red]✘ {escape(str(content['error']))}[/]  [dim]{request}[/]"
    if "result" in content:
        return f"{who}[green]✔[/] [bold]{escape(_compact(content['result']))}[/]  {request}"
    rest = {key: value for key, value in content.items() if key not in ("correlation_id", "handled_by")}
    return who + escape(_compact(rest))


def _compact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
