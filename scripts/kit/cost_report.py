"""Costs in words for a person who is about to deploy."""

from collections.abc import Iterator, Sequence

from kit.costs import HOURS_PER_MONTH, Estimate
from kit.prices import PriceTable

#: A Learner Lab's budget in USD, and the share of it that a month of what runs on its own may take without a warning.
BUDGET_USD = 50.0
WARN_SHARE = 0.1
#: How many of the resources that go on costing are named.
NAMED = 3


def table(estimates: Sequence[Estimate]) -> Iterator[str]:
    """A line for each lab, and their sum."""
    yield f"{'lab':<14}{'USD/hour':>10}{'USD/month':>11}{'USD/1,000 messages':>20}"
    for each in estimates:
        yield f"{each.lab:<14}{each.usd_hour:>10.4f}{each.usd_month:>11.2f}{each.usd_message * 1000:>20.4f}"
    if len(estimates) > 1:
        hour = sum(each.usd_hour for each in estimates)
        yield f"{'together':<14}{hour:>10.4f}{hour * HOURS_PER_MONTH:>11.2f}"


def remarks(estimates: Sequence[Estimate], prices: PriceTable, budget: float = BUDGET_USD) -> Iterator[str]:
    """What goes on costing when the session has ended, what no price is known for, and a warning where it is much."""
    running = sorted((cost for each in estimates for cost in each.running), key=lambda cost: -cost.usd_hour)
    month = sum(cost.usd_hour for cost in running) * HOURS_PER_MONTH
    if running:
        named = ", ".join(f"{cost.what} ({cost.usd_hour * HOURS_PER_MONTH:.2f})" for cost in running[:NAMED])
        more = f" and {len(running) - NAMED} more" if len(running) > NAMED else ""
        yield f"costs on after the session ends, until destroyed: {month:.2f} USD a month: {named}{more}"
    for unknown in (what for each in estimates for what in each.unknown):
        yield f"not counted: {unknown}"
    if month > WARN_SHARE * budget:
        yield (
            f"warning: left running, this takes {month / budget:.0%} of a budget of {budget:g} USD in a month: "
            "`make destroy` it after use, or `scripts/pause.py`"
        )
    yield f"prices of {prices.date}, {prices.region}, without free tier; the budget that AWS shows lags by 8 to 12 h"
