"""Any indicator by any dimensions, recomputed from sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
import pandas as pd

from analytics.descriptive.lines import bounds, lines_of
from analytics.descriptive.reduced import monthly_of, reduced
from analytics.errors import ParameterError
from analytics.indicators import Indicator, Term, get_indicator, missing_measures, table_of
from analytics.schema import CARE_DIMENSIONS, Dataset, Selection

COLUMNS = ("valeur", "numerateur", "denominateur", "raison")
NO_VALUE, ABSENT, NULL = "aucune valeur dans ce périmètre", "dénominateur absent", "dénominateur nul"


@dataclass(frozen=True)
class Total:
    """One value of an indicator, as in `compute_total`."""

    valeur: float = np.nan
    numerateur: float = np.nan
    denominateur: float = np.nan
    raison: str = ""


def compute_indicator(
    dataset: Dataset, key: str, *, by: tuple[str, ...] = (), selection: Selection | None = None
) -> pd.DataFrame:
    """Monthly values of an indicator.

    Parameters
    ----------
    dataset : Dataset
        The two fact tables.
    key : str
        Key of :data:`analytics.indicators.INDICATORS`, or an extra measure of the dataset.
    by : tuple of str
        Dimensions to split by.
    selection : Selection, optional
        Months and values to keep.

    Returns
    -------
    pandas.DataFrame
        Columns `by`…, mois, valeur, numerateur, denominateur, raison; one row per group and month met. `valeur` is in
        the unit of the indicator; it is NaN, with the reason in French, when it cannot be computed.

    Raises
    ------
    ParameterError
        Unknown indicator or dimension.
    """
    return _compute(dataset, key, (*by, "mois"), selection or Selection())


def compute_total(
    dataset: Dataset, key: str, *, by: tuple[str, ...] = (), selection: Selection | None = None
) -> pd.DataFrame:
    """Value of an indicator over all the months of the selection: same columns as `compute_indicator`, without mois."""
    return _compute(dataset, key, tuple(by), selection or Selection())


def total_of(dataset: Dataset, key: str, selection: Selection) -> Total:
    """The one value of `compute_total` without dimensions."""
    indicator = get_indicator(key, dataset)
    refusal = refuse(indicator, dataset, (), selection)
    return Total(raison=refusal) if refusal else evaluate(indicator, dataset, partial(_total, dataset, selection))


def evaluate(indicator: Indicator, dataset: Dataset, sum_of: Callable[[str], float]) -> Total:
    """An indicator from the sum of each of its measures, NaN for one without value."""
    above = _weigh(indicator.numerator, dataset, sum_of)
    if not indicator.denominator:
        return Total(above, above, np.nan, NO_VALUE if np.isnan(above) else "")
    below = _weigh(indicator.denominator, dataset, sum_of)
    reason = NULL if below == 0 else ABSENT if np.isnan(below) else NO_VALUE if np.isnan(above) else ""
    return Total(above / below if below != 0 else np.nan, above, below, reason)


def scope_of(measure: str, selection: Selection) -> Selection:
    """What a selection keeps of a measure: who is covered does not depend on care."""
    return selection.without_care() if measure == "beneficiaires" else selection


def _compute(dataset: Dataset, key: str, keys: tuple[str, ...], selection: Selection) -> pd.DataFrame:
    indicator = get_indicator(key, dataset)
    unknown = [k for k in keys if k != "mois" and k not in dataset.dimensions]
    if unknown:
        raise ParameterError(
            "Dimension absente des données.",
            colonne=unknown[0],
            remede=f"Dimensions présentes : {', '.join(dataset.dimensions) or 'aucune'}.",
        )
    refusal = refuse(indicator, dataset, keys, selection)
    if refusal:
        return _refused(dataset, keys, selection, refusal)
    if not keys:
        total = evaluate(indicator, dataset, partial(_total, dataset, selection))
        return pd.DataFrame({column: [getattr(total, column)] for column in COLUMNS})
    if keys == ("mois",):
        return _by_month(dataset, indicator, selection)
    numerator = _weighted_sum(dataset, indicator.numerator, keys, selection)
    if indicator.denominator:
        table = _join(numerator, _weighted_sum(dataset, indicator.denominator, keys, selection))
        table["valeur"] = table["numerateur"] / table["denominateur"].where(table["denominateur"] != 0)
    else:
        table = numerator.to_frame("numerateur").assign(denominateur=np.nan)
        table["valeur"] = table["numerateur"]
    below = table["denominateur"].to_numpy() if indicator.denominator else None
    table["raison"] = _reasons(table["numerateur"].to_numpy(), below)
    return table.reset_index()[[*keys, *COLUMNS]]


def _weigh(terms: tuple[Term, ...], dataset: Dataset, sum_of: Callable[[str], float]) -> float:
    """Σ weight × measure; NaN as soon as one of them has no value."""
    parts = [sum_of(m) * w for m, w in terms if _has(dataset, m)]
    return sum(parts[1:], start=parts[0])


def _total(dataset: Dataset, selection: Selection, measure: str) -> float:
    scope = scope_of(measure, selection)
    return monthly_of(table_of(measure, dataset), scope.filtres).total(scope, measure)


def _by_month(dataset: Dataset, indicator: Indicator, selection: Selection) -> pd.DataFrame:
    """The months met by the numerator or the denominator, without going through tables."""
    months, above = _weighted_months(dataset, indicator.numerator, selection)
    value, below = above, np.full(len(months), np.nan)
    if indicator.denominator:
        others, below = _weighted_months(dataset, indicator.denominator, selection)
        months, (above, below) = _align([(months, above), (others, below)])
        value = np.divide(above, below, out=np.full(len(months), np.nan), where=below != 0)
    reasons = _reasons(above, below if indicator.denominator else None)
    columns = {"mois": months, "valeur": value, "numerateur": above, "denominateur": below, "raison": reasons}
    return pd.DataFrame(columns)


def _weighted_months(dataset: Dataset, terms: tuple[Term, ...], selection: Selection) -> tuple[np.ndarray, np.ndarray]:
    """Months met and Σ weight × measure of each; NaN as soon as one of them has no value."""
    parts = []
    for measure, weight in terms:
        if _has(dataset, measure):
            scope = scope_of(measure, selection)
            months, sums = monthly_of(table_of(measure, dataset), scope.filtres).between(scope, measure)
            parts.append((months, sums * weight))
    months, sums = _align(parts)
    return months, sum(sums[1:], start=sums[0])


def _align(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Every month met, and each series on them, NaN where it has none."""
    first = parts[0][0]
    if all(np.array_equal(first, months) for months, _ in parts):
        return first, [values for _, values in parts]
    every = reduce(np.union1d, (months for months, _ in parts))
    return every, [_spread(every, months, values) for months, values in parts]


def _spread(every: np.ndarray, months: np.ndarray, values: np.ndarray) -> np.ndarray:
    if len(months) == len(every):
        return values
    spread = np.full(len(every), np.nan)
    spread[np.searchsorted(every, months)] = values
    return spread


def refuse(indicator: Indicator, dataset: Dataset, keys: tuple[str, ...], selection: Selection) -> str:
    """Why this indicator cannot be computed for those keys and filters, in French; empty when it can."""
    missing = missing_measures(indicator, dataset)
    if missing:
        names = ", ".join(f"« {dataset.label(m)} »" for m in missing)
        return f"il manque la colonne {names}" if len(missing) == 1 else f"il manque les colonnes {names}"
    used = dict.fromkeys(k for k in (*keys, *selection.filtres) if k != "mois")  # in order: the first one is named
    for measure in indicator.measures:
        if measure in indicator.optional and measure not in table_of(measure, dataset).columns:
            continue
        table = table_of(measure, dataset)
        for dimension in used:
            by_care = measure == "beneficiaires" and dimension in CARE_DIMENSIONS
            if (by_care and indicator.denominator) or (dimension in table.columns and not by_care):
                continue  # a member is exposed to every poste: the exposure of a poste is that of its cell
            return f"« {dataset.label(measure)} » n’est pas ventilé par {dataset.label(dimension).lower()}"
    return ""


def _refused(dataset: Dataset, keys: tuple[str, ...], selection: Selection, refusal: str) -> pd.DataFrame:
    """The groups and months met, each with the reason instead of a value."""
    frames = (dataset.prestation, dataset.cotisation)
    whole = next((f for f in frames if len(f) and set(keys) <= set(f.columns)), None)
    if keys == ("mois",) and whole is not None:
        mois = monthly_of(whole, selection.filtres).mois
        rows = pd.DataFrame({"mois": mois[bounds(mois, selection)]})
    elif keys and whole is not None:
        whole = reduced(whole, (*keys, *selection.filtres))
        rows = whole.loc[selection.mask(whole), list(keys)].drop_duplicates()
        rows = rows.astype({k: "str" for k in keys if k != "mois"}).sort_values(list(keys), ignore_index=True)
    else:
        rows = pd.DataFrame({k: pd.Series([None]) for k in keys}, index=pd.RangeIndex(1))
    return rows.assign(valeur=np.nan, numerateur=np.nan, denominateur=np.nan, raison=refusal)[[*keys, *COLUMNS]]


def _weighted_sum(dataset: Dataset, terms: tuple[Term, ...], keys: tuple[str, ...], selection: Selection) -> pd.Series:
    """Σ weight × measure by keys; care keys, that the exposure does not have, are spread over by `_join`."""
    parts = []
    for measure, weight in terms:
        if not _has(dataset, measure):
            continue  # an optional measure
        present = [k for k in keys if not (measure == "beneficiaires" and k in CARE_DIMENSIONS)]
        parts.append(_group_sum(_rows(dataset, measure, present, selection), present, measure) * weight)
    total = parts[0]
    for part in parts[1:]:
        total = total.add(part)
    return total


def _has(dataset: Dataset, measure: str) -> bool:
    return measure in table_of(measure, dataset).columns


def _rows(dataset: Dataset, measure: str, keys: Sequence[str], selection: Selection) -> pd.DataFrame:
    """Keys and amounts of a measure inside a selection, a large table being summed to what they need first."""
    scope = scope_of(measure, selection)
    table = reduced(table_of(measure, dataset), (*keys, *scope.filtres))
    lines = lines_of(table, scope)
    return pd.DataFrame({name: table[name].array.take(lines) for name in (*keys, measure)}, copy=False)


def _group_sum(rows: pd.DataFrame, keys: list[str], measure: str) -> pd.Series:
    if not keys:  # the exposure of a care dimension: repeated over its values
        return pd.Series([rows[measure].sum(min_count=1)], index=pd.RangeIndex(1))
    grouped = rows.groupby(keys, observed=True, sort=True)[measure].sum(min_count=1)
    return _plain_index(grouped)


def _plain_index(series: pd.Series) -> pd.Series:
    """Category levels back to text, so that results of two tables align and callers meet plain values."""
    index = series.index
    if isinstance(index, pd.MultiIndex):
        levels = [_as_text(level) for level in index.levels]
        series.index = index.set_levels(levels)
    else:
        series.index = _as_text(index).rename(index.name)
    return series


def _as_text(level: pd.Index) -> pd.Index:
    return pd.Index(level.astype("str")) if isinstance(level, pd.CategoricalIndex) else level


def _join(numerator: pd.Series, denominator: pd.Series) -> pd.DataFrame:
    """Numerator and denominator side by side; a denominator with fewer keys is repeated over the missing ones."""
    if list(numerator.index.names) == list(denominator.index.names):
        return pd.concat({"numerateur": numerator, "denominateur": denominator}, axis=1).sort_index()
    names = [n for n in denominator.index.names if n is not None]
    table = numerator.rename("numerateur").reset_index()
    if names:
        table = table.merge(denominator.rename("denominateur").reset_index(), on=names, how="left")
    else:
        table["denominateur"] = denominator.iloc[0]
    return table.set_index(list(numerator.index.names))


def _reasons(above: np.ndarray, below: np.ndarray | None) -> pd.api.extensions.ExtensionArray:
    reasons = np.where(np.isnan(above), NO_VALUE, "").astype(object)
    if below is not None:
        reasons[np.isnan(below)] = ABSENT
        reasons[below == 0] = NULL
    return pd.array(reasons, dtype="str")
