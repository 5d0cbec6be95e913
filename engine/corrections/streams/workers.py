"""One thread for each part of each shard of each mapping: a slow function delays nothing but its own part.

MiniStack's poll loop, which wakes when something is put on a stream, now only sees to it that the threads are there.
"""

import contextvars
import logging
from threading import Event, Thread

from ministack.core.responses import request_scope
from ministack.services import lambda_svc

from engine.corrections.streams.mapping import Settings, due_shards
from engine.corrections.streams.source import Part, Source

logger = logging.getLogger("streams")

Key = tuple[str, Part]

#: How long a thread without records sleeps unless it is woken.
IDLE_S = 5.0


class Worker(Thread):
    """Reads one part until its mapping is disabled, deleted or divided otherwise, or its shard is gone."""

    def __init__(self, source: Source, account: str, region: str) -> None:
        super().__init__(name=f"stream-{source.part.shard_id}-{source.part.number}", daemon=True)
        self.source = source
        self.scope = (account, region)
        self.awake = Event()

    def run(self) -> None:
        # A context of its own: the account and region pinned here must not reach the thread that started this one.
        contextvars.Context().run(self._read)

    def _read(self) -> None:
        with request_scope(*self.scope):
            while self.source.is_open():
                self.awake.clear()
                try:
                    wait = self.source.run_next()
                except Exception:
                    logger.exception("event source %s: the batch is read again", self.source.esm["UUID"])
                    wait = 1.0
                if wait != 0:
                    self.awake.wait(IDLE_S if wait is None else wait)


def apply() -> None:
    workers: dict[Key, Worker] = {}

    def poll_kinesis() -> bool:
        wanted = _wanted()
        for key, worker in list(workers.items()):
            if not worker.is_alive():
                del workers[key]
            elif key not in wanted:
                worker.source.stopping.set()
            worker.awake.set()
        # One that is still busy with its last batch is not replaced before it ends: two would bring the same records.
        for key in wanted.keys() - workers.keys():
            account, region, esm = wanted[key]
            workers[key] = Worker(Source(esm, key[1], Event()), account, region)
            workers[key].start()
        return False

    lambda_svc._poll_kinesis = poll_kinesis


def _wanted() -> dict[Key, tuple[str, str, dict[str, object]]]:
    """Every part of every shard that an enabled mapping reads now: the children of a shard come after it."""
    wanted: dict[Key, tuple[str, str, dict[str, object]]] = {}
    for account, region, esm in lambda_svc._iter_all_esms():
        if not esm.get("Enabled", True) or ":kinesis:" not in esm["EventSourceArn"]:
            continue
        settings = Settings.of(esm)
        positions = lambda_svc._kinesis_positions.get_scoped(account, region, esm["UUID"]) or {}
        for shard_id in due_shards(settings, positions):
            for number in range(settings.parallelization):
                wanted[esm["UUID"], Part(shard_id, number, settings.parallelization)] = (account, region, esm)
    return wanted
