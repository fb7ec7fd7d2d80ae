"""Alarms over several metrics, which MiniStack 1.5 refuses: kept by the first of their metrics.

No alarm sees a metric of AWS here, so there is nothing that the expression could be computed from.
"""

from typing import Any

from late_services import provisioners

Props = dict[str, Any]

_record = provisioners._cw_metric_alarm_record


def of_first_metric(props: Props) -> Props:
    """The properties with the first metric of `Metrics` in place of all of them."""
    stats = [item["MetricStat"] for item in props.get("Metrics") or [] if item.get("MetricStat")]
    if not stats:
        return props
    metric, period, statistic = stats[0]["Metric"], stats[0]["Period"], stats[0]["Stat"]
    others = {name: value for name, value in props.items() if name != "Metrics"}
    return {**others, **metric, "Period": period, "Statistic": statistic}


def install() -> None:
    provisioners._cw_metric_alarm_record = lambda name, props: _record(name, of_first_metric(props))
