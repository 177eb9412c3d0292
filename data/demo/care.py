"""Claims: the acts of a month of care, what they cost, and the months in which they are paid."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from data.demo.baskets import LINE_POSTES, LINES, amounts, parts
from data.demo.world import POSTES, REGIONS, START, build_cells, stream

TABLE = 2

#: Acts per head by age band, relative to the average of the members.
AGE_FREQUENCY = {
    "hospitalisation": (0.45, 0.75, 1.0, 1.60, 2.60),
    "soins courants": (0.85, 0.80, 1.0, 1.35, 1.60),
    "pharmacie": (0.45, 0.50, 1.0, 1.70, 2.10),
    "dentaire": (0.55, 0.80, 1.1, 1.15, 0.75),
    "optique": (0.75, 0.75, 1.15, 1.15, 0.90),
    "audiologie": (0.10, 0.12, 0.50, 2.20, 4.50),
    "autres": (0.30, 0.40, 1.0, 1.80, 3.00),
}
FORMULE_FREQUENCY = (0.96, 1.0, 1.05)

#: Part paid in the month of care, then in each of the five next months.
PAYMENT = {
    "hospitalisation": (0.25, 0.37, 0.20, 0.10, 0.055, 0.025),
    "soins courants": (0.45, 0.38, 0.11, 0.04, 0.014, 0.006),
    "pharmacie": (0.60, 0.32, 0.06, 0.014, 0.004, 0.002),
    "dentaire": (0.30, 0.40, 0.17, 0.08, 0.035, 0.015),
    "optique": (0.33, 0.42, 0.15, 0.06, 0.03, 0.01),
    "audiologie": (0.28, 0.38, 0.19, 0.09, 0.04, 0.02),
    "autres": (0.35, 0.38, 0.16, 0.07, 0.03, 0.01),
}
#: Steadiness of the payments: the larger, the closer each month is to the pattern above.
PAYMENT_STEADINESS = 800.0

#: Smallest average of a line, part of the expected one: an act is never free.
SMALLEST_ACT = 0.05

#: Yearly growth of the amounts, 2017 to 2026; the last one goes on.
GROWTH = {
    "hospitalisation": (1.5, 1.5, 1.0, 1.0, 3.0, 3.5, 8.0, 6.0, 5.5, 5.0),
    "soins courants": (1.0, 1.0, 1.0, 0.5, 1.5, 3.0, 4.0, 5.5, 5.5, 4.5),
    "pharmacie": (-0.5, -0.5, 0.0, 0.0, 1.0, 2.5, 3.5, 3.0, 3.5, 3.5),
    "dentaire": (2.0, 2.0, 1.5, 1.0, 1.5, 3.0, 4.0, 4.0, 4.0, 4.0),
    "optique": (0.5, 0.5, 0.5, 0.5, 3.0, 5.5, 6.0, 5.0, 4.5, 4.0),
    "audiologie": (1.0, 1.0, 1.0, 1.0, 1.5, 2.0, 3.0, 3.0, 3.0, 3.0),
    "autres": (2.5, 2.5, 2.5, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0, 5.0),
}
#: Month-to-month noise of a whole poste, and of a poste in one region (standard deviations of the logarithm).
COMMON_NOISE = 0.012
REGION_NOISE = 0.015


def simulate_month(
    month: pd.Timestamp, heads: np.ndarray, activity: np.ndarray, seed: int, rules: pd.Timestamp
) -> dict[str, np.ndarray]:
    """Every payment for the care of one month.

    Parameters
    ----------
    heads : numpy.ndarray
        Members of each cell.
    activity : numpy.ndarray
        Factor on the acts of each poste.
    rules : pandas.Timestamp
        Month whose reforms are in force: `month`, unless nothing is to happen.

    Returns
    -------
    dict of str to numpy.ndarray
        One item per payment line: `cellule` (row of the cells), `ligne` (position in LINES), `delai` (months from
        care to payment), `actes` and, in EUR not rounded, `frais_reels`, `remboursement_amo`, `prestation`.
    """
    rng = stream(seed, TABLE, month)
    cells = build_cells()
    acts = rng.poisson(_expected_acts(rules, heads, activity, rng))
    paid = rng.multinomial(acts, _payment_parts(rng)[LINE_POSTES][:, None, :])
    ligne, cellule, delai = np.nonzero(paid)
    number = paid[ligne, cellule, delai]
    shape = number / np.array([line.dispersion**2 for line in LINES])[ligne]
    size = number * np.maximum(rng.standard_gamma(shape) / shape, SMALLEST_ACT)
    formule, region = cells["formule"].to_numpy()[cellule], cells["region"].to_numpy()[cellule]
    level = growth(month)[LINE_POSTES][ligne] * _region(2)[region] * size
    frais, amo, amc = amounts(rules)[:, ligne, formule] * level
    keys = {"cellule": cellule, "ligne": ligne, "delai": delai, "actes": number}
    return keys | {"frais_reels": frais, "remboursement_amo": amo, "prestation": amc}


def growth(month: pd.Timestamp) -> np.ndarray:
    """Level of the amounts of each poste at this month, 1 on 1 January 2017."""
    table = np.array([GROWTH[poste] for poste in POSTES]) / 100.0
    years = np.clip(np.arange(month.year - START.year + 1), None, table.shape[1] - 1)
    steps = np.log1p(table[:, years])
    return np.exp(steps[:, :-1].sum(axis=1) + steps[:, -1] * (month.month - 0.5) / 12.0)


def _expected_acts(
    rules: pd.Timestamp, heads: np.ndarray, activity: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Acts expected, lines × cells."""
    cells = build_cells()
    common = np.exp(rng.normal(0.0, COMMON_NOISE, size=len(POSTES)))
    local = np.exp(rng.normal(0.0, REGION_NOISE, size=(len(POSTES), len(REGIONS))))
    level = (activity * common)[:, None] * local * _region(1)[None, :]
    return _yearly_acts() / 12.0 * heads * level[LINE_POSTES][:, cells["region"]] * parts(rules)[:, cells["formule"]]


@functools.cache
def _yearly_acts() -> np.ndarray:
    """Acts per head and year, lines × cells, before the panier, the month and the region."""
    cells = build_cells()
    ages = np.array([AGE_FREQUENCY[line.poste] for line in LINES])[:, cells["tranche_age"]]
    ages = ages / (ages @ cells["poids"].to_numpy())[:, None]
    return ages * np.array([line.frequence for line in LINES])[:, None] * np.array(FORMULE_FREQUENCY)[cells["formule"]]


def _payment_parts(rng: np.random.Generator) -> np.ndarray:
    """Parts paid at each delay, postes × delays, a little different every month."""
    return np.array([rng.dirichlet(PAYMENT_STEADINESS * np.array(PAYMENT[poste])) for poste in POSTES])


def _region(column: int) -> np.ndarray:
    return np.array([values[column] for values in REGIONS.values()])
