"""What to do: levers, scenarios, and the target that they reach."""

from analytics.prescriptive.actions import Actions, reduce_actions
from analytics.prescriptive.constraints import Constraints
from analytics.prescriptive.describe import Description, describe_lever
from analytics.prescriptive.explain_plan import WhyNot, why_not
from analytics.prescriptive.finding import finding_weight
from analytics.prescriptive.frontier import efficient_frontier
from analytics.prescriptive.futures import Futures, futures_from_assumptions, futures_from_forecast
from analytics.prescriptive.law import FACTEURS_ADMIS, check_factors
from analytics.prescriptive.levers import LEVIERS, PAR_POSTE, Levier, no_lever
from analytics.prescriptive.optimise import OBJECTIVES, optimise
from analytics.prescriptive.outcome import INDICATEURS, Outcome, compare
from analytics.prescriptive.plan import Plan
from analytics.prescriptive.portfolio import Portfolio, build_portfolio
from analytics.prescriptive.redressement import Projection, project, redressement, redressement_table
from analytics.prescriptive.responses import REPONSES, Reponse, adjust_responses, responses_table
from analytics.prescriptive.risk import optimise_cvar
from analytics.prescriptive.robust import RobustPlan, optimise_robust
from analytics.prescriptive.scenario_file import check_file, export_scenario, read_simulator, replay
from analytics.prescriptive.seek import Seek, seek
from analytics.prescriptive.simulation import prepare, simulate
from analytics.prescriptive.simulator import Simulator
from analytics.prescriptive.sobol import sobol_indices
from analytics.prescriptive.solidarity import share_effort
from analytics.prescriptive.taxes import Taxes, read_taxes
from analytics.prescriptive.tornado import Stability, explain_variance, find_stability, tornado
from analytics.prescriptive.versus import (
    IDLE,
    Target,
    Uniform,
    Versus,
    match_uniform,
    name_winner,
    play_scenarios,
    set_side_by_side,
    uniform_rise,
)

__all__ = [
    "FACTEURS_ADMIS",
    "IDLE",
    "INDICATEURS",
    "LEVIERS",
    "OBJECTIVES",
    "PAR_POSTE",
    "REPONSES",
    "Actions",
    "Constraints",
    "Description",
    "Futures",
    "Levier",
    "Outcome",
    "Plan",
    "Portfolio",
    "Projection",
    "Reponse",
    "RobustPlan",
    "Seek",
    "Simulator",
    "Stability",
    "Target",
    "Taxes",
    "Uniform",
    "Versus",
    "WhyNot",
    "adjust_responses",
    "build_portfolio",
    "check_factors",
    "check_file",
    "compare",
    "describe_lever",
    "efficient_frontier",
    "explain_variance",
    "export_scenario",
    "find_stability",
    "finding_weight",
    "futures_from_assumptions",
    "futures_from_forecast",
    "match_uniform",
    "name_winner",
    "no_lever",
    "optimise",
    "optimise_cvar",
    "optimise_robust",
    "play_scenarios",
    "prepare",
    "project",
    "read_simulator",
    "read_taxes",
    "redressement",
    "redressement_table",
    "reduce_actions",
    "replay",
    "responses_table",
    "seek",
    "set_side_by_side",
    "share_effort",
    "simulate",
    "sobol_indices",
    "tornado",
    "uniform_rise",
    "why_not",
]
