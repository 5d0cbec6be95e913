"""Alarms look at their own metric, period by period, and as time goes by.

AWS (CloudWatch User Guide, "Alarm evaluation"): an alarm is about the metric with exactly its dimensions; of the last
EvaluationPeriods datapoints DatapointsToAlarm must breach; TreatMissingData says what a period without data is.
MiniStack adds up the metric of all queues or functions, looks at all periods at once, knows no missing data, and looks
only when somebody sends a metric. The periods here end now, where AWS's end at whole minutes: a student does not wait
for the next.
"""

import operator
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

Alarm = dict[str, Any]

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def apply() -> None:
    original = cloudwatch._evaluate_alarm

    def evaluate_alarm(alarm: Alarm) -> None:
        if alarm.get("ComparisonOperator") not in COMPARISONS or not alarm.get("MetricName"):
            original(alarm)  # anomaly detection and metric math
            return
        state, reason = judge(alarm, time.time())
        old_state = alarm["StateValue"]
        if state != old_state:
            alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
            cloudwatch._record_history(alarm["AlarmName"], old_state, state, reason)
            cloudwatch._dispatch_alarm_actions(alarm, old_state, state, reason)
            cloudwatch._evaluate_parent_alarms(alarm)

    cloudwatch._evaluate_alarm = evaluate_alarm


def evaluate_all() -> None:
    """Evaluate the alarms of all accounts and regions; to be called every few seconds."""
    for account, region in {key[:2] for key in list(cloudwatch._alarms._data)}:
        with request_scope(account, region):
            cloudwatch._evaluate_all_alarms()


def judge(alarm: Alarm, now: float) -> tuple[str, str]:
    """The alarm's state at `now` and the reason."""
    values = _datapoints(alarm, now)
    threshold = float(alarm["Threshold"])
    breaches = COMPARISONS[alarm["ComparisonOperator"]]
    missing = alarm.get("TreatMissingData") or "missing"
    if all(value is None for value in values) and missing in ("missing", "ignore"):
        state = "INSUFFICIENT_DATA" if missing == "missing" else alarm["StateValue"]
        return state, "Insufficient Data: no datapoints were received"
    breaching = [missing == "breaching" if value is None else breaches(value, threshold) for value in values]
    needed = int(alarm.get("DatapointsToAlarm") or len(values))
    state = "ALARM" if sum(breaching) >= needed else "OK"
    shown = ", ".join("none" if value is None else f"{value:g}" for value in values)
    crossed = "Threshold Crossed" if state == "ALARM" else "Threshold not crossed"
    return state, f"{crossed}: datapoints [{shown}] against {alarm['ComparisonOperator']} {threshold:g}"


def _datapoints(alarm: Alarm, now: float) -> list[float | None]:
    """The statistic of each of the last periods, the newest first; None where there is no data."""
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in alarm.get("Dimensions") or []}
    key = (alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(dimensions))
    points = list(cloudwatch._metrics.get(key) or [])
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    period = int(alarm.get("Period") or 60)
    values: list[float | None] = []
    for back in range(int(alarm.get("EvaluationPeriods") or 1)):
        end = now - back * period
        within = [point for point in points if end - period < point["Timestamp"] <= end]
        stats = cloudwatch._calc_stats(within)
        values.append(cloudwatch._stat_value(stats, statistic, within) if stats else None)
    return values
