"""What an act of care costs and who pays it, line by line, and how the reforms changed it.

A line is a poste and a panier. Amounts are those of the formule Confort at prices of 2017, per act.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from data.demo.world import FORMULES, PANIERS, POSTES


class Line(NamedTuple):
    """Poste, panier, yearly acts per head of the poste, amounts of one act, cover by formule, spread of the amounts."""

    poste: str
    panier: str
    frequence: float
    frais: float
    amo: float
    amc: float
    couverture: tuple[float, float, float]
    dispersion: float


LINES = (
    Line("hospitalisation", "sans panier", 0.290, 2000.0, 1660.0, 300.0, (0.85, 1.0, 1.25), 1.6),
    Line("soins courants", "sans panier", 10.6, 33.0, 21.5, 8.6, (0.90, 1.0, 1.18), 1.0),
    Line("pharmacie", "sans panier", 7.9, 38.5, 29.5, 7.6, (0.97, 1.0, 1.03), 1.2),
    Line("dentaire", "100 % Santé", 1.31, 385.0, 90.0, 295.0, (1.0, 1.0, 1.0), 0.5),
    Line("dentaire", "maîtrisé", 1.31, 46.0, 28.0, 13.0, (1.0, 1.0, 1.05), 0.8),
    Line("dentaire", "libre", 1.31, 530.0, 75.0, 190.0, (0.60, 1.0, 1.55), 0.5),
    Line("optique", "100 % Santé", 0.320, 115.0, 18.0, 97.0, (1.0, 1.0, 1.0), 0.4),
    Line("optique", "libre", 0.320, 370.0, 4.0, 161.0, (0.60, 1.0, 1.45), 0.5),
    Line("audiologie", "100 % Santé", 0.0137, 950.0, 240.0, 710.0, (1.0, 1.0, 1.0), 0.3),
    Line("audiologie", "libre", 0.0137, 1500.0, 180.0, 560.0, (0.65, 1.0, 1.40), 0.4),
    Line("autres", "sans panier", 0.318, 200.0, 104.0, 78.0, (0.80, 1.0, 1.30), 1.5),
)
POSITION = {(line.poste, line.panier): place for place, line in enumerate(LINES)}

#: Positions of the poste and of the panier of each line in the tuples of the world.
LINE_POSTES = np.array([POSTES.index(line.poste) for line in LINES])
LINE_PANIERS = np.array([PANIERS.index(line.panier) for line in LINES])

#: What the patient is charged, by formule: a better cover goes with dearer care.
CHARGED = (0.97, 1.0, 1.06)
#: The basket without charge attracts fewer of the best covered.
ATTRACTION = (1.20, 1.0, 0.80)

#: Part of the acts of the poste in each panier, from this month on.
DENTAL_PARTS = {
    "2017-01": {"100 % Santé": 0.0, "maîtrisé": 0.820, "libre": 0.180},
    "2020-01": {"100 % Santé": 0.089, "maîtrisé": 0.815, "libre": 0.096},
    "2021-01": {"100 % Santé": 0.1075, "maîtrisé": 0.810, "libre": 0.0825},
    "2026-01": {"100 % Santé": 0.1175, "maîtrisé": 0.810, "libre": 0.0725},
}
OPTICAL_PARTS = {
    "2017-01": {"100 % Santé": 0.0, "libre": 1.0},
    "2020-01": {"100 % Santé": 0.156, "libre": 0.844},
    "2021-01": {"100 % Santé": 0.169, "libre": 0.831},
}
HEARING_PARTS = {
    "2017-01": {"100 % Santé": 0.0, "libre": 1.0},
    "2020-01": {"100 % Santé": 0.12, "libre": 0.88},
    "2021-01": {"100 % Santé": 0.39, "libre": 0.61},
}
#: More people cared for after the reform: factor on the acts of the poste, from this month on.
TAKE_UP = {
    "optique": {"2017-01": 1.0, "2020-01": 1.06},
    "audiologie": {"2017-01": 1.0, "2020-01": 1.03, "2021-01": 1.44},
}
DENTAL_AMO_CUT = pd.Timestamp("2023-10-01")


def parts(month: pd.Timestamp) -> np.ndarray:
    """Acts of each line per act of its poste in 2017, lines × formules."""
    table = np.ones((len(LINES), len(FORMULES)))
    for poste, calendar in (("dentaire", DENTAL_PARTS), ("optique", OPTICAL_PARTS), ("audiologie", HEARING_PARTS)):
        current = _in_force(calendar, month)
        free = np.array(ATTRACTION) * current["100 % Santé"]
        for panier, part in current.items():
            moved = {"100 % Santé": free, "libre": part + current["100 % Santé"] - free}.get(panier, part)
            table[POSITION[poste, panier]] = moved * _in_force(TAKE_UP.get(poste, {"2017-01": 1.0}), month)
    return table


def amounts(month: pd.Timestamp) -> np.ndarray:
    """Charges, AMO and AMC of one act, 3 × lines × formules, at prices of 2017 and under the rules of the month."""
    charged = np.array([[line.frais * level for level in CHARGED] for line in LINES])
    amo = np.array([[line.amo] * len(FORMULES) for line in LINES])
    amc = np.array([[line.amc * cover for cover in line.couverture] for line in LINES])
    _apply_reforms(month, charged, amo, amc)
    for line in (line for line in LINES if line.panier == "100 % Santé"):
        place = POSITION[line.poste, line.panier]
        charged[place] = amo[place] + amc[place] + (250.0 if _hearing_in_2020(line, month) else 0.0)
    return np.array([charged, amo, np.minimum(amc, charged - amo)])


def _apply_reforms(month: pd.Timestamp, charged: np.ndarray, amo: np.ndarray, amc: np.ndarray) -> None:
    """Change the amounts in place: each rule from its own date on."""
    dental, hearing = POSITION["dentaire", "100 % Santé"], POSITION["audiologie", "100 % Santé"]
    if month < pd.Timestamp("2021-01-01"):
        amo[dental], amc[dental] = 84.0, 240.0  # crowns and bridges only: dentures, dearer, join in 2021
        amo[hearing], amc[hearing] = 210.0, 640.0
    if month >= pd.Timestamp("2020-01-01"):
        amc[POSITION["optique", "libre"]] *= 0.96  # frames refunded up to 100 € instead of 150 €
    if month >= pd.Timestamp("2026-01-01"):
        amc[dental] *= 1.03
    if month >= DENTAL_AMO_CUT:
        moved = (0.5 if month == DENTAL_AMO_CUT else 1.0) / 7.0  # 70 % to 60 %, from the 15th
        rows = [place for (poste, _), place in POSITION.items() if poste == "dentaire"]
        amc[rows] += amo[rows] * moved
        amo[rows] *= 1 - moved


def _hearing_in_2020(line: Line, month: pd.Timestamp) -> bool:
    return line.poste == "audiologie" and month < pd.Timestamp("2021-01-01")


def _in_force(calendar: dict[str, object], month: pd.Timestamp) -> object:
    return calendar[max(date for date in calendar if pd.Timestamp(date) <= month)]
