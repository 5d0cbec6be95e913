"""The prices of Kinesis Data Streams, from a dated table beside this file. Look at its source before you rely on it."""

import json
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("kinesis_prices.json")
#: Where the table does not know a region; the lab's two cost the same.
FALLBACK = "us-east-1"


@dataclass(frozen=True)
class Prices:
    """In US dollars. A put unit is 25 KB of a record; fan-out is enhanced fan-out, for each consumer."""

    date: str
    region: str
    shard_hour: float
    million_put_units: float
    fan_out_shard_hour: float
    fan_out_gb: float
    #: On demand: for each stream, and for each GB in and out.
    stream_hour: float
    gb_in: float
    gb_out: float
    on_demand_fan_out_gb: float


def price_table(region: str) -> Prices:
    """The prices of a region, or of us-east-1 where the table does not know it."""
    table = json.loads(TABLE.read_text())
    known = region if region in table["regions"] else FALLBACK
    return Prices(table["date"], known, **table["regions"][known])
