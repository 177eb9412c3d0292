"""The increase that brings a P/C back to its target, and next year's figures: closed formulas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analytics.errors import ParameterError


@dataclass(frozen=True)
class Projection:
    """Next year of a portfolio.

    Attributes
    ----------
    cotisation : float
        Premiums, EUR.
    sp : float
        Claims over premiums.
    prestation : float
        Claims, EUR: their product, new business being taken at the same ratio.
    """

    cotisation: float
    sp: float
    prestation: float


def redressement(sp: float, derive: float, garanties: float = 0.0, *, cible: float = 1.0) -> float:
    """Increase α that brings claims over premiums to the target: S/P·(1 + d)·(1 + g) / cible − 1.

    Parameters
    ----------
    sp : float
        Current ratio (0.92 = 92 %), on the base that must be balanced.
    derive : float
        Expected growth of claims per head (0.01 = +1 %).
    garanties : float
        Effect of a change of cover on claims.
    cible : float
        Ratio aimed at; 1 balances claims and premiums.

    Raises
    ------
    ParameterError
        A ratio that is not positive, or a change that takes everything away.

    Notes
    -----
    Formula and worked example: actuarial memoir (CNP, 2019), table 4.7, for a target of 100 %.
    """
    _check(sp > 0, "Un ratio S/P est positif.", sp)
    _check(cible > 0, "Une cible de S/P est positive.", cible)
    _check(derive > -1, "Une dérive est supérieure à −100 %.", derive)
    _check(garanties > -1, "Un changement de garanties est supérieur à −100 %.", garanties)
    return sp * (1.0 + derive) * (1.0 + garanties) / cible - 1.0


def project(
    cotisation: float, sp: float, *, chute: float, revalo: float, derive: float, affaires_nouvelles: float = 0.0
) -> Projection:
    """Next year: C·(1 − chute)·(1 + revalo) + affaires nouvelles, and S/P·(1 + dérive) / (1 + revalo).

    Parameters
    ----------
    cotisation : float
        Premiums of the year, EUR.
    sp : float
        Claims over premiums of the year.
    chute : float
        Share of premiums lost, 0 to 1.
    revalo : float
        Increase of premiums (0.05 = +5 %).
    derive : float
        Growth of claims per head.
    affaires_nouvelles : float
        New premiums, EUR.

    Raises
    ------
    ParameterError
        A value out of its range.
    """
    _check(cotisation >= 0, "Une cotisation est positive.", cotisation)
    _check(sp >= 0, "Un ratio S/P est positif.", sp)
    _check(0 <= chute <= 1, "Un taux de chute va de 0 à 100 %.", chute)
    _check(revalo > -1, "Une revalorisation est supérieure à −100 %.", revalo)
    _check(derive > -1, "Une dérive est supérieure à −100 %.", derive)
    _check(affaires_nouvelles >= 0, "Des affaires nouvelles sont positives.", affaires_nouvelles)
    future = cotisation * (1.0 - chute) * (1.0 + revalo) + affaires_nouvelles
    future_sp = sp * (1.0 + derive) / (1.0 + revalo)
    return Projection(future, future_sp, future * future_sp)


def redressement_table(
    categories: pd.DataFrame,
    *,
    derive: float | Mapping[str, float] = 0.0,
    garanties: float | Mapping[str, float] = 0.0,
    cible: float = 1.0,
) -> pd.DataFrame:
    """The increase of each category and of all together, with the amounts that it is made from.

    Parameters
    ----------
    categories : pandas.DataFrame
        categorie, prestation (paid, EUR), cotisation (EUR, on the base that must be balanced); optionally provision
        (care done and not paid yet).
    derive, garanties : float or mapping of categorie to float
        As :func:`redressement`; the whole takes their mean, weighted by the claims.
    cible : float
        Ratio aimed at.

    Returns
    -------
    pandas.DataFrame
        One row by category, then "Ensemble": categorie, prestation, provision, charge (their sum), cotisation, sp,
        derive, garanties, redressement, cotisation_redressee, charge_projetee, sp_projete (the target, by
        construction), solidarite (EUR that the category pays more when all take the increase of the whole: they add up
        to nothing).

    Raises
    ------
    ParameterError
        A column or a category is missing, or an amount is not positive.

    Notes
    -----
    Worked example: actuarial memoir (CNP, 2019), table 4.7: +11,43 %, −9,80 %, −7,00 % together. By category or
    together the total asked is the same: a question of solidarity, not of arithmetic.
    """
    for column in ("categorie", "prestation", "cotisation"):
        if column not in categories.columns:
            raise ParameterError("Une colonne manque au tableau de redressement.", colonne=column)
    _check(len(categories) > 0, "Le tableau de redressement n’a aucune catégorie.", 0)
    table = categories[["categorie", "prestation"]].reset_index(drop=True)
    table["provision"] = categories["provision"].to_numpy(float) if "provision" in categories.columns else 0.0
    table["charge"] = table["prestation"] + table["provision"]
    table["cotisation"] = categories["cotisation"].to_numpy(float)
    for name, given in (("derive", derive), ("garanties", garanties)):
        table[name] = _by_category(table["categorie"], given)
    table["charge_projetee"] = table["charge"] * (1.0 + table["derive"]) * (1.0 + table["garanties"])
    table = pd.concat([table, _together(table)], ignore_index=True)
    table["sp"] = table["charge"] / table["cotisation"]
    table["redressement"] = [
        redressement(*row, cible=cible) for row in table[["sp", "derive", "garanties"]].itertuples(index=False)
    ]
    table["cotisation_redressee"] = table["cotisation"] * (1.0 + table["redressement"])
    table["sp_projete"] = table["charge_projetee"] / table["cotisation_redressee"]
    table["solidarite"] = table["cotisation"] * (table["redressement"].iloc[-1] - table["redressement"])
    order = ["categorie", "prestation", "provision", "charge", "cotisation", "sp", "derive", "garanties"]
    return table[[*order, "redressement", "cotisation_redressee", "charge_projetee", "sp_projete", "solidarite"]]


def _by_category(names: pd.Series, given: float | Mapping[str, float]) -> pd.Series:
    if not isinstance(given, Mapping):
        return pd.Series(float(given), index=names.index)
    found = names.map(given)
    _check(not found.isna().any(), "Une catégorie n’a pas de taux.", float("nan"))
    return found.astype(float)


def _together(table: pd.DataFrame) -> pd.DataFrame:
    """Row of all the categories: its drift and its change of cover give back the sum of the projected claims."""
    sums = table[["prestation", "provision", "charge", "cotisation", "charge_projetee"]].sum()
    drift = float((table["charge"] * table["derive"]).sum() / sums["charge"]) if sums["charge"] > 0 else 0.0
    cover = float(sums["charge_projetee"] / sums["charge"] / (1.0 + drift) - 1.0) if sums["charge"] > 0 else 0.0
    return pd.DataFrame([{"categorie": "Ensemble", **sums, "derive": drift, "garanties": cover}])


def _check(right: bool, message: str, value: float) -> None:
    if not right:
        raise ParameterError(message, valeur=value)
