"""Draws what each choice of a partition key does to the shards: `python -m bench.partition_keys`, into docs/img.

The orders of 20 users, of whom a few order the most (the n-th an n-th as often as the first), on four shards. Computed,
not measured: the same on every machine.
"""

import json
import random
import subprocess
import sys
import uuid
from collections import Counter

from bench import ROOT, BenchError
from bench.charts import CHART
from bench.environments import python

sys.path.insert(0, str(ROOT / "scripts"))

from kit.aggregates import Shard, shard_of
from kit.order_lives import KEYS

FILE = ROOT / "docs" / "img" / "orders-partition-keys.svg"
ORDERS, USERS, SHARDS, SEED = 5_000, 20, 4, 1
TITLES = {"order": "order id", "user": "user id", "spread": "user#n, ten for each user"}


def shares() -> dict[str, list[float]]:
    """What part of all records each shard gets, in percent, for each choice."""
    width = 2**128 // SHARDS
    shards = [Shard(f"shard {number + 1}", number * width, (number + 1) * width - 1) for number in range(SHARDS)]
    dice = random.Random(SEED)
    users = dice.choices(range(1, USERS + 1), [1 / rank for rank in range(1, USERS + 1)], k=ORDERS)
    orders = [(str(uuid.UUID(int=dice.getrandbits(128), version=4)), f"user-{user}") for user in users]
    found = {}
    for name, key in KEYS.items():
        counts = Counter(shard_of(key(*order), shards).id for order in orders)
        found[name] = [100 * counts[shard.id] / ORDERS for shard in shards]
    return found


def spec() -> dict[str, object]:
    """The chart, for chart/draw.py: a shard that gets more than half as much again as its part stands out."""
    rows: list[dict[str, object]] = []
    for name, parts in shares().items():
        rows.append({"heading": f"partition key: {TITLES[name]}"})
        for number, part in enumerate(parts, 1):
            strong = part > 1.5 * 100 / SHARDS
            rows.append({"label": f"shard {number}", "strong": strong, "values": [[part, part, part]]})
    title = "Where the records go: four shards, 20 users, a few of whom order the most"
    panels = [{"title": "percent of all records", "digits": 0}]
    return {"kind": "bars", "title": title, "rows": rows, "panels": panels, "file": str(FILE)}


def main() -> None:
    FILE.parent.mkdir(parents=True, exist_ok=True)
    command = [python("chart", CHART / "requirements.txt"), CHART / "draw.py"]
    done = subprocess.run(command, input=json.dumps([spec()]), capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"the chart could not be drawn:\n{done.stderr[-2000:]}")


if __name__ == "__main__":
    main()
