"""The terminal view: the chain of a lab with live numbers, its last results and log lines, and keys."""

import json
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, OptionList, RichLog, Static
from textual.widgets.option_list import Option

from kit.cli import escaped
from kit.live.chain import chain
from kit.live.collector import Collector, View
from kit.live.log_text import as_text, clock
from kit.live.logs import Line
from kit.live.results import Result
from kit.output import one_line, parse

#: Sends a lab's example, and says what became of it in one line.
Send = Callable[[Collector], str]


class Detail(ModalScreen[None]):
    """One result, in full."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,enter,q", "dismiss", "close")]
    CSS = "Detail { align: center middle; } #detail { width: 90%; height: 80%; border: round $accent; padding: 1 2; }"

    def __init__(self, result: Result) -> None:
        super().__init__()
        self._result = result

    def compose(self) -> ComposeResult:
        content = parse(self._result.body)
        body = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)
        head = f"{clock(self._result.at_ms)}  answers {self._result.message_id or 'nobody'}\n\n"
        with VerticalScroll(id="detail"):
            yield Static(Text(head, style="dim") + Text(escaped(body)))
        yield Footer()


class Watch(App[None]):
    """Shows one lab at a time; the line at the top has all of them."""

    TITLE = "watch"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #labs { height: 1; background: $panel; }
    #problem { height: auto; color: $text-error; display: none; padding: 0 1; }
    #chain { height: auto; max-height: 60%; border: round $primary; padding: 0 1; }
    #below { height: 1fr; min-height: 6; }
    #results { width: 1fr; height: 100%; border: round $primary; padding: 0;
        text-wrap: nowrap; text-overflow: ellipsis; }
    #log { width: 1fr; height: 100%; border: round $primary; }
    #said { height: 1; color: $text-muted; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("e", "example", "send an example"),
        ("enter", "open", "open the result"),
        ("right,n", "next(1)", "next lab"),
        ("left,p", "next(-1)", "lab before"),
        ("q", "quit", "quit"),
    ]

    def __init__(self, collectors: Sequence[Collector], target: str, send: Send) -> None:
        super().__init__()
        self._collectors = collectors
        self._at_first = f"{target}   a dash: this target does not tell"
        self._send = send
        self._shown = 0
        self._keys: list[str] | None = None
        self._last_line: Line | None = None
        self._is_pending = False

    def compose(self) -> ComposeResult:
        yield Static(id="labs")
        yield Static(id="problem")
        with VerticalScroll(id="chain", can_focus=False):
            yield Static(id="stations")
        with Horizontal(id="below"):
            yield OptionList(id="results")
            yield RichLog(id="log", wrap=True, min_width=20, max_lines=400)
        yield Static(self._at_first, id="said")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#results").border_title = "results"
        self.query_one("#log").border_title = "log"
        self.query_one(OptionList).focus()
        for collector in self._collectors:
            collector.start()
        self._select(0)

    def changed(self) -> None:
        """There is something new; called from any thread. Many at once are shown together."""
        if not self._is_pending and self.is_running:
            self._is_pending = True
            self.call_later(self._show)

    def on_resize(self) -> None:
        self.changed()

    def action_next(self, step: int) -> None:
        self._select((self._shown + step) % len(self._collectors))

    def action_open(self) -> None:
        index = self.query_one(OptionList).highlighted
        results = self._collectors[self._shown].view().results[::-1]
        if index is not None and index < len(results):
            self.push_screen(Detail(results[index]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.action_open()

    def action_example(self) -> None:
        collector = self._collectors[self._shown]
        self.query_one("#said", Static).update(f"sending the example of {collector.lab} ...")
        self.run_worker(lambda: self._example(collector), thread=True)

    def _example(self, collector: Collector) -> None:
        said = self._send(collector)
        self.call_from_thread(self._say, collector, said)

    def _say(self, collector: Collector, said: str) -> None:
        """Say what became of an example, unless another lab is on screen by now."""
        if collector is self._collectors[self._shown]:
            self.query_one("#said", Static).update(said)

    def _select(self, index: int) -> None:
        self._shown = index
        for number, collector in enumerate(self._collectors):
            collector.focused = number == index
        self._keys, self._last_line = None, None
        self.query_one(RichLog).clear()
        self.query_one("#said", Static).update(self._at_first)
        self._show()

    def _show(self) -> None:
        self._is_pending = False
        views = [collector.view() for collector in self._collectors]
        view = views[self._shown]
        self.query_one("#labs", Static).update(self._summary(views))
        problem = self.query_one("#problem", Static)
        problem.update(view.problem)
        problem.display = bool(view.problem)
        graph = self._collectors[self._shown].graph
        self.query_one("#chain").border_title = f"lab {view.lab}"
        self.query_one("#stations", Static).update(chain(graph, view.stations, self.size.width - 6))
        self._show_results(view)
        self._show_lines(view)

    def _summary(self, views: Sequence[View]) -> Text:
        text = Text(" ")
        for number, view in enumerate(views):
            style = Style(reverse=number == self._shown, color="red" if view.problem else None)
            text.append(f" {'✘' if view.problem else '●'} {view.lab} ", style=style)
            text.append(" ")
        return text

    def _show_results(self, view: View) -> None:
        results = self.query_one(OptionList)
        latest = view.results[::-1]
        keys = [result.key for result in latest]
        if keys != self._keys:
            place = results.highlighted
            # The chosen result stays chosen, wherever it moves to.
            known = self._keys or []
            chosen = known[place] if place is not None and 0 < place < len(known) else ""
            self._keys = keys
            results.clear_options()
            results.add_options([Option(_in_a_line(result)) for result in latest])
            if keys:
                results.highlighted = keys.index(chosen) if chosen in keys else 0
        none = "" if view.has_results else "this lab keeps none that could be seen"
        results.border_subtitle = none or f"{len(latest)} latest, newest first"

    def _show_lines(self, view: View) -> None:
        log = self.query_one(RichLog)
        # The collector forgets the oldest lines: what is new is what comes after the last one that was shown.
        places = [place for place, line in enumerate(view.lines) if line is self._last_line]
        if self._last_line and not places:
            log.clear()
        functions = sorted({line.function for line in view.lines})
        for line in view.lines[places[0] + 1 if places else 0 :]:
            if not line.is_platform:
                log.write(as_text(line, functions))
        self._last_line = view.lines[-1] if view.lines else None


def _in_a_line(result: Result) -> Text:
    text = Text(f"{clock(result.at_ms)} ", style="dim", no_wrap=True, overflow="ellipsis")
    return text.append_text(Text.from_markup(escaped(one_line(parse(result.body)))))
