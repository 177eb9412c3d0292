"""What to do: levers, scenarios, and the target that they reach."""

from analytics.prescriptive.levers import LEVIERS, no_lever
from analytics.prescriptive.outcome import INDICATEURS, Outcome, compare
from analytics.prescriptive.portfolio import Portfolio, build_portfolio
from analytics.prescriptive.redressement import Projection, project, redressement
from analytics.prescriptive.scenario import Scenario, finding_weight, to_levers
from analytics.prescriptive.seek import Seek, seek
from analytics.prescriptive.simulation import simulate

__all__ = [
    "INDICATEURS",
    "LEVIERS",
    "Outcome",
    "Portfolio",
    "Projection",
    "Scenario",
    "Seek",
    "build_portfolio",
    "compare",
    "finding_weight",
    "no_lever",
    "project",
    "redressement",
    "seek",
    "simulate",
    "to_levers",
]
