"""What a scenario rests on: each uncertain input alone, all of them together, the elasticity along its range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from analytics.errors import ParameterError
from analytics.prescriptive.levers import ALL, LEVIERS
from analytics.prescriptive.outcome import INDICATEURS, check_indicator
from analytics.prescriptive.responses import at_level, at_score, central
from analytics.prescriptive.simulator import Simulator
from analytics.prescriptive.sobol import sobol_indices
from analytics.prescriptive.year import Year

Floats = NDArray[np.float64]
LOW, HIGH = 0.1, 0.9
#: Two scenarios closer than this, in parts of them, are tied.
TIE = 1e-9
ELASTICITE, DERIVE = "elasticite", "derive"


@dataclass(frozen=True)
class Entree:
    """An uncertain input of a scenario: its key, its French label."""

    key: str
    label: str


@dataclass(frozen=True)
class Stability:
    """The best scenario along the range of the elasticity.

    Attributes
    ----------
    table : pandas.DataFrame
        niveau (probability), elasticite (mean over heads), scenario, valeur, meilleur (bool; all those of a tie).
    stable : bool
        Whether the same scenario is the best all along, or the same ones tied.
    phrase : str
    """

    table: pd.DataFrame
    stable: bool
    phrase: str


class _Model:
    """Indicators of a scenario as a function of the probability level of each of its inputs."""

    def __init__(self, simulator: Simulator, levers: pd.DataFrame) -> None:
        self.simulator, self.found = simulator, simulator.resolve(levers)
        self.responses = {r.key: r for r in simulator.responses if self._used(r.key) and r.haut > r.bas}
        self.growth = None if simulator.futures is None else np.sort(simulator.drawn_growth, axis=0)
        self.inputs = self._inputs()
        self.year = simulator.plan(self.found)

    def _used(self, key: str) -> bool:
        return any(self.found[name].any() and key in lever.reponses for name, lever in LEVIERS.items())

    def _inputs(self) -> list[Entree]:
        base, found = self.simulator.base, []
        moved = self.simulator.plan(self.found).hausse_payee.any()
        if moved and (base.elasticite_haut > base.elasticite_bas).any():
            found.append(Entree(ELASTICITE, "élasticité des départs"))
        if self.growth is not None:
            postes = self.simulator.cover.postes
            found += [
                Entree(f"{DERIVE}:{p}", "dérive des prestations" if p == ALL else f"dérive, {p}")
                for i, p in enumerate(postes)
                if self.growth[-1, i] > self.growth[0, i]
            ]
        elif base.derive_sd.any():
            found.append(Entree(DERIVE, "dérive des prestations"))
        return found + [Entree(key, r.label) for key, r in self.responses.items()]

    def evaluate(self, levels: Mapping[str, float]) -> dict[str, float]:
        """Indicators with some inputs at a level of probability, the others at their centre."""
        base, simulator = self.simulator.base, self.simulator
        moved = {k: float(at_level(r, np.float64(levels[k]))) for k, r in self.responses.items() if k in levels}
        year: Year = simulator.plan(self.found, central(simulator.responses) | moved) if moved else self.year
        slope = drift = growth = None
        if ELASTICITE in levels:
            score = ndtri(levels[ELASTICITE])
            slope = np.maximum(at_score(base.elasticite, base.elasticite_bas, base.elasticite_haut, score), 0.0)
        if DERIVE in levels:
            drift = np.maximum(base.derive + base.derive_sd * ndtri(levels[DERIVE]), -1.0)
        if self.growth is not None:
            growth = simulator.central_growth.copy()
            for i, poste in enumerate(simulator.cover.postes):
                if f"{DERIVE}:{poste}" in levels:
                    growth[i] = np.quantile(self.growth[:, i], levels[f"{DERIVE}:{poste}"])
        return simulator.evaluate(year, elasticite=slope, derive=drift, growth=growth)


def tornado(simulator: Simulator, levers: pd.DataFrame, *, indicator: str = "resultat") -> pd.DataFrame:
    """Each uncertain input at its P10 then at its P90, the plan held and the others at their centre.

    Parameters
    ----------
    simulator : Simulator
    levers : pandas.DataFrame
        The scenario.
    indicator : str
        Key of :data:`INDICATEURS`.

    Returns
    -------
    pandas.DataFrame
        entree, label, valeur_p10, valeur_p90, centre, amplitude (absolute), widest first. An input common to all
        segments moves on all of them together.
    """
    check_indicator(indicator)
    model = _Model(simulator, levers)
    centre = model.evaluate({})[indicator]
    rows = []
    for entree in model.inputs:
        low, high = (model.evaluate({entree.key: level})[indicator] for level in (LOW, HIGH))
        spread = max(low, high, centre) - min(low, high, centre)
        rows.append((entree.key, entree.label, low, high, centre, spread))
    table = pd.DataFrame(rows, columns=["entree", "label", "valeur_p10", "valeur_p90", "centre", "amplitude"])
    return table.sort_values("amplitude", ascending=False, kind="stable", ignore_index=True)


def explain_variance(
    simulator: Simulator, levers: pd.DataFrame, *, indicator: str = "resultat", n: int = 256, seed: int = 0
) -> pd.DataFrame:
    """Share of the variance of an indicator that each input explains: Sobol indices of a scenario.

    Parameters
    ----------
    simulator, levers, indicator
        As :func:`tornado`; the inputs are taken as independent of one another here, postes included.
    n : int
        Power of two; n·(inputs + 2) evaluations.
    seed : int

    Returns
    -------
    pandas.DataFrame
        entree, label, premier, premier_erreur, total, total_erreur.
    """
    check_indicator(indicator)
    model = _Model(simulator, levers)
    keys = [e.key for e in model.inputs]
    if not keys:
        return pd.DataFrame(columns=["entree", "label", "premier", "premier_erreur", "total", "total_erreur"])

    def values(points: Floats) -> Floats:
        return np.array([model.evaluate(dict(zip(keys, point, strict=True)))[indicator] for point in points])

    table = sobol_indices(values, len(keys), n=n, seed=seed)
    table.insert(0, "entree", keys)
    table.insert(1, "label", [e.label for e in model.inputs])
    return table


def find_stability(
    simulator: Simulator, scenarios: Mapping[str, pd.DataFrame], *, indicator: str = "resultat", steps: int = 9
) -> Stability:
    """Whether the best scenario stays the best when the elasticity goes from one end of its interval to the other.

    Parameters
    ----------
    simulator : Simulator
    scenarios : mapping of str to pandas.DataFrame
        Two or more.
    indicator : str
    steps : int
        Levels of probability between the ends, P10 to P90.
    """
    check_indicator(indicator)
    if len(scenarios) < 2:
        raise ParameterError("La stabilité se juge entre deux scénarios au moins.", valeur=len(scenarios))
    base, sign = simulator.base, 1.0 if INDICATEURS[indicator] else -1.0
    years = {name: simulator.plan(simulator.resolve(levers)) for name, levers in scenarios.items()}
    rows = []
    for level in np.linspace(LOW, HIGH, steps):
        score = ndtri(level)
        slope = np.maximum(at_score(base.elasticite, base.elasticite_bas, base.elasticite_haut, score), 0.0)
        told = {name: simulator.evaluate(year, elasticite=slope)[indicator] for name, year in years.items()}
        top = max((sign * value for value in told.values() if np.isfinite(value)), default=np.nan)
        tied = {name for name, value in told.items() if top - sign * value <= TIE * abs(top)}
        mean = float(np.average(slope, weights=base.beneficiaires)) if base.beneficiaires.sum() > 0 else np.nan
        rows += [(level, mean, name, value, name in tied) for name, value in told.items()]
    table = pd.DataFrame(rows, columns=["niveau", "elasticite", "scenario", "valeur", "meilleur"])
    return Stability(table, *_tell_winners(table))


def _tell_winners(table: pd.DataFrame) -> tuple[bool, str]:
    """Whether the same scenarios are the best all along, and who is in turn."""
    if not table["meilleur"].any():
        return False, "Cet indicateur ne se calcule pas avec ce fichier : pas de meilleur scénario."
    best = table[table["meilleur"]].groupby("niveau", sort=True)["scenario"].agg(tuple)
    winners = list(dict.fromkeys(best))
    if len(winners) == 1 and len(winners[0]) == 1:
        return True, f"« {winners[0][0]} » reste le meilleur sur tout l’intervalle de l’élasticité."
    told = [_name_all(names) for names in winners]
    if len(winners) == 1:
        return True, f"Pas de meilleur scénario : {told[0]} sur tout l’intervalle de l’élasticité."
    return False, f"Le meilleur scénario dépend de l’élasticité : {' puis '.join(told)}."


def _name_all(names: tuple[str, ...]) -> str:
    *first, last = (f"« {name} »" for name in names)
    return f"{', '.join(first)} et {last} à égalité" if first else last
