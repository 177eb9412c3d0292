"""Goal-seek: the smallest move of one lever that meets a target with a given probability."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from analytics.errors import ParameterError
from analytics.french import format_euros, format_number, format_percent
from analytics.prescriptive.levers import ALL, LEVIERS, PAR_POSTE, no_lever
from analytics.prescriptive.model import Assumptions
from analytics.prescriptive.outcome import Outcome, check_indicator, direction, format_chance
from analytics.prescriptive.simulation import prepare
from analytics.prescriptive.simulator import Simulator

#: Values of the lever looked at before the root is refined.
STEPS = 41
PRECISION = 1e-6
LABELS = {
    "resultat": "le résultat",
    "pc": "le ratio P/C",
    "effectif": "l’effectif",
    "cotisation": "le montant des cotisations",
    "prestation": "le montant des prestations",
    "hausse_moyenne": "la hausse moyenne",
    "retention": "le taux de maintien",
    "reste_a_charge": "le reste à charge par tête",
    "charges": "le coût des actions et des taxes",
}


@dataclass(frozen=True)
class Seek:
    """Answer of a goal-seek.

    Attributes
    ----------
    status : {"atteint", "infaisable"}
        Whether some value of the lever, within its bounds, meets the target.
    valeur : float
        Smallest value of the lever that does; else the one that comes closest.
    niveau : float
        Value of the indicator held with the probability asked, at that value of the lever.
    probabilite : float
        Probability of the target at that value.
    outcome : Outcome
        The scenario at that value.
    phrase : str
        One French sentence.
    """

    status: str
    valeur: float
    niveau: float
    probabilite: float
    outcome: Outcome
    phrase: str


def seek(
    portfolio: pd.DataFrame | Simulator,
    levers: pd.DataFrame | None = None,
    *,
    levier: str = "hausse",
    poste: str = ALL,
    indicator: str = "pc",
    target: float = 0.85,
    probability: float = 0.8,
    sens: str | None = None,
    bounds: tuple[float, float] | None = None,
    **options: Any,
) -> Seek:
    """Find the smallest uniform move of a lever such that the target is met with a given probability.

    Parameters
    ----------
    portfolio : pandas.DataFrame or Simulator
        As :func:`analytics.prescriptive.simulate`; a simulator brings its futures with it.
    levers : pandas.DataFrame, optional
        The move comes on top of them.
    levier : str
        Lever moved on all segments alike.
    poste : str
        Poste on which it is moved, for a lever given by poste.
    indicator, target, sens
        What must hold, as :meth:`Outcome.probability`.
    probability : float
        Between 0 and 1, both excluded.
    bounds : (float, float), optional
        First and last value tried, in that order (so (0, −0.2) looks for the smallest fall). For the increase, None
        means what every segment allows: largest hausse_min to smallest hausse_max.
    **options
        Of :func:`analytics.prescriptive.prepare`, with a frame only.

    Raises
    ------
    ParameterError
        As :func:`simulate`, or bounds missing or reversed.

    Notes
    -----
    The condition P(indicator right) ≥ p is a quantile of the draws against the target, continuous in the lever: the
    first of 41 values that holds brackets the root, Brent's method refines it to 10⁻⁶.
    """
    _check_request(levier, poste, probability)
    side = direction(check_indicator(indicator), sens)
    if isinstance(portfolio, Simulator) and options:
        raise ParameterError("Les futurs de cette simulation sont déjà tirés.", valeur=next(iter(options)))
    simulator = portfolio if isinstance(portfolio, Simulator) else prepare(portfolio, **options)
    start, end = bounds if bounds is not None else _default_bounds(simulator.base, levier)
    fixed = no_lever() if levers is None else levers

    @functools.cache
    def level(value: float) -> float:
        drawn = simulator.totals(_with(fixed, levier, poste, value))
        return held(drawn[indicator].to_numpy(), probability, side)

    def margin(value: float) -> float:
        return target - level(value) if side == "au_plus" else level(value) - target

    value, met = _first_root(margin, start, end)
    outcome = simulator.play(_with(fixed, levier, poste, value))
    reached = outcome.probability(indicator, target, sens=side)
    status, at = ("atteint" if met else "infaisable"), level(value)
    move = _move(levier, poste, value)
    sentence = _sentence(status, move, indicator, side, target if met else at, reached if met else probability)
    if met and _is_idle(levier, value, margin):
        sentence = f"{'Déjà tenu sans hausse' if levier == 'hausse' else 'Déjà tenu sans ce levier'} : " + (
            f"{sentence[:1].lower()}{sentence[1:]}" if value else sentence.partition(", ")[2]
        )
    return Seek(status, value, at, reached, outcome, sentence)


def held(drawn: np.ndarray, probability: float, side: str) -> float:
    """Level on the right side of which at least `probability` of the draws are."""
    if side == "au_plus":
        return float(np.quantile(drawn, probability, method="inverted_cdf"))
    return -float(np.quantile(-drawn, probability, method="inverted_cdf"))


def _is_idle(levier: str, value: float, margin: Callable[[float], float]) -> bool:
    """Whether the target holds without the lever: its answer is then nothing, or the largest fall that still holds."""
    return value == 0.0 or (levier == "hausse" and value < 0.0 and margin(0.0) >= 0.0)


def _check_request(levier: str, poste: str, probability: float) -> None:
    if not 0 < probability < 1:
        raise ParameterError("Une probabilité est entre 0 et 100 %.", valeur=probability)
    if levier not in LEVIERS:
        raise ParameterError("Levier inconnu.", valeur=levier, remede=f"Leviers possibles : {', '.join(LEVIERS)}.")
    if poste != ALL and levier not in PAR_POSTE:
        raise ParameterError("Ce levier ne se donne pas par poste.", valeur=levier)


def _default_bounds(base: Assumptions, levier: str) -> tuple[float, float]:
    low, high = float(base.hausse_min.max()), float(base.hausse_max.min())
    if levier != "hausse" or not np.isfinite([low, high]).all() or low <= -1:
        raise ParameterError(
            "Les bornes du levier sont nécessaires.", remede="Indiquez de quelle valeur à quelle autre."
        )
    if low > high:
        raise ParameterError(
            "Aucune hausse n’est permise à tous les segments à la fois.", remede="Indiquez les bornes de la recherche."
        )
    return low, high


def _with(levers: pd.DataFrame, levier: str, poste: str, value: float) -> pd.DataFrame:
    move = pd.DataFrame({"segment": [ALL], "levier": [levier], "valeur": [float(value)]})
    if poste != ALL:
        move["poste"] = poste
    return move if levers.empty else pd.concat([levers, move], ignore_index=True)


def _first_root(margin: Callable[[float], float], start: float, end: float) -> tuple[float, bool]:
    """First value, from start to end, where the margin is not negative; else where it is largest."""
    tried = np.linspace(start, end, STEPS)
    margins = []
    for i, value in enumerate(tried):
        margins.append(margin(value))
        if not np.isfinite(margins[-1]):
            raise ParameterError("L’indicateur n’est pas calculable à cette valeur du levier.", valeur=float(value))
        if margins[-1] >= 0:
            if i == 0:
                return float(value), True
            root = brentq(margin, tried[i - 1], value, xtol=PRECISION / 10)
            onward = np.sign(end - start) * PRECISION
            return next(float(v) for v in (root, root + onward, value) if margin(v) >= 0), True
    return float(tried[int(np.argmax(margins))]), False


def _move(levier: str, poste: str, value: float) -> str:
    amount = format_euros(value) if levier == "prevention" else format_percent(value, 2, signed=True)
    return f"le levier « {LEVIERS[levier].label} » à {amount} {'partout' if poste == ALL else f'en {poste}'}"


def _sentence(status: str, move: str, indicator: str, side: str, amount: float, probability: float) -> str:
    word = "au moins" if side == "au_moins" else "au plus"
    goal = f"{LABELS[indicator]} est d’{word} {_amount(indicator, amount)}"
    if status == "atteint":
        return f"Avec {move}, {goal} avec une probabilité de {format_chance(probability)}."
    return (
        f"Objectif hors d’atteinte : au mieux, avec {move}, {goal} "
        f"avec une probabilité de {format_chance(probability)}."
    )


def _amount(indicator: str, value: float) -> str:
    if indicator in ("resultat", "cotisation", "prestation", "reste_a_charge", "charges"):
        return format_euros(value)
    return format_number(value) if indicator == "effectif" else format_percent(value)
