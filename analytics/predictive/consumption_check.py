"""Expected consumption judged out of time: fitted before, compared to the last twelve complete months.

References
----------
Frees E.W., Meyers G., Cummings A.D. (2011), JASA 106, 1085-1098: ordered Lorenz curve and Gini index of a rating.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.descriptive.intervals import poisson_interval
from analytics.french import format_percent, format_period
from analytics.indicators import MONTHS_PER_YEAR
from analytics.predictive.consumption_cells import Cells
from analytics.predictive.consumption_models import PosteModel, expected_amounts, fit_postes
from analytics.verdict import Verdict

MIN_MONTHS, MIN_CELLS = 24, 4
GROUPS, MIN_GROUPS = 10, 3
#: Gap of a group that holds, share of the groups that must, half-width of an interval that could have seen a miss.
TOLERANCE, HOLDING, SHARP = 0.05, 0.8, 0.10


@dataclass(frozen=True)
class Calibration:
    """Observed against expected on months that the model had not seen.

    Attributes
    ----------
    table : pandas.DataFrame
        groupe (1 = least expected per head), beneficiaires (heads, mean of the months), attendu, observe, bas, haut
        (EUR per head and year; 95 % interval of what is observed), rapport, rapport_bas, rapport_haut (observed over
        expected).
    total, total_low, total_high : float
        Observed over expected, all together, and 95 % interval of chance alone.
    gini : float
        Of the observed amounts ordered by what was expected per head; 0 = no better than chance.
    lift : float
        Spending per head of the most expensive group expected over the mean.
    debut, fin : pandas.Timestamp
        Months judged.
    with_trend : bool
        Whether the growth of the earlier years was known and carried on.
    """

    table: pd.DataFrame
    total: float
    total_low: float
    total_high: float
    gini: float
    lift: float
    debut: pd.Timestamp
    fin: pd.Timestamp
    with_trend: bool


def judge(cells: Cells) -> Calibration:
    """Fit on every block but the last, expect the last one.

    The level of each poste is that of the last year known, moved by its mean yearly growth when two years are known.
    """
    before, after = cells.between(0, -1), cells.between(-1, None)
    models = fit_postes(before)
    expected = np.stack([_next_year(m, cells) for m in models])
    observed, unit = after.amounts[:, 0].sum(axis=0), _dispersion(before, models)
    return _compare(
        after.people, observed, expected.sum(axis=0), unit, after.blocks[0], with_trend=len(before.blocks) > 1
    )


def _next_year(model: PosteModel, cells: Cells) -> np.ndarray:
    levels = model.levels[np.isfinite(model.levels)]
    if not len(levels):
        return np.zeros(len(cells.codes))
    growth = (levels[-1] - levels[0]) / (len(levels) - 1) if len(levels) > 1 else 0.0
    return np.exp(levels[-1] + growth) * model.weights(cells.codes) * model.kept.ratio * cells.people


def _dispersion(cells: Cells, models: tuple[PosteModel, ...]) -> float:
    """Variance over expectation of the amounts of a contract cell, all postes together, EUR."""
    expected = expected_amounts(cells, models).sum(axis=0)
    observed = cells.amounts.sum(axis=0)
    used = expected > 0
    free = used.sum() - len(cells.blocks) - cells.factors.width - max(m.kept.credibility.sum() for m in models)
    return float(((observed - expected)[used] ** 2 / expected[used]).sum() / max(free, 1))


def _compare(
    people: np.ndarray, observed: np.ndarray, expected: np.ndarray, unit: float, block: tuple, *, with_trend: bool
) -> Calibration:
    used = (people > 0) & (expected > 0)
    people, observed, expected = people[used], observed[used], expected[used]
    order = np.argsort(expected / people, kind="stable")
    people, observed, expected = people[order], observed[order], expected[order]
    group = _groups(people)
    heads, seen, hoped = (np.bincount(group, weights=w) for w in (people / MONTHS_PER_YEAR, observed, expected))
    low, high = poisson_interval(np.clip(seen, 0, None), unit=unit)
    table = pd.DataFrame({
        "groupe": np.arange(1, len(heads) + 1), "beneficiaires": heads, "attendu": hoped / heads,
        "observe": seen / heads, "bas": low / heads, "haut": high / heads, "rapport": seen / hoped,
        "rapport_bas": low / hoped, "rapport_haut": high / hoped,
    })  # fmt: skip
    whole = observed.sum()
    least, most = poisson_interval(max(whole, 0.0), unit=unit)
    ratios = (v / expected.sum() for v in (whole, float(least), float(most)))
    lift = table["observe"].iloc[-1] / (whole / heads.sum()) if whole > 0 else np.nan
    return Calibration(table, *ratios, _gini(people, observed), float(lift), *block, with_trend)


def _groups(people: np.ndarray) -> np.ndarray:
    """Tenths of the persons, in the order given; cells are not cut, so that few cells make fewer groups."""
    middle = (np.cumsum(people) - people / 2) / people.sum()
    return np.unique(np.minimum((middle * GROUPS).astype(int), GROUPS - 1), return_inverse=True)[1]


def _gini(people: np.ndarray, observed: np.ndarray) -> float:
    """Twice the area between equality and the Lorenz curve, cells in the order given."""
    if not observed.sum() > 0:
        return np.nan
    x, y = (np.concatenate([[0.0], np.cumsum(v) / v.sum()]) for v in (people, observed))
    return float(1 - 2 * np.trapezoid(y, x))


def refusal(cells: Cells) -> Verdict | None:
    """Why the model cannot be judged; None when it can."""
    count = len(cells.codes)
    if cells.months < MIN_MONTHS:
        reason = f"il faut {MIN_MONTHS} mois complets de suite pour s’ajuster puis se juger, il y en a {cells.months}"
    elif not cells.factors.by:
        reason = "aucune dimension d’assuré à plusieurs valeurs n’est dans les deux tableaux : rien à comparer"
    elif count < MIN_CELLS:
        reason = f"il faut {MIN_CELLS} groupes de personnes couvertes, il y en a {count}"
    elif not cells.people.sum() > 0:
        reason = "personne n’est couvert sur les douze derniers mois"
    elif not (cells.spent.sum() > 0 and cells.amounts[:, :-1].sum() > 0):
        reason = "les montants de la dernière année, ou ceux d’avant, ne sont pas positifs"
    else:
        return None
    return Verdict("on ne peut pas dire", np.nan, np.nan, f"On ne peut pas dire : {reason}.")


def conclude(found: Calibration) -> Verdict:
    """Whether groups consume as expected beside each other. Score: widest gap of a group to the whole.

    A projection starts from the level observed: the level missed is told, and judged apart. « oui » needs intervals
    narrow enough to have seen a miss; « non », groups that are surely out.
    """
    ratios = found.table[["rapport", "rapport_bas", "rapport_haut"]] / found.total
    holds = (ratios["rapport_bas"] <= 1 + TOLERANCE) & (ratios["rapport_haut"] >= 1 - TOLERANCE)
    blur = float(((ratios["rapport_haut"] - ratios["rapport_bas"]) / 2).median())
    if len(ratios) < MIN_GROUPS or not np.isfinite(blur):
        answer = "on ne peut pas dire"
    elif holds.mean() < HOLDING:
        answer = "non"
    else:
        answer = "oui" if blur <= SHARP else "on ne peut pas dire"
    score = float((ratios["rapport"] - 1).abs().max())
    return Verdict(answer, score, np.nan, _sentence(found, answer, int(holds.sum()), blur))


def _sentence(found: Calibration, answer: str, holding: int, blur: float) -> str:
    count, period = len(found.table), format_period(found.debut, found.fin)
    opening = {
        "oui": "Oui, le modèle retrouve les groupes qu’il n’avait pas vus",
        "non": "Non, le modèle se trompe de groupe : ses projections sont à prendre avec réserve",
    }.get(answer, "On ne peut pas dire si le modèle se trompe de groupe")
    told = f"{opening} : ajusté avant, jugé sur {period}, {holding} groupes sur {count} à 5\u202f% près"
    if answer == "on ne peut pas dire":
        told += f" du hasard, mais le hasard seul pèse {format_percent(blur)} sur un groupe"
    trend = "" if found.with_trend else ", sans tendance connue"
    return f"{told} ; au total, {format_percent(found.total)} de l’attendu{trend}."
