"""Python goes on while Node loads an assembly.

For each package (constructs, cdktf, the provider) jsii asks Node to load its JavaScript, waits for the answer, which
says nothing that Python needs, and then builds the package's Python classes. Here it does not wait: both happen side by
side, and the answers are read before that of the next request. A load that failed is told then.
"""

from types import ModuleType
from typing import Any


def install(jsii_process: ModuleType) -> None:
    """Change jsii's module for its Node process; one of another shape stays as it is."""
    node_process = getattr(jsii_process, "_NodeProcess", None)
    load_request = getattr(jsii_process, "LoadRequest", None)
    send = getattr(node_process, "send", None)
    next_message = getattr(node_process, "_next_message", None)
    if node_process is None or load_request is None or send is None or next_message is None:
        return

    def send_ahead(self: Any, request: Any, response_type: Any) -> Any:
        self._loading = request if isinstance(request, load_request) else None
        return send(self, request, response_type)

    def next_message_or_none_yet(self: Any) -> Any:
        unread = getattr(self, "_unread", 0)
        if getattr(self, "_loading", None) is not None:
            self._unread = unread + 1
            return {"ok": {"assembly": self._loading.name, "types": 0}}
        self._unread = 0
        answers = [next_message(self) for _ in range(unread + 1)]
        return next((answer for answer in answers if "error" in answer), answers[-1])

    node_process.send = send_ahead
    node_process._next_message = next_message_or_none_yet


def wait_for_answers() -> None:
    """Wait until Node has answered every request so far. Raises what a load that failed would have raised."""
    import jsii

    jsii.kernel.provider.stats()  # the smallest request: the answers to those before it are read first
