"""Tables of a report, made from the results that the pages show: levels, references, and how each number is made."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analytics.constat import Constat
from analytics.descriptive import compare_periods, comparison_period, compute_indicator
from analytics.descriptive.indicator import Total, total_of
from analytics.french import is_missing
from analytics.indicators import Indicator, get_indicator, label_with_base
from analytics.schema import Dataset, Selection
from reports.model import CHANGE, GAP, Cell, Formula, Number, Table

_SAME = 1e-9  # of a total: what binary sums leave
EARLIER = {"N-1": "Un an avant", "M-1": "Juste avant"}


def indicator_table(dataset: Dataset, constats: Mapping[str, Constat], selection: Selection) -> Table:
    """One row by indicator: value, reference, change, euros, and the sums behind them.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    constats : mapping of str to Constat
        By indicator, as the pages measure them.
    selection : Selection
        Period and perimeter.
    """
    rows = tuple(_indicator_row(rank, c, dataset, selection) for rank, c in enumerate(constats.values()))
    heads = ("Indicateur", "Période", EARLIER[selection.comparaison], "Écart", "Évolution", "En euros", "Numérateur",
             "Dénominateur", "Numérateur avant", "Dénominateur avant")  # fmt: skip
    return Table("Les chiffres clés", heads, rows, detail=frozenset(range(6, 10)))


def _indicator_row(row: int, constat: Constat, dataset: Dataset, selection: Selection) -> tuple[Cell, ...]:
    indicator = get_indicator(constat.indicator, dataset)
    unit = indicator.unit
    before = comparison_period(selection)
    now, past = (total_of(dataset, indicator.key, period) for period in (selection, before))
    value, reference = constat.valeur, constat.reference
    levels = _level(row, 6, value, now, indicator), _level(row, 8, reference, past, indicator)
    gap = Number(constat.ecart, unit, GAP, _of("difference", (row, 1), (row, 2), constat.ecart))
    change = np.nan if unit == "taux" else constat.evolution
    euros = _euros(row, constat, now) if unit != "EUR" else ""
    return (
        label_with_base(indicator, dataset), *levels, gap,
        Number(change, "taux", CHANGE, _of("evolution", (row, 1), (row, 2), change)), euros,
        *_sums(now, value, indicator), *_sums(past, reference, indicator),
    )  # fmt: skip


def _level(row: int, column: int, value: float, total: Total, indicator: Indicator) -> Number:
    made = None
    if indicator.denominator and not is_missing(value) and not is_missing(total.valeur):
        made = Formula("quotient", ((row, column), (row, column + 1)))
    return Number(value, indicator.unit, formula=made)


def _euros(row: int, constat: Constat, now: Total) -> Cell:
    known = not is_missing(constat.euros) and not is_missing(now.denominateur)
    made = Formula("poids", ((row, 1), (row, 2), (row, 7))) if known else None
    return Number(constat.euros, "EUR", GAP, made)


def _sums(total: Total, value: float, indicator: Indicator) -> tuple[Cell, Cell]:
    """Numerator and denominator; nothing where the value is not shown."""
    if is_missing(value):
        return "", ""
    above = Number(total.numerateur, "EUR" if indicator.is_money else "nombre")
    if not indicator.denominator:
        return above, ""
    return above, Number(total.denominateur, "EUR" if indicator.unit == "taux" else "nombre")


def _of(kind: str, first: tuple[int, int], second: tuple[int, int], value: float) -> Formula | None:
    return None if is_missing(value) else Formula(kind, (first, second))


def group_table(dataset: Dataset, key: str, dimension: str, selection: Selection) -> Table | None:
    """An indicator that adds up, by value of a dimension, heaviest first, with its total; None without a group."""
    found = compare_periods(dataset, key, by=(dimension,), selection=selection)
    found = found[found["valeur"].notna() | found["reference"].notna()]
    if found.empty:
        return None
    found = found.sort_values("valeur", ascending=False, na_position="last", kind="stable")
    unit, label = get_indicator(key, dataset).unit, dataset.label(dimension)
    compared = bool(found["reference"].notna().any())
    rows = [
        _group_row(rank, line, dataset, dimension, unit, compared=compared)
        for rank, line in enumerate(found.to_dict("records"))
    ]
    whole = compare_periods(dataset, key, selection=selection).iloc[0]
    total = _total_row(rows, whole, unit)
    title = f"{get_indicator(key, dataset).label} par {label[:1].lower()}{label[1:]}"
    heads = (label, "Période", EARLIER[selection.comparaison], "Écart", "Évolution")
    return Table(title, heads, (*rows, total), total=True)


def _group_row(
    rank: int, line: dict, dataset: Dataset, dimension: str, unit: str, *, compared: bool
) -> tuple[Cell, ...]:
    value, reference, name = line["valeur"], line["reference"], line[dimension]
    label = "non précisé" if pd.isna(name) else dataset.value_label(dimension, name)
    # A group opened or closed in between weighs all that it is or was.
    gap = np.nan_to_num(value) - np.nan_to_num(reference) if compared else np.nan
    made = Formula("difference", ((rank, 1), (rank, 2))) if compared else None
    change = line["evolution"]
    return (
        label, Number(value, unit), Number(reference, unit), Number(gap, unit, GAP, made),
        Number(change, "taux", CHANGE, _of("evolution", (rank, 1), (rank, 2), change)),
    )  # fmt: skip


def _total_row(rows: list, whole: pd.Series, unit: str) -> tuple[Cell, ...]:
    """The whole, as a sum where its shown parts make it."""
    last = len(rows)
    made = [_sum_of(rows, column, whole[name]) for column, name in ((1, "valeur"), (2, "reference"), (3, "ecart"))]
    rate = whole["evolution"]
    return (
        "Ensemble", Number(whole["valeur"], unit, formula=made[0]), Number(whole["reference"], unit, formula=made[1]),
        Number(whole["ecart"], unit, GAP, made[2]),
        Number(rate, "taux", CHANGE, _of("evolution", (last, 1), (last, 2), rate)),
    )  # fmt: skip


def _sum_of(rows: list, column: int, total: float) -> Formula | None:
    values = np.array([row[column].value for row in rows])
    if is_missing(total) or abs(np.nansum(values) - total) > max(_SAME * np.nansum(np.abs(values)), 1e-6):
        return None
    return Formula("somme", tuple((rank, column) for rank in range(len(rows))))


def month_table(dataset: Dataset, key: str, selection: Selection, statuses: Mapping[pd.Timestamp, str]) -> Table:
    """An indicator month by month, and the sums behind it when it is a ratio."""
    indicator = get_indicator(key, dataset)
    found = compute_indicator(dataset, key, selection=selection)
    ratio = bool(indicator.denominator)
    money = "EUR" if indicator.is_money else "nombre"
    below = "EUR" if indicator.unit == "taux" else "nombre"
    rows = []
    for rank, line in enumerate(found.itertuples()):
        made = Formula("quotient", ((rank, 3), (rank, 4))) if ratio and not is_missing(line.valeur) else None
        sums = (Number(line.numerateur, money), Number(line.denominateur, below)) if ratio else ()
        status = statuses.get(line.mois, "complet")
        rows.append((line.mois, status, Number(line.valeur, indicator.unit, formula=made), *sums))
    parts = (("Numérateur", indicator.numerator), ("Dénominateur", indicator.denominator))
    names = [dataset.label(terms[0][0]) if len(terms) == 1 else word for word, terms in parts] if ratio else []
    heads = ("Mois", "État du mois", label_with_base(indicator, dataset), *names)
    return Table(f"{indicator.label} par mois", heads, tuple(rows))
