"""The demonstration: a seeded simulation of a mutual of 120,000 members, calibrated on published figures.

Nothing here is real. The README of this folder lists the facts planted in it and how to see them.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from analytics.errors import ParameterError
from analytics.schema import Dataset, validate
from data.demo.baskets import LINE_PANIERS, LINE_POSTES
from data.demo.calendar import activity
from data.demo.care import simulate_month
from data.demo.planted import PLANTED, PlantedFact, apply_drift, apply_errors, find_planted
from data.demo.portfolio import premiums, simulate_members
from data.demo.world import AGES, CONTRATS, FORMULES, PANIERS, POSTES, REGIONS, START, build_cells

__all__ = [
    "GENERATOR_VERSION",
    "PLANTED",
    "SEED",
    "SOURCE",
    "PlantedFact",
    "find_planted",
    "generate",
    "last_complete_month",
]

SEED = 20210319
SOURCE = "Mutuelle de démonstration (données simulées)"
#: To be raised with every change that moves a figure: it is part of the fingerprint.
GENERATOR_VERSION = 2

CONTRACT_VALUES = {"contrat": CONTRATS, "formule": FORMULES, "region": tuple(REGIONS), "tranche_age": AGES}
MONEY = ("frais_reels", "remboursement_amo", "prestation")


def generate(
    seed: int = SEED, *, until: str | pd.Timestamp | None = None, planted: bool = True, events: bool = True
) -> Dataset:
    """Simulate the mutual of demonstration from January 2017.

    Parameters
    ----------
    seed : int
        The same seed gives the same mutual.
    until : str or pandas.Timestamp, optional
        Last month of care and of payment, "AAAA-MM" or a date; None = the month before today's. Earlier facts do not
        move when it moves; payments after it are not in the file, so its last months are incomplete.
    planted : bool
        False leaves out the drift and the two errors of data, and changes nothing else.
    events : bool
        False gives a mutual to which nothing ever happens: no lockdown, and the rules of January 2017 throughout (no
        100 % Santé, no AMO cut, no infra-annual lapse). Season, working days, ageing and inflation remain.

    Returns
    -------
    Dataset
        `cotisation`: mois, contrat, formule, region, tranche_age, beneficiaires (person-months), cotisation (EUR
        without tax), taxes, frais_gestion, adhesions, resiliations. `prestation`: mois (care), mois_paiement, the same
        dimensions, poste, panier, actes, frais_reels, remboursement_amo, prestation (EUR).

    Raises
    ------
    ParameterError
        `until` is not a month, or comes before January 2017.
    """
    last = last_complete_month(pd.Timestamp.today()) if until is None else _read_month(until)
    months = pd.date_range(START, last, freq="MS")
    cotisation, prestation = [], []
    rules = months if events else pd.DatetimeIndex([START] * len(months))
    factors, members = activity(months, lockdowns=events), simulate_members(months, seed, rules)
    for month, rule, factor, member in zip(months, rules, factors, members, strict=True):
        cotisation.append(_premium_rows(month, member, seed))
        lines = _care_rows(month, simulate_month(month, member[0], factor, seed, rule), planted=planted)
        prestation.append(lines[lines["mois_paiement"] <= last])
    return validate(
        Dataset(
            cotisation=pd.concat(cotisation, ignore_index=True),
            prestation=pd.concat(prestation, ignore_index=True),
            base="HT",
            date_basis="soins",
            as_of=last,
            source=SOURCE,
            fingerprint=_fingerprint(seed, last, planted, events),
            is_demo=True,
        )
    )


def last_complete_month(today: pd.Timestamp) -> pd.Timestamp:
    """First day of the month before that of `today`."""
    return today.normalize().replace(day=1) - pd.DateOffset(months=1)


def _read_month(until: str | pd.Timestamp) -> pd.Timestamp:
    month = pd.to_datetime(until, errors="coerce")
    if pd.isna(month):
        raise ParameterError("Mois illisible.", valeur=until, remede="Écrivez l’année puis le mois : 2024-12.")
    if month < START:
        raise ParameterError("La démonstration commence en janvier 2017.", valeur=until)
    return pd.Timestamp(month.year, month.month, 1)


def _premium_rows(month: pd.Timestamp, members: tuple[np.ndarray, ...], seed: int) -> pd.DataFrame:
    """Rows of one month of the table of premiums: the cells that have members or movements."""
    heads, join, leave = members
    rows = _dimensions(np.arange(len(heads))) | {"beneficiaires": heads} | premiums(month, heads, seed)
    frame = pd.DataFrame(rows | {"adhesions": join, "resiliations": leave})
    frame.insert(0, "mois", _month_column(month, len(frame)))
    return frame[(heads > 0) | (join > 0) | (leave > 0)]


def _care_rows(month: pd.Timestamp, drawn: dict[str, np.ndarray], *, planted: bool) -> pd.DataFrame:
    """Rows of one month of care: one per month of payment and cell, amounts in whole cents."""
    line = drawn["ligne"]
    paid = month.to_datetime64().astype("datetime64[M]") + drawn["delai"].astype("timedelta64[M]")
    rows = {"mois": _month_column(month, len(line)), "mois_paiement": paid.astype("datetime64[us]")}
    rows |= _dimensions(drawn["cellule"])
    rows["poste"] = pd.Categorical.from_codes(LINE_POSTES[line], list(POSTES))
    rows["panier"] = pd.Categorical.from_codes(LINE_PANIERS[line], list(PANIERS))
    lines = pd.DataFrame(rows | {name: drawn[name] for name in ("actes", *MONEY)})
    lines = _round(apply_drift(month, lines) if planted else lines)
    return apply_errors(lines) if planted else lines


def _round(lines: pd.DataFrame) -> pd.DataFrame:
    """Amounts in whole cents, the charges never below what was refunded."""
    frais, amo, amc = (np.rint(lines[name].to_numpy() * 100) for name in MONEY)
    return lines.assign(
        frais_reels=np.maximum(frais, amo + amc) / 100, remboursement_amo=amo / 100, prestation=amc / 100
    )


def _dimensions(cells: np.ndarray) -> dict[str, pd.Categorical]:
    table = build_cells()
    return {
        name: pd.Categorical.from_codes(table[name].to_numpy()[cells], list(values))
        for name, values in CONTRACT_VALUES.items()
    }


def _month_column(month: pd.Timestamp, size: int) -> np.ndarray:
    return np.full(size, month.to_datetime64(), dtype="datetime64[us]")


def _fingerprint(seed: int, last: pd.Timestamp, planted: bool, events: bool) -> str:
    text = f"paliers-demo|{GENERATOR_VERSION}|{seed}|{last:%Y-%m}|{planted}" + "|sans évènement" * (not events)
    return hashlib.sha256(text.encode()).hexdigest()
