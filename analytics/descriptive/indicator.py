"""Any indicator by any dimensions, recomputed from sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analytics.errors import ParameterError
from analytics.indicators import Indicator, Term, get_indicator, missing_measures, table_of
from analytics.schema import CARE_DIMENSIONS, Dataset, Selection

COLUMNS = ("valeur", "numerateur", "denominateur", "raison")


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
    numerator = _weighted_sum(dataset, indicator.numerator, keys, selection, refusal)
    if not indicator.denominator:
        table = numerator.to_frame("numerateur").assign(denominateur=np.nan)
        table["valeur"] = table["numerateur"]
    else:
        denominator = _weighted_sum(dataset, indicator.denominator, keys, selection, refusal)
        table = _join(numerator, denominator)
        ratio = table["numerateur"] / table["denominateur"].where(table["denominateur"] != 0)
        table["valeur"] = ratio
    table["raison"] = _reasons(table, refusal, has_denominator=bool(indicator.denominator))
    if refusal:
        table["valeur"] = np.nan
    table = table.reset_index() if keys else table.reset_index(drop=True)
    return table[[*keys, *COLUMNS]]


def refuse(indicator: Indicator, dataset: Dataset, keys: tuple[str, ...], selection: Selection) -> str:
    """Why this indicator cannot be computed for those keys and filters, in French; empty when it can."""
    missing = missing_measures(indicator, dataset)
    if missing:
        names = ", ".join(f"« {dataset.label(m)} »" for m in missing)
        return f"il manque la colonne {names}" if len(missing) == 1 else f"il manque les colonnes {names}"
    used = {*keys, *selection.filtres} - {"mois"}
    for measure in indicator.measures:
        if measure in indicator.optional and measure not in table_of(measure, dataset).columns:
            continue
        table = table_of(measure, dataset)
        for dimension in used.difference(table.columns):
            if measure == "beneficiaires" and dimension in CARE_DIMENSIONS and indicator.denominator:
                continue  # a member is exposed to every poste: the exposure of a poste is that of its cell
            return f"« {dataset.label(measure)} » n’est pas ventilé par {dataset.label(dimension).lower()}"
    return ""


def _weighted_sum(
    dataset: Dataset, terms: tuple[Term, ...], keys: tuple[str, ...], selection: Selection, refusal: str
) -> pd.Series:
    """Σ weight × measure by keys; keys that the exposure does not have are spread over by `_join`."""
    parts = []
    for measure, weight in terms:
        table = table_of(measure, dataset)
        if measure not in table.columns:
            continue
        present = [k for k in keys if k in table.columns and not (measure == "beneficiaires" and k in CARE_DIMENSIONS)]
        if refusal and len(present) < len(keys):
            continue
        rows = table.loc[_scope(measure, selection).mask(table), [*present, measure]]
        parts.append(_group_sum(rows, present, measure) * weight)
    if not parts:
        return _empty(dataset, keys, selection)
    total = parts[0]
    for part in parts[1:]:
        total = total.add(part)
    return total


def _scope(measure: str, selection: Selection) -> Selection:
    """The selection as it bears on a measure: a filter on care does not change who is covered."""
    if measure != "beneficiaires":
        return selection
    return replace(selection, filtres={d: v for d, v in selection.filtres.items() if d not in CARE_DIMENSIONS})


def _group_sum(rows: pd.DataFrame, keys: list[str], measure: str) -> pd.Series:
    if not keys:
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


def _empty(dataset: Dataset, keys: tuple[str, ...], selection: Selection) -> pd.Series:
    months = [m for m in dataset.months if selection.debut is None or m >= selection.debut]
    months = [m for m in months if selection.fin is None or m <= selection.fin]
    if keys == ("mois",):
        return pd.Series(np.nan, index=pd.DatetimeIndex(months, name="mois"))
    if not keys:
        return pd.Series([np.nan], index=pd.RangeIndex(1))
    return pd.Series(dtype=float, index=pd.MultiIndex.from_arrays([[]] * len(keys), names=keys)).rename(None)


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


def _reasons(table: pd.DataFrame, refusal: str, *, has_denominator: bool) -> pd.Series:
    reasons = pd.Series(refusal, index=table.index, dtype="str")
    if refusal:
        return reasons
    reasons[table["numerateur"].isna()] = "aucune valeur dans ce périmètre"
    if has_denominator:
        reasons[table["denominateur"].isna()] = "dénominateur absent"
        reasons[table["denominateur"] == 0] = "dénominateur nul"
    return reasons
