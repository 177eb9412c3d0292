"""Named scenarios side by side, against doing nothing and against the uniform increase that gives the same result."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from analytics.errors import ParameterError
from analytics.prescriptive.levers import ALL, no_lever
from analytics.prescriptive.outcome import (
    CLEAR,
    INDICATEURS,
    Outcome,
    chance_of_better,
    check_comparable,
    check_indicator,
    format_chance,
    verdict_of,
)
from analytics.prescriptive.simulator import Simulator

IDLE = "Ne rien faire"
MOST = 4
#: Uniform increases looked at: from −50 % to +100 %, nearest to nothing first.
SEARCH = np.linspace(0.0, 1.0, 21)


@dataclass(frozen=True)
class Target:
    """What must hold: an indicator, its threshold, and the side ("au_moins", "au_plus", None for the good one)."""

    indicateur: str
    seuil: float
    sens: str | None = None


@dataclass(frozen=True)
class Uniform:
    """The uniform increase with the central result of a scenario: hausse (NaN when none gives it), and what it does."""

    hausse: float
    outcome: Outcome | None


@dataclass(frozen=True)
class Versus:
    """Scenarios compared.

    Attributes
    ----------
    table : pandas.DataFrame
        scenario, indicateur, valeur (central), p10, p90, ecart_rien, verdict_rien, hausse_uniforme, ecart_uniforme,
        verdict_uniforme; verdicts as :func:`analytics.prescriptive.compare`.
    targets : pandas.DataFrame
        scenario, indicateur, seuil, sens, probabilite.
    gagnant : str or None
        The scenario with the best result, if it is better than each other in 90 % of the futures.
    phrase : str
        The same in French.
    """

    table: pd.DataFrame
    targets: pd.DataFrame
    gagnant: str | None
    phrase: str


def play_scenarios(
    simulator: Simulator, scenarios: Mapping[str, pd.DataFrame], *, idle: pd.DataFrame | None = None
) -> dict[str, Outcome]:
    """Outcome of doing nothing, then of each scenario, on the same futures.

    Parameters
    ----------
    simulator : Simulator
    scenarios : mapping of str to pandas.DataFrame
    idle : pandas.DataFrame, optional
        Levers of doing nothing: a tax that nobody chooses.

    Raises
    ------
    ParameterError
        More than four scenarios, or one named as doing nothing.
    """
    if len(scenarios) > MOST:
        raise ParameterError("Quatre scénarios au plus se comparent.", valeur=len(scenarios))
    if IDLE in scenarios:
        raise ParameterError("Ce nom est celui de la référence.", valeur=IDLE)
    nothing = no_lever() if idle is None else idle
    return {IDLE: simulator.play(nothing), **{name: simulator.play(levers) for name, levers in scenarios.items()}}


def match_uniform(simulator: Simulator, outcome: Outcome, *, idle: pd.DataFrame | None = None) -> Uniform:
    """The smallest uniform increase, or fall, whose central result is that of a scenario.

    Parameters
    ----------
    simulator : Simulator
    outcome : Outcome
        The scenario.
    idle : pandas.DataFrame, optional
        Levers of doing nothing, which the increase comes on top of: a tax that nobody chooses.
    """
    aim = outcome.value("resultat")
    fixed = no_lever() if idle is None else idle
    found = simulator.resolve(fixed)

    def levers(rise: float) -> pd.DataFrame:
        return uniform_rise(rise) if fixed.empty else pd.concat([fixed, uniform_rise(rise)], ignore_index=True)

    def gap(rise: float) -> float:
        moved = found | {"hausse": found["hausse"] + rise}
        return simulator.evaluate(simulator.plan(moved))["resultat"] - aim

    if gap(0.0) == 0.0:
        return Uniform(0.0, simulator.play(levers(0.0)))
    for sign in (1.0, -0.5):
        last = gap(0.0)
        for start, end in itertools.pairwise(sign * SEARCH):
            before, last = last, gap(end)
            if np.sign(before) * np.sign(last) <= 0:
                rise = float(brentq(gap, *sorted((start, end)), xtol=1e-12))
                return Uniform(rise, simulator.play(levers(rise)))
    return Uniform(np.nan, None)


def uniform_rise(rise: float) -> pd.DataFrame:
    """Levers of one increase for all."""
    return pd.DataFrame({"segment": [ALL], "levier": ["hausse"], "valeur": [float(rise)]})


def set_side_by_side(
    outcomes: Mapping[str, Outcome],
    uniforms: Mapping[str, Uniform] | None = None,
    *,
    targets: Sequence[Target] = (),
    indicators: Sequence[str] = tuple(INDICATEURS),
) -> Versus:
    """Table, chances of the targets and verdict.

    Parameters
    ----------
    outcomes : mapping of str to Outcome
        From :func:`play_scenarios`: doing nothing first.
    uniforms : mapping of str to Uniform, optional
        From :func:`match_uniform`, by scenario.
    targets : sequence of Target
    indicators : sequence of str
    """
    idle = next(iter(outcomes))
    rows = []
    for name, outcome in outcomes.items():
        uniform = (uniforms or {}).get(name, Uniform(np.nan, None))
        own = outcome.quantiles.set_index("indicateur")
        to_idle = _gaps(outcome, outcomes[idle], indicators)
        to_uniform = _gaps(outcome, uniform.outcome, indicators)
        rows += [
            (name, key, outcome.value(key), own.loc[key, "p10"], own.loc[key, "p90"], *to_idle[key],
             uniform.hausse, *to_uniform[key])
            for key in indicators
        ]  # fmt: skip
    columns = ["scenario", "indicateur", "valeur", "p10", "p90", "ecart_rien", "verdict_rien", "hausse_uniforme",
               "ecart_uniforme", "verdict_uniforme"]  # fmt: skip
    chances = [
        (name, t.indicateur, t.seuil, t.sens, outcome.probability(t.indicateur, t.seuil, sens=t.sens))
        for name, outcome in outcomes.items()
        for t in targets
    ]
    met = pd.DataFrame(chances, columns=["scenario", "indicateur", "seuil", "sens", "probabilite"])
    winner, told = name_winner(outcomes)
    return Versus(pd.DataFrame(rows, columns=columns), met, winner, told)


def _gaps(outcome: Outcome, other: Outcome | None, indicators: Sequence[str]) -> dict[str, tuple[float, str]]:
    if other is None:
        return dict.fromkeys(indicators, (np.nan, "inconnu"))
    if outcome is other:
        return {key: (0.0 if np.isfinite(outcome.value(key)) else np.nan, "référence") for key in indicators}
    check_comparable({"autre": other, "scenario": outcome})
    return {
        key: (outcome.value(key) - other.value(key), verdict_of(chance_of_better(outcome, other, key)))
        for key in indicators
    }


def name_winner(outcomes: Mapping[str, Outcome], *, indicator: str = "resultat") -> tuple[str | None, str]:
    """The scenario that beats each other in 90 % of the futures, if there is one, and the sentence.

    Parameters
    ----------
    outcomes : mapping of str to Outcome
    indicator : str
        Key of :data:`INDICATEURS`.
    """
    names = list(outcomes)
    check_indicator(indicator)
    check_comparable(outcomes)
    chances = {
        name: min((chance_of_better(outcomes[name], outcomes[n], indicator) for n in names if n != name), default=1.0)
        for name in names
    }
    best = max(names, key=lambda n: chances[n])
    if len(names) > 1 and chances[best] >= CLEAR:
        share = format_chance(chances[best])
        more = "" if share.startswith("plus") else " ou plus"
        return best, f"« {best} » fait mieux que chacun des autres dans {share} des futurs{more}."
    return None, "Pas de gagnant : l’écart entre les meilleurs scénarios est dans le bruit."
