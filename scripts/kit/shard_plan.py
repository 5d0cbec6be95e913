"""How many shards a load takes, what limits it, and what that costs. Pure.

Sources: Kinesis Data Streams Developer Guide, "Quotas and limits" (a shard takes 1 MB/s and 1,000 records/s in, gives
2 MB/s and 5 reads/s to all consumers together, or 2 MB/s to each with enhanced fan-out; 20 of those a stream); Lambda
Developer Guide, "Using Lambda with Kinesis" (an event source reads each shard once a second); for what is counted
(25 KB put units, on demand 1 KB steps), the pricing page. KB, MB and GB are powers of 1,024.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from kit.prices import Prices

IN_KB, IN_RECORDS, OUT_KB, READS = 1024, 1000, 2048, 5
MAX_RECORD_KB = 1024
#: Between these the plan makes sense: a record in 1,000 seconds, and a million shards' worth.
LEAST_RECORDS, MOST_RECORDS = 0.001, 1_000_000_000
MOST_CONSUMERS = 1_000_000
MAX_FAN_OUT_CONSUMERS = 20
PUT_UNIT_KB = 25
HOURS = 730
SECONDS = HOURS * 3600
KB_PER_GB = 1024**2


@dataclass(frozen=True)
class Demand:
    """A steady load: records per second, their size in KB, and consumers that each read everything.

    `headroom` is the share by which it may grow before the plan is too small.
    """

    records_per_second: float
    record_kb: float
    consumers: int
    enhanced_fan_out: bool = False
    headroom: float = 0.25

    def problems(self) -> list[str]:
        """Why this is no load of a stream; nothing when it is one."""
        problems = []
        if not LEAST_RECORDS <= self.records_per_second <= MOST_RECORDS:
            problems.append(f"records per second must be {LEAST_RECORDS} to {MOST_RECORDS:,}")
        if not 0 < self.record_kb <= MAX_RECORD_KB:
            problems.append(f"a record has more than 0 and at most {MAX_RECORD_KB} KB")
        if not 0 <= self.consumers <= MOST_CONSUMERS:
            problems.append(f"consumers must be 0 to {MOST_CONSUMERS:,}")
        if self.enhanced_fan_out and self.consumers > MAX_FAN_OUT_CONSUMERS:
            problems.append(f"a stream has at most {MAX_FAN_OUT_CONSUMERS} consumers with enhanced fan-out")
        if not 0 <= self.headroom <= 10:
            problems.append("headroom must be 0 to 1000 %")
        return problems


@dataclass(frozen=True)
class ShardPlan:
    """What the load takes."""

    demand: Demand
    shards: int
    #: The limit that decides, in words, and what each limit alone would take, in shards (not rounded).
    limit: str
    needs: dict[str, float]
    #: By how much the load may still grow with these shards, as a share.
    headroom: float
    #: Of the 5 a second that all consumers share; more shards do not help.
    reads_per_second: int
    provisioned_usd: float
    on_demand_usd: float
    prices: Prices

    @property
    def mode(self) -> str:
        """What is cheaper at this steady load."""
        return "provisioned" if self.provisioned_usd <= self.on_demand_usd else "on-demand"


def plan(demand: Demand, prices: Prices) -> ShardPlan:
    """The shards for a load without problems, by the limit that needs the most of them."""
    kb = demand.records_per_second * demand.record_kb
    out = "2 MB/s out for each consumer" if demand.enhanced_fan_out else "2 MB/s out, shared by all consumers"
    needs = {
        "1 MB/s in": kb / IN_KB,
        "1,000 records/s in": demand.records_per_second / IN_RECORDS,
        out: kb * (min(demand.consumers, 1) if demand.enhanced_fan_out else demand.consumers) / OUT_KB,
    }
    limit, most = max(needs.items(), key=lambda item: item[1])
    # Rounded first: 0.8 shards with a headroom of 25 % are one shard, not two by a rounding error.
    shards = max(1, math.ceil(round(most * (1 + demand.headroom), 9)))
    return ShardPlan(
        demand=demand,
        shards=shards,
        limit=limit,
        needs=needs,
        headroom=shards / most - 1,
        reads_per_second=0 if demand.enhanced_fan_out else demand.consumers,
        provisioned_usd=_provisioned_usd(demand, shards, prices),
        on_demand_usd=_on_demand_usd(demand, prices),
        prices=prices,
    )


def _provisioned_usd(demand: Demand, shards: int, prices: Prices) -> float:
    records = demand.records_per_second * SECONDS
    units = records * math.ceil(demand.record_kb / PUT_UNIT_KB)
    cost = shards * HOURS * prices.shard_hour + units / 1e6 * prices.million_put_units
    if demand.enhanced_fan_out:
        gb = records * demand.record_kb / KB_PER_GB
        cost += demand.consumers * (shards * HOURS * prices.fan_out_shard_hour + gb * prices.fan_out_gb)
    return cost


def _on_demand_usd(demand: Demand, prices: Prices) -> float:
    records = demand.records_per_second * SECONDS
    out = prices.on_demand_fan_out_gb if demand.enhanced_fan_out else prices.gb_out
    gb_in = records * math.ceil(demand.record_kb) / KB_PER_GB
    gb_out = records * demand.record_kb * demand.consumers / KB_PER_GB
    return HOURS * prices.stream_hour + gb_in * prices.gb_in + gb_out * out


def report(plan: ShardPlan) -> Iterator[str]:
    """The plan in lines for a person."""
    prices = plan.prices
    yield f"shards          {plan.shards}, by {plan.limit}"
    for limit, need in plan.needs.items():
        yield f"  {limit + ':':<38} {need:.2f} shards"
    yield f"headroom        {plan.headroom:.0%} more load fits"
    if plan.reads_per_second > READS:
        yield (
            f"reads           {plan.reads_per_second} consumers read a shard once a second each, and it gives {READS}: "
            "they wait for each other; more shards do not help, enhanced fan-out does"
        )
    else:
        yield f"reads           {plan.reads_per_second} of {READS} a second and shard"
    yield f"cheaper         {plan.mode}, at a steady load; on-demand when you cannot tell the load"
    yield f"a month         ${plan.provisioned_usd:,.2f} provisioned, ${plan.on_demand_usd:,.2f} on demand"
    yield f"                (prices of {prices.date}, {prices.region}; without consumers, and retention above 24 h)"
