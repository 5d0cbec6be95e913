"""Writes MiniStack's state while it runs: when nothing has changed for a moment, or it has been long enough."""

import logging
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence

from engine import process
from engine.corrections.durability.journal import Journal

logger = logging.getLogger("durability")

#: A pause in the requests that is long enough to save in; under load nobody is kept waiting.
QUIET_S = 1.0
#: Under load, how long a change may stay unsaved: of what is deployed, and of what is in it.
DEPLOYED_WITHIN_S = 2.0
SAVE_WITHIN_S = 30.0
#: How large the journal may grow before.
MAX_JOURNAL_BYTES = 64 * 1024 * 1024
#: What is read from is saved before what is written to: a message that is gone in the first has had its effect in the
#: second. The other way round, both could be missing.
SOURCES_FIRST = ("lambda", "sqs", "kinesis")
#: Requests that change nothing, by the beginning of their actions.
READS = ("Get", "Describe", "List", "BatchGet", "Query", "Scan", "Receive", "Lookup", "Filter", "Head")
#: Those that change what is in a queue, stream or table.
USES = (
    *("SendMessage", "DeleteMessage", "ChangeMessage", "PutRecord", "PutEvents", "PutMetric", "PutLog"),
    *("PutItem", "UpdateItem", "DeleteItem", "BatchWrite", "Transact", "StartExecution", "StartSync", "SendTask"),
)


class Saver(threading.Thread):
    """Saves in the background; `changed` tells it that there is something to save."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(name="saver", daemon=True)
        self.journal = journal
        self.saving = threading.Lock()
        self.due: float | None = None
        self.last_change = 0.0

    def changed(self, within_s: float = SAVE_WITHIN_S) -> None:
        self.last_change = time.monotonic()
        self.due = min(self.due or math.inf, self.last_change + within_s)

    def run(self) -> None:
        while True:
            time.sleep(QUIET_S / 2)
            try:
                if self.journal.is_deleted:
                    self.make_folder_again()
                if self._is_due():
                    self.save(app._build_persistence_save_dict())
            except Exception:  # such as a full disk; what is unsaved is saved later
                logger.exception("the state of the engine could not be saved")
                self.changed()

    def make_folder_again(self) -> None:
        """Go on with a new folder, in which everything is saved at once.

        The log and the process id are there again too, without which nobody could read or stop this engine.
        """
        log, pid = (self.journal.folder.parent / name for name in (process.LOG, process.PID))
        self.journal.begin_next()
        if not log.exists():
            file = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            for standard in (sys.stdout, sys.stderr):
                os.dup2(file, standard.fileno())
            os.close(file)
        if not pid.exists():
            pid.write_text(str(os.getpid()))
        logger.error(
            "the folder %s was deleted while the engine ran: it is made again, with all but the content of buckets",
            self.journal.folder,
        )
        self.changed(within_s=0)

    def _is_due(self) -> bool:
        now = time.monotonic()
        return self.due is not None and (
            now > self.due or now - self.last_change > QUIET_S or self.journal.size > MAX_JOURNAL_BYTES
        )

    def save(self, services: dict[str, Callable[[], Any]]) -> None:
        """Save every service, and then drop the journal of what they now hold; all of it is kept if one fails."""
        with self.saving:
            self.due = None
            self.journal.begin_next()
            names = sorted(services, key=lambda name: (name not in SOURCES_FIRST, name))
            saved = [_save(name, services[name]) for name in names]
            if all(saved):
                self.journal.drop_earlier()
            else:
                self.changed()


def apply(journal: Journal) -> None:
    saver = Saver(journal)
    _watch_requests(saver)
    reset = app._reset_all_state

    def reset_all_state() -> None:
        with saver.saving:
            reset()
            journal.begin_next()
            journal.drop_earlier()

    app.save_all = saver.save  # MiniStack's own, at a stop
    app._reset_all_state = reset_all_state
    saver.start()


def _save(name: str, get_state: Callable[[], Any]) -> bool:
    """Save one service. Returns False when its state changed while it was read, or could not be written."""
    path = Path(persistence.STATE_DIR) / f"{name}.json"
    try:
        state = get_state()
    except RuntimeError as error:  # "dictionary changed size during iteration"
        logger.info("%s is saved later: %s", name, error)
        return False
    if state is None:
        return True
    before = path.stat().st_mtime_ns if path.exists() else None
    persistence.save_state(name, state)
    return path.exists() and path.stat().st_mtime_ns != before


def _watch_requests(saver: Saver) -> None:
    original = app.app

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        within_s = _save_within(scope) if scope["type"] == "http" else None
        await original(scope, receive, send)
        if within_s is not None:
            saver.changed(within_s)

    app.app = watched


def _save_within(scope: Any) -> float | None:
    """How long what the request changes may stay unsaved; None if it changes nothing."""
    for name, value in scope["headers"]:
        if name.lower() == b"x-amz-target":
            action = value.decode("latin-1").rpartition(".")[2]
            if action.startswith(READS):
                return None
            return SAVE_WITHIN_S if action.startswith(USES) else DEPLOYED_WITHIN_S
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return None
    # Of the services without that header, only Lambda's paths tell deploying from using.
    deploys = scope["path"].startswith("/20") and not scope["path"].endswith("/invocations")
    return DEPLOYED_WITHIN_S if deploys else SAVE_WITHIN_S
