"""Two fairer comparisons: as many working days on both sides, and the same groups on both sides."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.descriptive.compare import bounded, compare_periods, comparison_period
from analytics.descriptive.indicator import compute_total
from analytics.descriptive.reduced import categorised, reduced
from analytics.indicators import Indicator, get_indicator, table_of
from analytics.schema import (
    CARE_DIMENSIONS,
    CONTRACT_DIMENSIONS,
    COTISATION_MEASURES,
    PRESTATION_MEASURES,
    Dataset,
    Selection,
    dimensions_of,
)
from analytics.working_days import working_days

#: What 1 % more working days adds to care, by date of care and by date of payment. Measured on Open DAMIR, all French
#: reimbursements, January 2019 to October 2024 (airline model with Covid months apart): 0.62 ± 0.07 and 0.74 ± 0.09.
ELASTICITES = {"soins": 0.62, "paiement": 0.74}
SOURCE_ELASTICITE = "mesuré sur Open DAMIR, ensemble des soins, 2019 à 2024"


@dataclass(frozen=True)
class WorkingDays:
    """A change once both periods have as many working days.

    Attributes
    ----------
    valeur : float
        What the period would have been with the working days of the reference, in the unit of the indicator.
    reference, ecart, evolution : float
        As in `compare_periods`.
    jours, jours_reference : float
        Working days of the two periods.
    elasticite : float
        Effect of 1 % more days, in %.
    raison : str
        Why there is no such change, in French; empty when there is one.
    """

    valeur: float = np.nan
    reference: float = np.nan
    ecart: float = np.nan
    evolution: float = np.nan
    jours: float = np.nan
    jours_reference: float = np.nan
    elasticite: float = np.nan
    raison: str = ""


@dataclass(frozen=True)
class ConstantScope:
    """A change on the groups present on both sides, month by month.

    Attributes
    ----------
    valeur, reference, ecart, evolution : float
        As in `compare_periods`, on those groups alone.
    arrives, partis : int
        Groups left out, for part of the period or all of it, because the other period does not have them.
    montant_arrive, montant_parti : float
        Their weight in the numerator of the period, and of the reference.
    dimensions : tuple of str
        What makes a group.
    raison : str
        Why there is no such change, in French; empty when there is one.
    """

    valeur: float = np.nan
    reference: float = np.nan
    ecart: float = np.nan
    evolution: float = np.nan
    arrives: int = 0
    partis: int = 0
    montant_arrive: float = np.nan
    montant_parti: float = np.nan
    dimensions: tuple[str, ...] = ()
    raison: str = ""

    @property
    def moved(self) -> bool:
        """Whether some group is on one side only."""
        return self.arrives + self.partis > 0


def compare_working_days(dataset: Dataset, key: str, *, selection: Selection) -> WorkingDays:
    """An indicator over the selection, its care brought month by month to the working days of the reference.

    Each month of care is multiplied by (days of the reference month / its own days) to the power of the elasticity;
    premiums and members do not depend on working days.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    key : str
        Indicator or measure.
    selection : Selection
        Period, perimeter and comparison.
    """
    selection = bounded(selection, dataset)
    whole = compare_periods(dataset, key, selection=selection).iloc[0]
    indicator = get_indicator(key, dataset)
    refusal = _no_effect(indicator, dataset) or _no_reference(whole)
    if refusal:
        return WorkingDays(raison=refusal)
    before = comparison_period(selection)
    months, past = (pd.date_range(s.debut, s.fin, freq="MS") for s in (selection, before))
    days, days_past = working_days(months), working_days(past)
    elasticity = ELASTICITES[dataset.date_basis]
    factors = pd.Series((days_past / days) ** elasticity, index=months)
    value = float(compute_total(_scaled(dataset, indicator, selection, factors), key, selection=selection)["valeur"][0])
    reference = float(whole["reference"])
    return WorkingDays(*_change(value, reference), float(days.sum()), float(days_past.sum()), elasticity)


def _is_care(measure: str, dataset: Dataset) -> bool:
    """Whether a measure counts care given: those of the contract, and the amounts that a file adds to care."""
    return measure in PRESTATION_MEASURES or (
        measure not in COTISATION_MEASURES and table_of(measure, dataset) is dataset.prestation
    )


def _no_effect(indicator: Indicator, dataset: Dataset) -> str:
    above = {_is_care(measure, dataset) for measure, _ in indicator.numerator}
    below = {_is_care(measure, dataset) for measure, _ in indicator.denominator}
    if not (above | below) & {True} or (above == below == {True}):
        return "les jours ouvrés n’y changent rien"
    if dataset.date_basis is None:
        return "le fichier ne dit pas si ses mois sont de soins ou de paiement"
    return ""


def _no_reference(whole: pd.Series) -> str:
    return "" if np.isfinite(whole["reference"]) else str(whole["raison"]) or "pas de période de comparaison"


def _scaled(dataset: Dataset, indicator: Indicator, selection: Selection, factors: pd.Series) -> Dataset:
    """The care of a period, each month multiplied by its factor."""
    rows = reduced(dataset.prestation, selection.filtres)
    rows = rows[selection.mask(rows)]
    weight = rows["mois"].map(factors).to_numpy(dtype=float)
    care = {m: rows[m] * weight for m in indicator.measures if m in rows.columns and _is_care(m, dataset)}
    return replace(dataset, prestation=rows.assign(**care))


def compare_constant_scope(dataset: Dataset, key: str, *, selection: Selection) -> ConstantScope:
    """An indicator on the groups present in both periods; what was opened or closed in between is left out.

    Where members or premiums are known by contract dimensions, a group is a combination of them and counts in a month
    when it is covered in that month and in the month it is compared with. Without them a group is one value of a
    dimension, and counts when it has care in both periods: a small crossing without care in a month is no closing.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    key : str
        Indicator or measure.
    selection : Selection
        Period, perimeter and comparison.
    """
    selection = bounded(selection, dataset)
    whole = compare_periods(dataset, key, selection=selection).iloc[0]
    indicator = get_indicator(key, dataset)
    dims, covered = group_dimensions(dataset, indicator)
    refusal = _no_reference(whole) or ("" if dims else "le fichier n’a pas de groupe à suivre d’une période à l’autre")
    if refusal:
        return ConstantScope(dimensions=dims, raison=refusal)
    periods = (selection, comparison_period(selection))
    # Not the premiums: two of them that cancel out still say that a group is covered.
    care = reduced(dataset.prestation, (*dims, *selection.filtres))
    dataset = replace(dataset, prestation=care, cotisation=categorised(dataset.cotisation))
    sides, came, gone = (_same_covered if covered else _same_values)(dataset, dims, periods)
    if not came + gone:
        figures = (float(whole[c]) for c in ("valeur", "reference", "ecart", "evolution"))
        return ConstantScope(*figures, 0, 0, 0.0, 0.0, dims)
    # Each period has rows of its own: periods longer than their shift overlap, and a month is then read twice.
    value, reference = (_figure(s, key, p) for s, p in zip(sides, periods, strict=True))
    figures = _change(value, reference)
    left = [_numerator(dataset, key, p) - _numerator(s, key, p) for s, p in zip(sides, periods, strict=True)]
    reason = "" if np.isfinite(value - reference) else "trop peu de groupes sont présents aux deux périodes"
    return ConstantScope(*figures, came, gone, *left, dims, reason)


def _change(value: float, reference: float) -> tuple[float, float, float, float]:
    """Value, reference, gap and rate of change."""
    gap = value - reference
    return value, reference, gap, gap / reference if reference > 0 else np.nan


def group_dimensions(dataset: Dataset, indicator: Indicator) -> tuple[tuple[str, ...], bool]:
    """What makes a group for the constant scope, and whether its members or premiums are known by it."""
    used = {id(t): t for t in (table_of(m, dataset) for m in indicator.measures) if len(t)}
    tables = list(used.values())
    if not tables:
        return (), False
    shared = set.intersection(*(set(dimensions_of(t)) for t in tables))
    contract = shared & set(dimensions_of(dataset.cotisation)) - set(CARE_DIMENSIONS)
    if contract and _exposure(dataset) is not None:
        return tuple(d for d in dataset.dimensions if d in contract), True
    # Of a column of care that nobody knows, nothing says that its values open or close.
    return tuple(d for d in dataset.dimensions if d in shared & {*CONTRACT_DIMENSIONS, "poste"}), False


def _exposure(dataset: Dataset) -> str | None:
    """Measure that says whether a group is covered in a month."""
    table = dataset.cotisation
    return next((m for m in ("beneficiaires", "cotisation") if m in table.columns), None) if len(table) else None


def _figure(dataset: Dataset, key: str, period: Selection) -> float:
    """Value of an indicator over a period; NaN when no group is left in one of its months."""
    asked = set(pd.date_range(period.debut, period.fin, freq="MS"))
    tables = [(m, table_of(m, dataset)) for m in get_indicator(key, dataset).measures]
    if not all(asked <= set(table["mois"]) for m, table in tables if m in table.columns):
        return np.nan
    return float(compute_total(dataset, key, selection=period)["valeur"].iloc[0])


def _numerator(dataset: Dataset, key: str, period: Selection) -> float:
    value = float(compute_total(dataset, key, selection=period)["numerateur"][0])
    return value if np.isfinite(value) else 0.0


Periods = tuple[Selection, Selection]
Sides = tuple[Dataset, Dataset]


def _same_covered(dataset: Dataset, dims: tuple[str, ...], periods: Periods) -> tuple[Sides, int, int]:
    """Rows of each period of the groups covered in a month and in its like; how many groups came, how many left."""
    tables = {n: getattr(dataset, n) for n in ("cotisation", "prestation")}
    tables = {n: t for n, t in tables.items() if set(dims) <= set(t.columns)}
    places = [(n, side) for n in tables for side in (0, 1)]
    rows = {(n, side): np.flatnonzero(periods[side].without_care().mask(tables[n])) for n, side in places}
    groups = _group_codes([tables[n][list(dims)].iloc[rows[n, side]] for n, side in places], dims)
    span = len(pd.date_range(periods[0].debut, periods[0].fin, freq="MS"))
    slots = {
        (n, side): codes * span + _rank(tables[n]["mois"].iloc[rows[n, side]], periods[side])
        for (n, side), codes in zip(places, groups, strict=True)
    }
    amounts = dataset.cotisation[_exposure(dataset)].fillna(0).to_numpy()
    covered = [np.unique(slots["cotisation", s][amounts[rows["cotisation", s]] != 0]) for s in (0, 1)]
    both = np.intersect1d(*covered)
    came, gone = (len(np.unique(np.setdiff1d(c, both) // span)) for c in covered)
    if not came + gone:
        return (dataset, dataset), 0, 0
    kept = [
        {n: t.iloc[rows[n, side][np.isin(slots[n, side], both)]] for n, t in tables.items()} for side in (0, 1)
    ]  # fmt: skip
    return (replace(dataset, **kept[0]), replace(dataset, **kept[1])), came, gone


def _same_values(dataset: Dataset, dims: tuple[str, ...], periods: Periods) -> tuple[Sides, int, int]:
    """Rows whose every dimension has a value met in both periods; how many values came, how many left."""
    tables = {n: getattr(dataset, n) for n in ("cotisation", "prestation")}
    inside = {n: [p.mask(t) for p in periods] for n, t in tables.items() if len(t)}
    alone: dict[str, set[str]] = {}
    came = gone = 0
    for dimension in dims:
        columns = [(tables[n][dimension], masks) for n, masks in inside.items() if dimension in tables[n].columns]
        met = [{str(v) for c, masks in columns for v in c[masks[side]].dropna().unique()} for side in (0, 1)]
        came, gone = came + len(met[0] - met[1]), gone + len(met[1] - met[0])
        alone[dimension] = met[0] ^ met[1]
    if not came + gone:
        return (dataset, dataset), 0, 0
    kept = {}
    for name, masks in inside.items():
        rows = tables[name][masks[0] | masks[1]]
        for dimension in (d for d in dims if d in rows.columns and alone[d]):
            rows = rows[~rows[dimension].astype("str").isin(alone[dimension])]
        kept[name] = rows
    same = replace(dataset, **kept)
    return (same, same), came, gone


def _rank(months: pd.Series, period: Selection) -> np.ndarray:
    """Rank of each month in its period, from 0."""
    rank = (months.dt.year - period.debut.year) * 12 + months.dt.month - period.debut.month
    return rank.to_numpy(dtype=np.int64)


def _group_codes(frames: list[pd.DataFrame], dims: tuple[str, ...]) -> list[np.ndarray]:
    """Number of the group of each row, the same in every frame; a missing value is a value."""
    cuts = np.cumsum([len(f) for f in frames])[:-1]
    key = np.zeros(sum(len(f) for f in frames), dtype=np.int64)
    for dimension in dims:
        texts = [f[dimension].astype("category") for f in frames]
        levels = pd.Index(sorted({str(v) for t in texts for v in t.cat.categories}))
        codes = [
            np.append(levels.get_indexer(t.cat.categories.astype("str")), -1)[t.cat.codes.to_numpy()] for t in texts
        ]
        key = pd.factorize(key * (len(levels) + 1) + np.concatenate(codes) + 1)[0].astype(np.int64)
    return np.split(key, cuts)
