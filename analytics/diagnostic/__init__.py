"""Diagnostic: why it happens, and where exactly."""

from analytics.diagnostic.breaks import detect_breaks
from analytics.diagnostic.bridge import Bridge, decompose
from analytics.diagnostic.explain import Leaves, build_leaves, explain_change, explain_ratio, find_causes
from analytics.diagnostic.impact import Impact, measure_impact
from analytics.diagnostic.last import detect_last
from analytics.diagnostic.localise import Localisation, locate
from analytics.diagnostic.ratio import decompose_ratio
from analytics.verdict import Verdict

__all__ = [
    "Bridge",
    "Impact",
    "Leaves",
    "Localisation",
    "Verdict",
    "build_leaves",
    "decompose",
    "decompose_ratio",
    "detect_breaks",
    "detect_last",
    "explain_change",
    "explain_ratio",
    "find_causes",
    "locate",
    "measure_impact",
]
