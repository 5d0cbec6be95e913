"""How much is measured: in full, or a little, to try the harness."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Rounds and sizes of every case."""

    rounds: int = 5
    deploy_rounds: int = 5
    start_rounds: int = 10
    resources: tuple[int, ...] = (1, 10, 100, 1000)
    messages: tuple[int, ...] = (1_000, 10_000)
    #: Onto a stream: a shard takes some seconds for them.
    events: int = 5_000


FULL = Plan()
QUICK = Plan(rounds=1, deploy_rounds=1, start_rounds=2, resources=(1, 10), messages=(200,), events=1_500)
