"""Premiums in the three bases: TTC (with taxes), HT (without), nette (HT less loadings).

TTC = HT × (1 + tax); nette = HT × (1 − loading). Each rate is an input with its source, and a tax has its dates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.errors import ParameterError
from analytics.schema import BASES, Dataset, Selection

#: The tax that is part of the price of a contract; exceptional contributions are borne by the insurer.
BILLED_TAX = "Taxe de solidarité additionnelle"
FROM_FILE = "moyenne de votre fichier"
MISSING_BASE = "la base des cotisations du fichier n’est pas précisée"
DEFINITIONS = {
    "TTC": "Ce que paie l’adhérent, taxes comprises : HT × (1 + taux de taxe).",
    "HT": "Cotisation sans les taxes, base des chiffres de la DREES.",
    "nette": "Cotisation HT sans les chargements (frais de gestion et d’acquisition) : HT × (1 − taux de chargement).",
}


@dataclass(frozen=True)
class Rates:
    """Rates between the bases.

    Attributes
    ----------
    taxe : float
        Tax, as a share of the HT premium (0.1327 = 13,27 %); NaN when unknown.
    chargement : float
        Loadings, as a share of the HT premium; NaN when unknown.
    source_taxe, source_chargement : str
        Where each one comes from, in French.
    """

    taxe: float = np.nan
    chargement: float = np.nan
    source_taxe: str = ""
    source_chargement: str = ""

    def __post_init__(self) -> None:
        if self.taxe <= -1:
            raise ParameterError("Un taux de taxe est supérieur à −100 %.", valeur=self.taxe)
        if self.chargement >= 1:
            raise ParameterError("Un taux de chargement est inférieur à 100 %.", valeur=self.chargement)


def tax_rate(taxes: pd.DataFrame, month: pd.Timestamp, *, contrat: str = "responsable") -> tuple[float, str]:
    """Tax on the price of a contract in a month, and its source.

    Parameters
    ----------
    taxes : pandas.DataFrame
        taxe, contrat, taux, debut, fin, statut, source, as given by the references.
    month : pandas.Timestamp
        Rates are dated: NaN where none is known to be in force.
    contrat : {"responsable", "non responsable"}
        Kind of contract.
    """
    mine = taxes[(taxes["taxe"] == BILLED_TAX) & taxes["contrat"].isin((contrat, "tous"))]
    mine = mine[(mine["statut"] == "en vigueur") & (mine["debut"] <= month)]
    mine = mine[mine["fin"].isna() | (mine["fin"] >= month)]
    if mine.empty:
        return np.nan, ""
    return float(mine["taux"].sum()), " ; ".join(dict.fromkeys(mine["source"]))


def file_rates(dataset: Dataset, selection: Selection | None = None) -> Rates:
    """Mean rates of the file itself: its taxes and its management costs over its premiums; NaN where it has none."""
    rows = dataset.cotisation
    if dataset.base not in ("TTC", "HT") or "cotisation" not in rows.columns:
        return Rates()
    if selection is not None:
        rows = rows[selection.without_care().mask(rows)]
    sums = {m: float(rows[m].sum()) for m in ("cotisation", "taxes", "frais_gestion") if m in rows.columns}
    taxes = sums.get("taxes", np.nan)
    without = sums["cotisation"] - taxes if dataset.base == "TTC" else sums["cotisation"]
    tax = taxes / without if without > 0 and taxes > 0 else np.nan
    if np.isnan(without) or without <= 0:
        return Rates(tax, source_taxe=FROM_FILE if np.isfinite(tax) else "")
    load = sums.get("frais_gestion", np.nan) / without
    load = load if 0 < load < 1 else np.nan
    return Rates(tax, load, FROM_FILE if np.isfinite(tax) else "", FROM_FILE if np.isfinite(load) else "")


def convert(amount: float, *, source: str | None, target: str, rates: Rates) -> float:
    """A premium (number, array or series) from a base to another.

    Raises
    ------
    ParameterError
        Unknown base, or a rate is missing: nothing is assumed.
    """
    return amount * factor(source, target, rates)


def factor(source: str | None, target: str, rates: Rates) -> float:
    """What a premium is multiplied by to go from a base to another.

    Raises
    ------
    ParameterError
        Unknown base, or a rate is missing: nothing is assumed.
    """
    if source is None:
        raise ParameterError(f"Conversion impossible : {MISSING_BASE}.", remede="Indiquez TTC, HT ou nette.")
    for base in (source, target):
        if base not in BASES:
            raise ParameterError("Base de cotisation inconnue.", valeur=base, remede="Choisissez TTC, HT ou nette.")
    if source == target:
        return 1.0
    from_ht = {"HT": 1.0, "TTC": 1.0 + rates.taxe, "nette": 1.0 - rates.chargement}
    found = from_ht[target] / from_ht[source]
    if not np.isfinite(found):
        name = "taxe" if np.isnan(from_ht["TTC"]) and "TTC" in (source, target) else "chargement"
        raise ParameterError(f"Il manque le taux de {name}.", remede="Indiquez-le avec sa source.")
    return found


def convert_dataset(dataset: Dataset, target: str, rates: Rates) -> Dataset:
    """The same dataset, its premiums in another base.

    Raises
    ------
    ParameterError
        As :func:`convert`.
    """
    if target == dataset.base:
        return dataset
    ratio = factor(dataset.base, target, rates)
    premiums = dataset.cotisation
    if "cotisation" in premiums.columns:
        premiums = premiums.assign(cotisation=premiums["cotisation"] * ratio)
    return replace(dataset, cotisation=premiums, base=target)


def by_base(premium: float, spending: float, base: str | None, rates: Rates) -> pd.DataFrame:
    """One premium and its ratio of spending in the three bases.

    Parameters
    ----------
    premium, spending : float
        EUR, over the same period; `premium` in `base`.

    Returns
    -------
    pandas.DataFrame
        base, cotisation, ratio, raison: one row per base, NaN and the reason where a rate is missing.
    """
    rows = []
    for target in BASES:
        try:
            value, reason = convert(premium, source=base, target=target, rates=rates), ""
        except ParameterError as error:
            value, reason = np.nan, error.message
        rows.append((target, value, spending / value if value > 0 else np.nan, reason))
    return pd.DataFrame(rows, columns=["base", "cotisation", "ratio", "raison"])
