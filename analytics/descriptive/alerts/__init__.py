"""What deserves attention: unusual last months, breaks, drifts, and the thresholds that the user sets."""

from analytics.descriptive.alerts.budget import BUDGETS, DEFAULT_BUDGET, looks_rate
from analytics.descriptive.alerts.panels import MIN_MONTHS
from analytics.descriptive.alerts.search import Alerte, Screening, find_alerts, screen
from analytics.descriptive.alerts.thresholds import PERIODES, SENS, Etat, Seuil, check_threshold, describe_threshold

__all__ = [
    "BUDGETS",
    "DEFAULT_BUDGET",
    "MIN_MONTHS",
    "PERIODES",
    "SENS",
    "Alerte",
    "Etat",
    "Screening",
    "Seuil",
    "check_threshold",
    "describe_threshold",
    "find_alerts",
    "looks_rate",
    "screen",
]
