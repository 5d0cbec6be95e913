"""Prices of AWS, from a dated table beside this file: on demand, without any free tier. No network.

Look at the table's sources before you rely on it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("prices.json")
#: Where the table does not know a region; the two of a Learner Lab cost the same.
FALLBACK = "us-east-1"


@dataclass(frozen=True)
class PriceTable:
    """In US dollars, by service and by what is counted there."""

    date: str
    region: str
    services: Mapping[str, Mapping[str, float]]

    def usd(self, service: str, unit: str) -> float:
        return self.services[service][unit]


@dataclass(frozen=True)
class Prices:
    """Those of Kinesis Data Streams. A put unit is 25 KB of a record; fan-out is enhanced fan-out, per consumer."""

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


def all_prices(region: str) -> PriceTable:
    """The prices of a region, or of us-east-1 where the table does not know it."""
    table = json.loads(TABLE.read_text())
    known = region if region in table["regions"] else FALLBACK
    return PriceTable(table["date"], known, table["regions"][known])


def price_table(region: str) -> Prices:
    """The prices of Kinesis Data Streams in a region."""
    table = all_prices(region)
    return Prices(table.date, table.region, **table.services["kinesis"])
