"""What the views know of a lab: how soon, how much of it, and whether it comes back when the endpoint does."""

import contextlib
import json
import socket
import threading
import time
from functools import partial

import pytest
from views import SOON_MS, TRIES, collector_of, empty, target_at, until

from kit.live.collector import Collector
from kit.live.results import Result
from kit.pictures.album import graph_of_lab

from shell import Shell


def test_the_collector_sees_a_result_within_a_second(labs: Shell) -> None:
    empty(labs, "calculator")
    collector = collector_of(target_at(labs), "calculator")
    collector.start()
    until(lambda: not collector.view().problem, "the lab")
    delays = []
    for number in range(TRIES):
        record = labs.records("send_message.py", "calculator", f'{{"number1": {number}, "number2": 0}}')[0]
        found = until(partial(result_of, collector, record["message_id"]), "the result")
        delays.append(time.time() * 1000 - found.at_ms)
        assert json.loads(found.body)["result"] == number
    assert min(delays) < SOON_MS, delays
    stations = until(
        lambda: (
            ((now := collector.view().stations)["function-calculate"].get("runs") or 0) >= 1
            and now["queue-output"]["waiting"] == TRIES
            and now
        ),
        "the numbers",
    )
    assert stations["queue-input"]["waiting"] == 0
    collector.stop()
    # Nothing was taken away: all results are still there, and each once.
    left = [record["body"]["result"] for record in empty(labs, "calculator")]
    assert sorted(left) == list(range(TRIES))


def result_of(collector: Collector, message_id: str) -> Result | None:
    return next((one for one in collector.view().results if one.message_id == message_id), None)


@pytest.mark.parametrize("lab", ["clock", "fanout", "bus", "accounts", "checkout", "orders"])
def test_every_lab_has_its_numbers(labs: Shell, lab: str) -> None:
    collector = collector_of(target_at(labs), lab)
    collector.start()
    view = until(lambda: (now := collector.view()).stations and not now.problem and now, lab)
    collector.stop()
    graph = graph_of_lab(lab)
    assert graph
    for node in graph.nodes:
        if node.type in ("aws_sqs_queue", "aws_dynamodb_table", "aws_s3_bucket", "aws_lambda_function"):
            numbers = view.stations[node.id]
            assert numbers and None not in [numbers[key] for key in list(numbers)[:1]], (lab, node.id, numbers)


def test_the_collector_survives_that_the_endpoint_goes_away(labs: Shell) -> None:
    if not labs.port:
        pytest.skip("AWS cannot be made to go away")
    with Door(labs.port) as door:
        collector = collector_of(target_at(labs, door.url), "calculator")
        collector.start()
        until(lambda: not collector.view().problem, "the lab")
        door.close()
        until(lambda: "no answer at" in collector.view().problem, "that the problem is told")
        door.open()
        until(lambda: not collector.view().problem, "that it is over")
        labs.script("send_message.py", "calculator", '{"number1": 20, "number2": 3, "operation": "*"}')
        until(lambda: any('"result":60' in one.body for one in collector.view().results), "the result")
        collector.stop()
    empty(labs, "calculator")


class Door:
    """A way to a port that can be closed and opened again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._own: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        self.open()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._own}"

    def open(self) -> None:
        if self._listening.fileno() < 0:
            self._listening = socket.create_server(("127.0.0.1", self._own))
        threading.Thread(target=self._serve, args=(self._listening,), daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def __enter__(self) -> "Door":
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def _serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                one, _ = listening.accept()
                other = socket.create_connection(("127.0.0.1", self._port))
                self._open += [one, other]
                for pair in ((one, other), (other, one)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, goal: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                goal.sendall(data)
            goal.shutdown(socket.SHUT_WR)
