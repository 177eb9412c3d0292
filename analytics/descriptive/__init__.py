"""Descriptif: what happened, how much, how often, where, and what deserves attention."""

from analytics.descriptive.alerts import find_alerts
from analytics.descriptive.compare import compare_periods, comparison_period
from analytics.descriptive.finding import build_constat
from analytics.descriptive.indicator import compute_indicator, compute_total
from analytics.descriptive.summary import summarise

__all__ = [
    "build_constat",
    "compare_periods",
    "comparison_period",
    "compute_indicator",
    "compute_total",
    "find_alerts",
    "summarise",
]
