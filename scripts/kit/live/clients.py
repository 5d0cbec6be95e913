"""One client for each service, made when it is first needed, for all threads."""

import threading
from typing import Any

from kit.target import Target


class Clients:
    """The boto3 clients of a target; they may be used by several threads, but not made by them (Boto3 guide)."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __getitem__(self, service: str) -> Any:
        with self._lock:
            if service not in self._made:
                self._made[service] = self.target.client(service)
            return self._made[service]
