"""Keeps an eye on one lab: threads that read again and again, and the latest of what they have read.

They go on whatever happens: when the target does not answer, the problem is part of what is shown, until it is over.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kit.aws_errors import explain
from kit.cli import Stop
from kit.live.clients import Clients
from kit.live.logs import DURATION, LogTail
from kit.live.logs import Line as LogLine
from kit.live.numbers import Numbers, Reader, level
from kit.live.results import Result, source_of
from kit.pictures.graph import Graph
from kit.ports import ports_of
from kit.target import Target

from project import ProjectError

#: What all views together may take of one core in threads that read, and how much of that the one that is looked at.
CPU_SHARE = 0.03
FOCUSED = 0.7
#: The shortest pause between two looks, and the longest after a problem.
POLL_S, POLL_AWS_S = 0.5, 1.0
RETRY_S = 1.0
#: AWS is asked less often. Logs and metrics come late there anyway, and what is asked for costs (CloudWatch pricing:
#: USD 0.01 for 1,000 metrics; DynamoDB and S3 pricing: for all that is counted).
LOGS_S, LOGS_AWS_S = 0.5, 3.0
COSTLY_S, COSTLY_AWS_S = 2.0, 30.0
#: How far back logs are read at first, and how much is kept.
BACK_S = 15 * 60
KEPT_RESULTS = 50
KEPT_LINES = 300


@dataclass
class View:
    """What is known of a lab right now."""

    lab: str
    problem: str = "looking ..."
    stations: dict[str, Numbers] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    lines: list[LogLine] = field(default_factory=list)
    has_results: bool = True


class Collector:
    """Watches one lab. `changed` is called, from a thread of its own, whenever there is something new."""

    def __init__(self, clients: Clients, graph: Graph, changed: Callable[[], None], views: int = 1) -> None:
        self._clients = clients
        self.graph = graph
        self.lab = graph.lab
        self._changed = changed
        self._views = views
        #: Whether somebody looks at this lab now: it is read more often than the others.
        self.focused = views == 1
        self._found = threading.Event()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._problems: dict[str, str] = {"numbers": "looking ..."}
        self._stations: dict[str, Numbers] = {}
        self._runs: dict[str, dict[str, float]] = {}
        self._results: deque[Result] = deque(maxlen=KEPT_RESULTS)
        self._lines: deque[LogLine] = deque(maxlen=KEPT_LINES)
        self.ports: dict[str, dict[str, Any]] = {}
        self._has_results = True
        #: Counts deployments seen: what was read before the latest is forgotten.
        self._generation = 0

    @property
    def target(self) -> Target:
        return self._clients.target

    def start(self) -> None:
        """Begin to watch. The threads end with the process: one may be waiting for a message."""
        for work in (self._watch_numbers, self._watch_results):
            threading.Thread(
                target=self._forever, args=(work,), daemon=True, name=f"{self.lab} {work.__name__}"
            ).start()

    def stop(self) -> None:
        self._stop.set()

    def view(self) -> View:
        """What is known now."""
        with self._lock:
            stations = {id: dict(numbers) for id, numbers in self._stations.items()}
            problem = next(iter(self._problems.values()), "")
            results = sorted(self._results, key=lambda result: result.at_ms)
            return View(self.lab, problem, stations, results, list(self._lines), self._has_results)

    def to_json(self) -> dict[str, Any]:
        """The same for the browser."""
        view = self.view()
        nodes = {node.id: node for node in self.graph.nodes}
        return {
            "lab": self.lab,
            "problem": view.problem,
            "stations": {
                id: {"numbers": numbers, "level": level(nodes[id], numbers)} for id, numbers in view.stations.items()
            },
            "results": [result.to_json() for result in view.results],
            "has_results": view.has_results,
            "lines": [
                {
                    "at_ms": line.time_ms,
                    "function": line.function,
                    "level": "ERROR" if line.is_error else line.level,
                    "text": line.text,
                    "details": json.dumps(line.details, default=str),
                    "exception": str(line.fields.get("exception", "")),
                }
                for line in view.lines
                if not line.is_platform
            ][-100:],
        }

    def add_result(self, result: Result) -> None:
        """A result that came another way, such as the answer of a call."""
        with self._lock:
            self._results.append(result)
        self._changed()

    def _forever(self, work: Callable[[], None]) -> None:
        name = work.__name__
        while not self._stop.is_set():
            try:
                work()
            except (Stop, ProjectError) as problem:
                self._set_problem(name, str(problem))
            except Exception as error:
                self._set_problem(name, _in_words(error))
            self._stop.wait(RETRY_S)

    def _watch_numbers(self) -> None:
        """Find the lab, then read its numbers and logs until something goes wrong."""
        self.ports = ports_of(self._clients.target, self.lab)
        reader = Reader(self._clients, self.graph, self.ports)
        tail = LogTail(self._clients, self.lab, int((time.time() - BACK_S) * 1000))
        tail.find()
        self._forget()
        functions = {
            name: node.id
            for node in self.graph.nodes
            for name in tail.groups
            if node.type == "aws_lambda_function" and tail.function(name) == node.title
        }
        aws = self._clients.target.endpoint is None
        logs_at = costly_at = 0.0
        told: dict[str, Numbers] = {}
        while not self._stop.is_set():
            used, now = time.thread_time(), time.monotonic()
            fresh = reader.read(counted=False)
            if now >= logs_at:
                self._take(tail.new())
                logs_at = now + (LOGS_AWS_S if aws else LOGS_S)
            if now >= costly_at:
                told = {**reader.read_metrics(), **reader.read(counted=True)}
                costly_at = now + (COSTLY_AWS_S if aws else COSTLY_S)
            runs = {functions[name]: self._of_runs(tail.function(name)) for name in functions}
            ids = {*runs, *fresh, *told}
            self._set_stations({id: {**runs.get(id, {}), **fresh.get(id, {}), **told.get(id, {})} for id in ids})
            self._stop.wait(max(POLL_AWS_S if aws else POLL_S, self._pause(time.thread_time() - used)))

    def _pause(self, used_s: float) -> float:
        """How long to pause after so much work, for the share of a core that this thread may take."""
        share = CPU_SHARE * (FOCUSED if self.focused else (1 - FOCUSED) / self._views)
        return used_s / share * 2  # two threads

    def _watch_results(self) -> None:
        """Wait for results, and take them as they come, until something goes wrong."""
        self._found.wait()
        ports = ports_of(self._clients.target, self.lab)
        source = source_of(self._clients, ports)
        with self._lock:
            self._has_results = source is not None
        if source is None:
            self._stop.wait()
            return
        generation = self._generation
        while not self._stop.is_set() and generation == self._generation:
            used = time.thread_time()
            for result in source.wait():
                with self._lock:
                    if all(result.key != known.key for known in self._results):
                        self._results.append(result)
                self._changed()
            self._clear_problem("_watch_results")
            self._stop.wait(self._pause(time.thread_time() - used))

    def _take(self, lines: list[LogLine]) -> None:
        """Keep new log lines, and count what they say of invocations."""
        for line in lines:
            runs = self._runs.setdefault(line.function, {"runs": 0, "errors": 0, "ms": 0})
            if line.text.startswith("REPORT "):
                runs["runs"] += 1
                found = DURATION.search(line.text)
                runs["ms"] += float(found[1]) if found else 0
            runs["errors"] += line.is_error
        if lines:
            with self._lock:
                self._lines.extend(lines)
            self._changed()

    def _of_runs(self, function: str) -> Numbers:
        runs = self._runs.get(function, {"runs": 0, "errors": 0, "ms": 0})
        mean = round(runs["ms"] / runs["runs"]) if runs["runs"] else None
        return {"runs": runs["runs"], "errors": runs["errors"], **({"ms": mean} if mean is not None else {})}

    def _set_stations(self, stations: dict[str, Numbers]) -> None:
        with self._lock:
            same = stations == self._stations and not self._problems
            self._stations = stations
            self._problems.pop("numbers", None)
            self._problems.pop("_watch_numbers", None)
        if not same:
            self._changed()

    def _forget(self) -> None:
        """What was known belongs to an earlier deployment, or to before the target went away."""
        with self._lock:
            self._generation += 1
            self._runs.clear()
            self._lines.clear()
            self._results.clear()
        self._found.set()

    def _set_problem(self, name: str, problem: str) -> None:
        with self._lock:
            known = self._problems.get(name)
            self._problems.pop("numbers", None)
            self._problems[name] = problem
        if known != problem:
            self._changed()

    def _clear_problem(self, name: str) -> None:
        with self._lock:
            known = self._problems.pop(name, None)
        if known:
            self._changed()


def _in_words(error: Exception) -> str:
    try:
        return explain(error)[0]
    except Exception:  # none of boto3's: shown rather than lost, because the view goes on
        return f"{type(error).__name__}: {error}"
