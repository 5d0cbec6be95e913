"""Failures on demand, so that a student can watch what follows; they are defects, not rejections.

`{"data": {"crash": "projection", ...}}` makes that consumer fail on the event every time, `"stumble"` the first time.
"""

from order_events import OrderEvent

#: What this process has stumbled on; as a bad memory would, it forgets when the process ends.
_stumbled: set[str] = set()


def fail_on_demand(event: OrderEvent, consumer: str) -> None:
    """Raises RuntimeError when the event says so."""
    if event.data.get("crash") == consumer:
        raise RuntimeError(f"{consumer} was told to crash")
    if event.data.get("stumble") == consumer and event.id not in _stumbled:
        _stumbled.add(event.id)
        raise RuntimeError(f"{consumer} was told to stumble")
