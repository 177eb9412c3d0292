"""Premiums in the three bases: TTC (with taxes), HT (without), nette (HT less loadings).

TTC = HT × (1 + tax); nette = HT × (1 − loading). Each rate is an input with its source, and a tax has its dates: where
the file gives its taxes, they are taken off line by line, whatever the rate of each year.
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
#: Share of the premiums whose tax must be known for the taxes of the file to be used.
MIN_KNOWN = 0.95
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


def tax_refusal(dataset: Dataset) -> str:
    """Why the taxes of the file cannot be used to go from TTC to HT and back, in French; empty when they can."""
    rows = dataset.cotisation
    if not {"taxes", "cotisation"} <= set(rows.columns):
        return "le fichier ne donne pas les taxes"
    premiums = rows["cotisation"].abs()
    whole, known = float(premiums.sum()), float(premiums[rows["taxes"].notna()].sum())
    if not known >= MIN_KNOWN * whole or whole == 0:
        share = f"{known / whole:.0%}".replace("%", "\u202f%") if whole else "aucune part"
        return f"les taxes du fichier ne sont connues que pour {share} des cotisations"
    return "" if rows["taxes"].sum() > 0 else "les taxes du fichier sont toutes nulles"


def file_rates(dataset: Dataset, selection: Selection | None = None) -> Rates:
    """Mean rates of the file itself: its taxes and its management costs over its premiums; NaN where it has none.

    Only the lines that know both sides of a rate count.
    """
    rows = dataset.cotisation
    if dataset.base not in ("TTC", "HT") or "cotisation" not in rows.columns:
        return Rates()
    if selection is not None:
        amounts = [c for c in ("cotisation", "taxes", "frais_gestion") if c in rows.columns]
        rows = rows.loc[selection.without_care().mask(rows), amounts]
    tax = load = np.nan
    if not tax_refusal(replace(dataset, cotisation=rows)):
        known = rows.dropna(subset=["cotisation", "taxes"])
        taxes = float(known["taxes"].sum())
        without = float(known["cotisation"].sum()) - (taxes if dataset.base == "TTC" else 0.0)
        tax = taxes / without if without > 0 and taxes > 0 else np.nan
    if "frais_gestion" in rows.columns and (dataset.base == "HT" or np.isfinite(tax)):
        known = rows.dropna(subset=["cotisation", "frais_gestion"])
        without = float(known["cotisation"].sum()) / (1 + tax if dataset.base == "TTC" else 1.0)
        load = float(known["frais_gestion"].sum()) / without if without > 0 else np.nan
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
    """The same dataset, its premiums in another base; the one place where taxes are taken off or added.

    The taxes of the file are used line by line, unless `rates` brings a tax of another source. A line without tax takes
    the mean rate of its year.

    Parameters
    ----------
    dataset : Dataset
    target : {"TTC", "HT", "nette"}
    rates : Rates
        Its tax serves when the file has none, or when its source is neither empty nor the file.

    Raises
    ------
    ParameterError
        As :func:`convert`; the message says why the taxes of the file cannot be used.
    """
    if target == dataset.base:
        return dataset
    own = rates.source_taxe in ("", FROM_FILE) and "taxes" in dataset.cotisation.columns
    if own and dataset.base in BASES and target in BASES and "TTC" in (dataset.base, target):
        refusal = tax_refusal(dataset)
        if refusal:
            raise ParameterError(f"Conversion impossible : {refusal}.", remede="Indiquez un taux avec sa source.")
        return _by_line(dataset, target, rates)
    ratio = factor(dataset.base, target, rates)
    premiums = dataset.cotisation
    if "cotisation" in premiums.columns:
        premiums = premiums.assign(cotisation=premiums["cotisation"] * ratio)
    return replace(dataset, cotisation=premiums, base=target)


def _by_line(dataset: Dataset, target: str, rates: Rates) -> Dataset:
    """Premiums through HT, with the taxes of each line."""
    rows = dataset.cotisation
    if dataset.base == "TTC":
        without = rows["cotisation"] - _taxes(rows)
        premiums = without * factor("HT", target, rates)
    else:
        without = rows["cotisation"] * factor(dataset.base, "HT", rates)
        premiums = without + _taxes(rows.assign(cotisation=without))
    return replace(dataset, cotisation=rows.assign(cotisation=premiums), base=target)


def _taxes(rows: pd.DataFrame) -> pd.Series:
    """Tax of each line; where it is not told, the mean rate of its year, or of the file, on its premium."""
    known = rows["taxes"].notna() & rows["cotisation"].notna()
    year = rows["mois"].dt.year
    by_year = rows[known].groupby(year[known])[["taxes", "cotisation"]].sum()
    whole = rows.loc[known, ["taxes", "cotisation"]].sum()
    rate = year.map(by_year["taxes"] / by_year["cotisation"].where(by_year["cotisation"] > 0))
    rate = rate.fillna(whole["taxes"] / whole["cotisation"])
    return rows["taxes"].where(rows["taxes"].notna(), rows["cotisation"] * rate)


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
