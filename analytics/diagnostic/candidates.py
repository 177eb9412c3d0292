"""Series of a dataset that may move with the one explained, none of which is a part of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analytics.descriptive import compute_indicator
from analytics.indicators import extra_measures, get_indicator
from analytics.schema import CARE_DIMENSIONS, COTISATION_MEASURES, MAIN_MEASURES, Dataset, Selection, measures_of
from analytics.working_days import working_days

WORKING_DAYS = "Jours ouvrés"
SENIOR = 60
#: Other postes tried: the largest, since each one brings twenty-six tests.
MAX_POSTES = 5
_FACTOR = "facteur de la décomposition, déjà compté dans l’écart"
_NUMBER, _BELOW = re.compile(r"\d+"), re.compile(r"moins|<|inf", re.IGNORECASE)


@dataclass(frozen=True)
class Candidates:
    """What a series may be compared with.

    Attributes
    ----------
    table : pandas.DataFrame
        One column per candidate, named in French, one row per month; NaN where unknown.
    perimeters : dict of str to mapping
        For each candidate, the filters of the persons it tells of: what « partage » mode looks at.
    left_out : dict of str to str
        Series that are not tried, and why, in French.
    """

    table: pd.DataFrame
    perimeters: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Candidate:
    name: str
    values: pd.Series
    measures: tuple[str, ...] = ()
    is_factor: bool = False
    narrowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def gather_candidates(
    dataset: Dataset, key: str, filtres: Mapping[str, tuple[str, ...]], months: pd.DatetimeIndex
) -> Candidates:
    """Monthly series of a perimeter that may move with an indicator.

    Arrivals and departures of members, what they pay, their age and kind of contract; for one poste, how often and how
    dear the largest others are; the working days; the other measures of the file. Members, acts, what an act is charged
    and what the Sécurité sociale takes of it are factors of an amount: the bridge counts them.

    Parameters
    ----------
    dataset : Dataset
    key : str
        Indicator explained: what shares a sum with it is left out, since they would go together by construction.
    filtres : mapping
        Its perimeter.
    months : pandas.DatetimeIndex
        Complete months.
    """
    explained = set(get_indicator(key, dataset).measures)
    scope = Selection(filtres=filtres)
    tried, left_out = [], {}
    found = (*_cover(dataset, scope), *_care(dataset, scope), *_extras(dataset, scope), *_others(dataset, scope))
    for candidate in found:
        shared = explained.intersection(candidate.measures)
        if shared:
            names = ", ".join(sorted(dataset.label(m).lower() for m in shared))
            left_out[candidate.name] = f"contient la même somme que la série ({names})"
        elif candidate.is_factor and explained.intersection(MAIN_MEASURES):
            left_out[candidate.name] = _FACTOR
        elif candidate.values.notna().any():
            tried.append(candidate)
    table = pd.DataFrame({c.name: c.values.reindex(months) for c in tried}, index=months)
    table[WORKING_DAYS] = working_days(months) if len(months) else np.empty(0)
    for measure in ("actes", "beneficiaires"):
        if measure in (*dataset.prestation.columns, *dataset.cotisation.columns) and measure != key:
            left_out[dataset.label(measure)] = _FACTOR
    if "poste" in dataset.dimensions and "poste" not in filtres:
        left_out["Fréquence et coût de chaque poste"] = "parties de la série elle-même"
    perimeters = {c.name: {**filtres, **c.narrowed} for c in tried}
    return Candidates(table, perimeters, left_out)


def _monthly(dataset: Dataset, key: str, scope: Selection) -> pd.Series:
    return compute_indicator(dataset, key, selection=scope).set_index("mois")["valeur"]


def _over(dataset: Dataset, above: str, below: str, scope: Selection) -> pd.Series:
    """Ratio of two sums, NaN without a positive denominator."""
    total = _monthly(dataset, below, scope)
    return _monthly(dataset, above, scope) / total.where(total > 0)


def _cover(dataset: Dataset, scope: Selection) -> Iterator[_Candidate]:
    """Who is covered and what they pay; filters on care say nothing of them."""
    present, whole = set(measures_of(dataset.cotisation)), scope.without_care()
    for measure in (m for m in ("adhesions", "resiliations") if m in present):
        yield _Candidate(dataset.label(measure), _monthly(dataset, measure, whole), (measure,))
    if {"beneficiaires", "cotisation"} <= present:
        measures = ("cotisation", "beneficiaires")
        yield _Candidate("Cotisation par tête", _over(dataset, *measures, whole), measures)
    if "beneficiaires" in present:
        shares = (("tranche_age", f"Part des {SENIOR} ans et plus", _is_senior),
                  ("contrat", "Part du collectif", lambda label: label.lower().startswith("coll")))  # fmt: skip
        for dimension, name, is_inside in shares:
            if dimension in dataset.cotisation.columns and dimension not in scope.filtres:
                yield from _share(dataset, dimension, name, is_inside, whole)


def _share(dataset: Dataset, dimension: str, name: str, is_inside, scope: Selection) -> Iterator[_Candidate]:
    """Share of the members within some values of a dimension; nothing when it holds none or all."""
    by = compute_indicator(dataset, "beneficiaires", by=(dimension,), selection=scope)
    chosen = tuple(v for v in by[dimension].unique() if is_inside(dataset.value_label(dimension, v)))
    if 0 < len(chosen) < by[dimension].nunique():
        total = by.groupby("mois")["valeur"].sum(min_count=1)
        inside = by[by[dimension].isin(chosen)].groupby("mois")["valeur"].sum(min_count=1)
        share = inside.reindex(total.index) / total.where(total > 0)
        yield _Candidate(name, share, ("beneficiaires",), narrowed={dimension: chosen})


def _is_senior(label: str) -> bool:
    """Whether a band of ages begins at 60 or later: « 60-74 », « 75 et + », not « moins de 60 »."""
    found = _NUMBER.search(label)
    return found is not None and not _BELOW.search(label) and int(found.group()) >= SENIOR


def _care(dataset: Dataset, scope: Selection) -> Iterator[_Candidate]:
    """What an act is charged, and the share of it that the Sécurité sociale pays."""
    present = set(measures_of(dataset.prestation))
    ratios = (("Frais réels par acte", "frais_reels", "actes"),
              ("Part remboursée par l’AMO", "remboursement_amo", "frais_reels"))  # fmt: skip
    for name, above, below in ratios:
        if {above, below} <= present:
            yield _Candidate(name, _over(dataset, above, below, scope), (above, below), is_factor=True)


def _extras(dataset: Dataset, scope: Selection) -> Iterator[_Candidate]:
    """Measures that only this file has."""
    own = [m for m in measures_of(dataset.cotisation) if m in dataset.labels and m not in COTISATION_MEASURES]
    for measure, inside in (*((m, scope.without_care()) for m in own), *((m, scope) for m in extra_measures(dataset))):
        yield _Candidate(dataset.label(measure), _monthly(dataset, measure, inside), (measure,))


def _others(dataset: Dataset, scope: Selection) -> Iterator[_Candidate]:
    """Frequency and cost of the largest postes outside the one explained."""
    if "poste" not in scope.filtres or "poste" not in dataset.prestation.columns or dataset.main_measure is None:
        return
    around = Selection(filtres={d: v for d, v in scope.filtres.items() if d not in CARE_DIMENSIONS})
    main = compute_indicator(dataset, dataset.main_measure, by=("poste",), selection=around)
    sizes = main.groupby("poste")["valeur"].sum().drop(list(scope.filtres["poste"]), errors="ignore")
    largest = sizes.sort_values(ascending=False, kind="stable").index[:MAX_POSTES]
    for name, key in (("Fréquence", "frequence"), ("Coût moyen", "cout_moyen")):
        table = compute_indicator(dataset, key, by=("poste",), selection=around)
        if table["valeur"].isna().all():
            continue
        wide = table.pivot(index="mois", columns="poste", values="valeur")
        for poste in (p for p in largest if p in wide.columns):
            yield _Candidate(f"{name} : {dataset.value_label('poste', poste)}", wide[poste])
