"""How many shards a load takes, against the documented limits; prices against sums done by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.prices import price_table
from kit.shard_changes import next_step
from kit.shard_plan import IN_KB, IN_RECORDS, OUT_KB, Demand, plan, report

PRICES = price_table("us-east-1")
RECORDS, BYTES, SHARED = "1,000 records/s in", "1 MB/s in", "2 MB/s out, shared by all consumers"


@pytest.mark.parametrize(
    ("demand", "shards", "limit"),
    [
        (Demand(3000, 0.5, 1, headroom=0), 3, RECORDS),
        (Demand(3000, 0.5, 4, headroom=0), 3, RECORDS),
        (Demand(3000, 0.5, 5, headroom=0), 4, SHARED),
        (Demand(3000, 0.5, 5, enhanced_fan_out=True, headroom=0), 3, RECORDS),
        (Demand(200, 20, 1, headroom=0), 4, BYTES),
        (Demand(800, 0.1, 1), 1, RECORDS),  # 0.8 with a quarter more is exactly one
        (Demand(801, 0.1, 1), 2, RECORDS),
        (Demand(0.001, 0.001, 0), 1, RECORDS),
    ],
)
def test_the_limit_that_decides(demand: Demand, shards: int, limit: str) -> None:
    found = plan(demand, PRICES)
    assert (found.shards, found.limit) == (shards, limit)


@given(
    st.builds(
        Demand,
        st.floats(0.01, 1e6),
        st.floats(0.01, 1024),
        st.integers(0, 20),
        st.booleans(),
        st.floats(0, 2),
    )
)
def test_the_shards_are_enough_and_no_fewer_would_be(demand: Demand) -> None:
    found = plan(demand, PRICES)
    kb = demand.records_per_second * demand.record_kb
    consumers = min(demand.consumers, 1) if demand.enhanced_fan_out else demand.consumers
    needed = max(demand.records_per_second / IN_RECORDS, kb / IN_KB, kb * consumers / OUT_KB) * (1 + demand.headroom)
    assert found.shards >= needed * (1 - 1e-6)
    assert found.shards == 1 or found.shards - 1 < needed
    assert found.headroom >= demand.headroom - 1e-6
    assert found.provisioned_usd > 0 and found.on_demand_usd > 0


def test_a_month_provisioned() -> None:
    """100 records of 30 KB a second, two put units each, on three shards."""
    found = plan(Demand(100, 30, 1, headroom=0), PRICES)
    seconds = 730 * 3600
    assert found.shards == 3
    assert found.provisioned_usd == pytest.approx(3 * 730 * 0.015 + 100 * seconds * 2 / 1e6 * 0.014)


def test_a_month_on_demand() -> None:
    """100 records of half a KB a second count as a whole KB in, and as what they are out, to two consumers."""
    found = plan(Demand(100, 0.5, 2), PRICES)
    gb = 100 * 730 * 3600 / 1024**2
    assert found.on_demand_usd == pytest.approx(730 * 0.04 + gb * 0.08 + gb * 0.5 * 2 * 0.04)


def test_enhanced_fan_out_costs_for_each_consumer() -> None:
    shared, own = plan(Demand(100, 1, 2), PRICES), plan(Demand(100, 1, 2, enhanced_fan_out=True), PRICES)
    gb = 100 * 730 * 3600 / 1024**2
    assert own.provisioned_usd - shared.provisioned_usd == pytest.approx(2 * (730 * 0.015 + gb * 0.013))


def test_what_is_no_load_is_named() -> None:
    assert Demand(0, 2000, -1, headroom=-1).problems() == [
        "records per second must be 0.001 to 1,000,000,000",
        "a record has more than 0 and at most 1024 KB",
        "consumers must be 0 to 1,000,000",
        "headroom must be 0 to 1000 %",
    ]
    assert Demand(1, 1, 21, enhanced_fan_out=True).problems() == [
        "a stream has at most 20 consumers with enhanced fan-out"
    ]
    for records in (float("nan"), 1e300, 5e-324, -1.0):
        assert Demand(records, 1, 1).problems() == ["records per second must be 0.001 to 1,000,000,000"]
    assert Demand(1, 1, 10**400).problems() == ["consumers must be 0 to 1,000,000"]
    for records in (0.001, 1, 10**9):
        assert Demand(records, 1, 1).problems() == [] and list(report(plan(Demand(records, 1, 1), PRICES)))


def test_the_report_names_the_limit_the_reads_and_the_date_of_the_prices() -> None:
    text = "\n".join(report(plan(Demand(3000, 0.5, 6), PRICES)))
    assert f"by {SHARED}" in text
    assert "more shards do not help, enhanced fan-out does" in text
    assert PRICES.date in text and "on demand" in text
    assert "reads           0 of 5" in "\n".join(report(plan(Demand(3000, 0.5, 6, enhanced_fan_out=True), PRICES)))


def test_a_region_that_the_table_does_not_know_has_the_prices_of_another() -> None:
    assert price_table("eu-west-3") == PRICES


@given(now=st.integers(1, 500), wanted=st.integers(1, 500))
def test_steps_that_aws_takes_lead_to_any_number_of_shards(now: int, wanted: int) -> None:
    """UpdateShardCount: at most double, at least half; nothing that it takes is refused."""
    assert (next_step(now, wanted) == wanted) == (now <= 2 * wanted and wanted <= 2 * now)
    for _ in range(9):  # from 500 to 1, and back
        step = next_step(now, wanted)
        assert now <= 2 * step and step <= 2 * now
        now = step
    assert now == wanted
