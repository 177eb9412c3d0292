"""Members and premiums: who joins, who leaves, who grows older, and what they pay."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
import pandas as pd

from data.demo.world import CONTRATS, HEADS, REGIONS, START, build_cells, stream
from data.references import load_market, load_taxes

TABLE = 1

#: Leavers per year, of which this part on 1 January; from the law of 1 December 2020, more of them and more spread.
LAPSE = {"individuel": 0.085, "collectif": 0.075}
DEATHS = (0.0, 0.0, 0.001, 0.008, 0.050)
JANUARY_PART = {False: 0.50, True: 0.35}
INFRA_ANNUAL = pd.Timestamp("2020-12-01")
INFRA_ANNUAL_EFFECT = 0.19
#: More leavers when the rise is above 3 %: two points more leavers in a hundred per point of rise.
PRICE_ANSWER = 2.0
#: Age of the joiners, by contract (births included), and years spent in each band before the next one.
ENTRY_AGES = {"individuel": (0.22, 0.21, 0.25, 0.27, 0.05), "collectif": (0.38, 0.27, 0.315, 0.035, 0.0)}
YEARS_IN_BAND = (20, 20, 20, 15)

#: Yearly premium without tax in 2017, EUR: by formule, then by age band.
TARIFF = {
    "individuel": {
        "Essentielle": (255, 340, 460, 640, 775),
        "Confort": (310, 410, 555, 760, 905),
        "Premium": (400, 540, 735, 965, 1110),
    },
    "collectif": {
        "Essentielle": (240, 330, 375, 505, 545),
        "Confort": (285, 385, 440, 580, 620),
        "Premium": (355, 485, 555, 720, 765),
    },
}
#: Premiums of a region follow two fifths of its level of charges.
REGION_ANSWER = 0.4
#: Management costs, part of the premium in 2017, and yearly change.
MANAGEMENT = {"individuel": 0.218, "collectif": 0.182}
MANAGEMENT_DRIFT = -0.0006
#: Rise of a year that no published figure covers yet.
UNKNOWN_RISE = 0.035


def simulate_members(
    months: pd.DatetimeIndex, seed: int, rules: pd.DatetimeIndex
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Members, joiners and leavers of every cell, month after month; `rules`: month whose law of lapses is in force.

    Yields
    ------
    tuple of numpy.ndarray
        `beneficiaires`, `adhesions`, `resiliations` (integers, one per cell), in the order of `months`. Over the age
        bands, members = members of the month before + joiners − leavers.
    """
    cells = build_cells()
    contrat = cells["contrat"].to_numpy()
    heads = np.round(HEADS * cells["poids"]).astype(np.int64)
    heads = heads.to_numpy()
    entry = _entry_weights(cells)
    for month, rule in zip(months, rules, strict=True):
        rng = stream(seed, TABLE, month)
        leave = rng.binomial(heads, _leaving_rates(month, rule)[contrat, cells["tranche_age"]])
        stay = heads - leave
        older = _grow_older(stay, cells["tranche_age"].to_numpy(), rng)
        replaced = np.bincount(contrat, weights=leave)[contrat] * (HEADS / heads.sum()) ** 2
        join = rng.poisson(replaced * entry)
        heads = stay + older + join
        yield heads, join, leave


def premiums(month: pd.Timestamp, heads: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Premium without tax, tax and management costs of each cell, EUR."""
    cells = build_cells()
    rng = stream(seed, TABLE + 100, month)
    names = np.array(CONTRATS)[cells["contrat"]]
    index = np.array([premium_index(contrat, month.year) for contrat in CONTRATS])[cells["contrat"]]
    level = np.array([charges for _, _, charges in REGIONS.values()])[cells["region"]]
    noise = np.exp(rng.normal(0.0, 0.004, size=len(cells)))
    amount = heads * _tariff(cells) / 12.0 * index * (1 + REGION_ANSWER * (level - 1)) * noise
    rate = np.array([MANAGEMENT[name] for name in names]) + MANAGEMENT_DRIFT * (month.year - START.year)
    management = amount * rate * np.exp(rng.normal(0.0, 0.01, size=len(cells)))
    columns = {"cotisation": amount, "taxes": amount * _tax_rate(month), "frais_gestion": management}
    return {name: np.round(values, 2) for name, values in columns.items()}


@functools.cache
def premium_index(contrat: str, year: int) -> float:
    """Level of the premiums of a year, 1 in 2017: the published rises, one after the other."""
    return 1.0 if year <= START.year else premium_index(contrat, year - 1) * (1 + yearly_rise(contrat, year))


@functools.cache
def yearly_rise(contrat: str, year: int) -> float:
    """Rise of 1 January: that of the contract when it is published, else that of all contracts."""
    market = load_market()
    rises = market[market["indicateur"].isin(["hausse_annoncee", "evolution_cotisations"]) & (market["annee"] == year)]
    rises = rises[rises["perimetre"].isin(["mutuelles", "ensemble OC"])]
    announced = rises[rises["indicateur"] == "hausse_annoncee"]
    rises = announced if len(announced) else rises
    own = rises[rises["contrat"].fillna("").str.startswith(contrat)]
    shared = rises[rises["contrat"].isna()]
    known = own[own["contrat"] != "collectif facultatif"] if len(own) else shared
    return UNKNOWN_RISE if known.empty else float(known["valeur"].iloc[0]) / 100.0


@functools.cache
def _tax_rate(month: pd.Timestamp) -> float:
    taxes = load_taxes()
    applies = (taxes["contrat"] == "responsable") & (taxes["statut"] == "en vigueur") & (taxes["debut"] <= month)
    return float(taxes.loc[applies & (taxes["fin"].isna() | (taxes["fin"] >= month)), "taux"].sum())


def _tariff(cells: pd.DataFrame) -> np.ndarray:
    table = np.array([list(TARIFF[contrat].values()) for contrat in CONTRATS], dtype=float)
    return table[cells["contrat"], cells["formule"], cells["tranche_age"]]


def _entry_weights(cells: pd.DataFrame) -> np.ndarray:
    """Parts of the cells among joiners of a same contract: as at the start, younger."""
    start = cells.groupby(["contrat", "formule", "region"])["poids"].transform("sum").to_numpy()
    ages = np.array([ENTRY_AGES[contrat] for contrat in CONTRATS])[cells["contrat"], cells["tranche_age"]]
    return start * ages / cells.groupby("contrat")["poids"].transform("sum").to_numpy()


def _month_part(month: pd.Timestamp, rules: pd.Timestamp) -> float:
    january = JANUARY_PART[rules >= INFRA_ANNUAL]
    return january if month.month == 1 else (1 - january) / 11.0


def _leaving_rates(month: pd.Timestamp, rules: pd.Timestamp) -> np.ndarray:
    """Probability of leaving in this month, contract × age band."""
    level = 1 + INFRA_ANNUAL_EFFECT * (rules >= INFRA_ANNUAL)
    yearly = [LAPSE[c] * level * (1 + PRICE_ANSWER * (yearly_rise(c, month.year) - 0.03)) for c in CONTRATS]
    return np.array(yearly)[:, None] * _month_part(month, rules) + np.array(DEATHS)[None, :] / 12.0


def _grow_older(heads: np.ndarray, age: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Net movement of each cell when some members reach the next age band (ages are the last key of the cells)."""
    chance = np.array([*(1 / (12.0 * years) for years in YEARS_IN_BAND), 0.0])[age]
    out = rng.binomial(heads, chance)
    return np.where(age > 0, np.roll(out, 1), 0) - out
