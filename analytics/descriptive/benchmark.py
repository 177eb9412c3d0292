"""The user's own figures in the terms of the published ones: same year, premiums without tax."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.bases import Rates, convert_dataset, tax_refusal
from analytics.descriptive.indicator import compute_indicator, refuse
from analytics.descriptive.lines import codes_of, lines_of
from analytics.descriptive.memory import remember
from analytics.descriptive.reduced import add_known, months_of
from analytics.french import format_percent
from analytics.indicators import get_indicator, table_of
from analytics.schema import Dataset, Selection

#: Published figures that a dataset can be measured against, and the measures each needs.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "retour_sur_cotisations": ("prestation", "cotisation"),
    "evolution_cotisations": ("cotisation",),
    "evolution_prestations": ("prestation",),
    "charges_gestion": ("frais_gestion", "cotisation"),
}
#: Those whose premiums must be without tax; a growth is the same with a tax whose rate does not move.
NET_OF_TAX = ("retour_sur_cotisations", "charges_gestion")


@dataclass(frozen=True)
class Premiums:
    """Premiums without tax, or why there are none.

    Attributes
    ----------
    dataset : Dataset
        With premiums without tax when `matched`, else as given.
    matched : bool
    phrase : str
        How they were obtained, or what is missing, in French.
    """

    dataset: Dataset
    matched: bool
    phrase: str


def without_tax(dataset: Dataset, *, rates: Rates | None = None, base: str | None = None) -> Premiums:
    """Premiums on the base of the published figures.

    Parameters
    ----------
    dataset : Dataset
    rates : Rates, optional
        Tax that the user says to take off premiums with tax, when the file does not give it.
    base : {"TTC", "HT"}, optional
        What the user says of premiums whose base is not told by the file.
    """
    told = dataset.base or base
    if told == "HT":
        words = "hors taxes" if dataset.base else "lues hors taxes, comme vous l’avez indiqué"
        return Premiums(replace(dataset, base="HT"), True, f"Vos cotisations sont {words}.")
    refusal = tax_refusal(dataset)
    if told == "TTC" and not refusal:
        words = "Vos cotisations TTC sont converties hors taxes : cotisations − taxes de votre fichier."
        return Premiums(convert_dataset(replace(dataset, base="TTC"), "HT", Rates()), True, words)
    if told == "TTC" and rates is not None and np.isfinite(rates.taxe):
        words = f"divisées par 1 + {format_percent(rates.taxe, 2)} ({rates.source_taxe})"
        net = convert_dataset(replace(dataset, base="TTC"), "HT", rates)
        return Premiums(net, True, f"Vos cotisations TTC sont converties hors taxes : {words}.")
    if told == "TTC":
        why = f" : {refusal}" if "taxes" in dataset.cotisation.columns else ""
        return Premiums(dataset, False, f"Vos cotisations sont TTC, celles du marché hors taxes{why}.")
    if told == "nette":
        return Premiums(
            dataset, False,
            "Vos cotisations sont nettes de chargements, celles du marché hors taxes et chargements compris : sans le "
            "taux de chargement, elles ne se convertissent pas.",
        )  # fmt: skip
    return Premiums(dataset, False, "La base de vos cotisations n’est pas précisée ; celles du marché sont hors taxes.")


def own_figures(
    premiums: Premiums, years: Iterable[int], *, known: pd.DatetimeIndex, filtres: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """Published indicators recomputed on a dataset, by civil year.

    Parameters
    ----------
    premiums : Premiums
        From :func:`without_tax`.
    years : iterable of int
    known : pandas.DatetimeIndex
        Months known well enough to be compared.
    filtres : mapping
        Perimeter.

    Returns
    -------
    pandas.DataFrame
        `indicateur`, `annee`, `valeur` (rate), `raison` (French; "" when there is a value).
    """
    rows, known_years = [], _whole_years(known)
    for indicateur, measures in NEEDS.items():
        sums = _by_year(premiums.dataset, indicateur, measures, filtres)
        for year in sorted(set(years)):
            value, reason = _own(premiums, indicateur, measures, year, known_years, sums)
            rows.append({"indicateur": indicateur, "annee": year, "valeur": value, "raison": reason})
    return pd.DataFrame(rows, columns=["indicateur", "annee", "valeur", "raison"])


def own_shares(
    dataset: Dataset, key: str, names: Mapping[str, str], year: int, *, known: pd.DatetimeIndex,
    filtres: Mapping[str, tuple[str, ...]],
) -> pd.DataFrame:  # fmt: skip
    """Share of each published poste in a year of a dataset.

    Parameters
    ----------
    dataset : Dataset
    key : {"part_poste", "part_financee"}
        Of the benefits of all postes, or of what the care of the poste cost.
    names : mapping of str to str
        Published poste of the values of `poste`.
    year : int
    known, filtres
        As in :func:`own_figures`.

    Returns
    -------
    pandas.DataFrame
        `poste` (published word), `valeur` (rate), `raison`.
    """
    needed = ("prestation",) if key == "part_poste" else ("prestation", "frais_reels")
    reason = _refusal(dataset, needed, (year,), _whole_years(known))
    if not reason and "poste" not in dataset.prestation.columns:
        reason = f"il manque la colonne « {dataset.label('poste')} »"
    postes = sorted(set(names.values()))
    if reason:
        return pd.DataFrame({"poste": postes, "valeur": np.nan, "raison": reason})
    sums = {m: _by_poste(dataset, m, _year(year, filtres)) for m in needed}
    whole = np.nansum(list(sums["prestation"].values()))
    values = []
    for poste in postes:
        own = [value for value in sums["prestation"] if names.get(value) == poste]
        paid, below = _added(sums["prestation"], own), whole
        if key == "part_financee":
            below = _added(sums["frais_reels"], own)
        values.append(paid / below if below > 0 else np.nan)
    reasons = ["aucune valeur dans ce périmètre" if np.isnan(value) else "" for value in values]
    return pd.DataFrame({"poste": postes, "valeur": values, "raison": reasons})


def _by_poste(dataset: Dataset, measure: str, period: Selection) -> dict[str, float]:
    """Sum of a measure for each poste met in a period; NaN when none of its lines is known, or when it is refused."""
    care = dataset.prestation
    lines = lines_of(care, period)
    codes, values = codes_of(care, "poste")
    amounts, codes = care[measure].to_numpy(dtype=float, na_value=np.nan)[lines], codes[lines]
    if refuse(get_indicator(measure, dataset), dataset, ("poste",), period):
        amounts = np.full(len(lines), np.nan)
    known = ~np.isnan(amounts)
    lines_known, lines_met = (np.bincount(kept, minlength=len(values) + 1) for kept in (codes[known], codes))
    sums = np.bincount(codes[known], weights=amounts[known], minlength=len(values) + 1)
    found = zip(values, np.where(lines_known > 0, sums, np.nan), lines_met, strict=False)  # what has no poste is last
    return {str(value): float(total) for value, total, met in found if met}


def _added(sums: Mapping[str, float], names: Iterable[str]) -> float:
    return add_known(np.array([sums[name] for name in names], dtype=float))


#: For a year: numerator, denominator, and why a month of it has no value.
Sums = Mapping[int, tuple[float, float, str]]
NOTHING = (np.nan, np.nan, "")


def _by_year(
    dataset: Dataset, indicateur: str, measures: tuple[str, ...], filtres: Mapping[str, tuple[str, ...]]
) -> Sums:
    """Sums of each civil year met, one reading of the months for all of them."""
    if any(m not in table_of(m, dataset).columns for m in measures):
        return {}
    key = {"retour_sur_cotisations": "ratio_pc", "charges_gestion": "taux_frais_gestion"}.get(indicateur, measures[0])
    monthly = compute_indicator(dataset, key, selection=Selection(filtres=dict(filtres)))
    years = pd.DatetimeIndex(monthly["mois"]).year
    above, below = (monthly[c].to_numpy(dtype=float) for c in ("numerateur", "denominateur"))
    reasons = monthly["raison"].to_numpy(dtype=object)
    return {
        int(year): (add_known(above[years == year]), add_known(below[years == year]), max(reasons[years == year]))
        for year in years.dropna().unique()
    }


def _own(
    premiums: Premiums, indicateur: str, measures: tuple[str, ...], year: int, known: frozenset[int], sums: Sums
) -> tuple[float, str]:
    grows = indicateur.startswith("evolution")
    reason = _refusal(premiums.dataset, measures, (year - 1, year) if grows else (year,), known)
    if not reason and indicateur in NET_OF_TAX and not premiums.matched:
        reason = "base des cotisations différente"
    above, below, told = sums.get(year, NOTHING)
    reason = reason or told
    if reason:
        return np.nan, reason
    below = sums.get(year - 1, NOTHING)[0] if grows else below
    value = above / below if below > 0 else np.nan
    return float(value - grows), "" if np.isfinite(value) else "aucun montant à rapporter dans ce périmètre"


def _refusal(dataset: Dataset, measures: tuple[str, ...], years: tuple[int, ...], known: frozenset[int]) -> str:
    """Why these years cannot be measured; "" when they can."""
    missing = [m for m in measures if m not in table_of(m, dataset).columns]
    if missing:
        return f"il manque la colonne « {dataset.label(missing[0])} »"
    for year in years:
        if any(year not in _years_of(table_of(measure, dataset)) for measure in measures):
            return f"vos données n’ont pas toute l’année {year}"
        if year not in known:
            return f"les derniers mois de {year} ne sont pas encore assez connus"
    return ""


def _years_of(frame: pd.DataFrame) -> frozenset[int]:
    return remember(frame, "whole years", lambda: _whole_years(months_of(frame)))


def _whole_years(months: Iterable[pd.Timestamp]) -> frozenset[int]:
    """Years of which every month is there."""
    met = Counter(month.year for month in set(months))
    return frozenset(year for year, count in met.items() if count == 12)


def _year(year: int, filtres: Mapping[str, tuple[str, ...]]) -> Selection:
    return Selection(pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 1), dict(filtres))
