"""From the prestation fact table to one triangle per cell: care month × months waited before payment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.completion.words import list_months, month_name
from analytics.errors import InsufficientData, ParameterError, SchemaError
from analytics.french import format_percent

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
#: Longest wait followed, in months; what is paid later is in `paid` but makes no factor.
MAX_WAIT = 36
#: The development stops where a cell has less than this share of its payments left to come.
TAIL = 0.001
#: Cells under this share of the total do not lengthen the development of the others.
SMALL_CELL = 0.01
#: With no more care months than this, the last waits are seen by too few of them to be neglected on their sum.
SHORT_HISTORY = 12
#: With fewer payment months than this, what is paid later cannot be guessed at all.
MIN_PAYMENT_MONTHS = 4
#: Largest number of amounts held at once (400 MB).
MAX_SIZE = 50_000_000
UNKNOWN = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Triangles:
    """Triangles of G cells over M care months, developed over K months.

    Attributes
    ----------
    cells : pandas.DataFrame
        One row per cell, columns `by` (no column when there is one cell).
    months : ndarray of int, shape (M,)
        Care months, counted from January 1970, without gap.
    as_of : int
        Last payment month used, same count.
    paid : ndarray, shape (G, M)
        Everything paid so far, EUR; NaN where the cell has no row.
    cumulative : ndarray, shape (G, M, K + 1)
        Paid within k months of care, EUR; NaN where not yet known or where the first payments are not in the file.
    age : ndarray of int, shape (M,)
        Months between care and `as_of`; negative when care is later. (G, M) where cells are at several closings.
    seen : ndarray of bool, shape (M,)
        The file holds the payments of this care month from the first.
    warnings : tuple of str
        French sentences.
    """

    cells: pd.DataFrame
    months: Integers
    as_of: int
    paid: Floats
    cumulative: Floats
    age: Integers
    seen: NDArray[np.bool_]
    warnings: tuple[str, ...]


def build_triangles(
    prestation: pd.DataFrame, *, by: Sequence[str], measure: str, as_of: pd.Timestamp | None = None
) -> Triangles:
    """Add up a fact table into one triangle per cell.

    Raises
    ------
    SchemaError
        A column is missing.
    InsufficientData
        No line with an amount, or no payment month at all.
    """
    _check_columns(prestation, (*by, "mois", "mois_paiement", measure))
    amount = prestation[measure].to_numpy(dtype=float, na_value=np.nan)
    care, payment = month_numbers(prestation["mois"]), month_numbers(prestation["mois_paiement"])
    kept = ~np.isnan(amount)
    if as_of is not None:
        kept &= payment <= month_number(as_of)
    dated = kept & (payment != UNKNOWN)
    if not dated.any():
        raise InsufficientData(
            "Aucun montant n’a de mois de paiement : le développement est impossible.",
            remede="Fournissez le mois de soins et le mois de paiement.",
        )
    last = int(payment[dated].max()) if as_of is None else month_number(as_of)
    first_payment = int(payment[dated].min())
    codes, cells = encode_cells(prestation, by)
    months = np.arange(int(care[kept].min()), int(care[kept].max()) + 1)
    size = (len(cells), len(months))
    if size[0] * size[1] * (MAX_WAIT + 2) > MAX_SIZE:
        raise ParameterError(
            "Trop de groupes pour un développement séparé.",
            valeur=f"{size[0]} groupes, {size[1]} mois",
            remede="Demandez moins de dimensions, ou vérifiez les mois de soins très anciens.",
        )
    cell_month = codes * size[1] + np.clip(care - months[0], 0, size[1] - 1)
    wait = np.clip(payment - care, 0, MAX_WAIT + 1)
    paid = _sum(cell_month, amount, kept, size)
    paid[np.bincount(cell_month[kept], minlength=paid.size).reshape(size) == 0] = np.nan
    increments = _sum(cell_month * (MAX_WAIT + 2) + wait, amount, dated, (*size, MAX_WAIT + 2))
    seen = (months >= first_payment) & (months <= last) & (last - first_payment + 1 >= MIN_PAYMENT_MONTHS)
    age = last - months
    n_waits = _n_waits(increments[:, seen], age[seen])
    cumulative = increments[:, :, :n_waits].cumsum(axis=2)
    hidden = (np.arange(n_waits) > age[:, None]) | ~seen[:, None]
    cumulative[:, hidden] = np.nan
    notes = (*_line_remarks(amount, care, payment, kept, dated), *_month_remarks(paid, months, seen, last))
    return Triangles(cells, months, last, paid, cumulative, age, seen, notes)


def month_number(month: pd.Timestamp) -> int:
    """Months since January 1970."""
    return (month.year - 1970) * 12 + month.month - 1


def month_numbers(months: pd.Series) -> Integers:
    """Months since January 1970; `UNKNOWN` where there is no date."""
    if not pd.api.types.is_datetime64_any_dtype(months):
        raise SchemaError("Les mois ne sont pas des dates.", colonne=str(months.name))
    days = months.to_numpy().astype("datetime64[D]").astype(np.int64)  # the months of a million dates are slow to find
    dated = days != UNKNOWN
    if not dated.any():
        return np.full(len(days), UNKNOWN)
    if not dated.all():
        numbers = np.full(len(days), UNKNOWN)
        numbers[dated] = _months_of_days(days[dated])
        return numbers
    return _months_of_days(days)


def _months_of_days(days: Integers) -> Integers:
    first = days.min()
    every = np.arange(first, days.max() + 1)
    return every.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)[days - first]


def encode_cells(frame: pd.DataFrame, by: Sequence[str]) -> tuple[Integers, pd.DataFrame]:
    """Number of the cell of each row, and the cells themselves (a missing value is a value)."""
    key, size = np.zeros(len(frame), dtype=np.int64), 1
    for column in by:
        values = frame[column]
        if isinstance(values.dtype, pd.CategoricalDtype):
            codes, n_codes = values.cat.codes.to_numpy().astype(np.int64), len(values.cat.categories)
        else:
            codes, uniques = pd.factorize(values)
            n_codes = len(uniques)
        key = key * (n_codes + 1) + codes + 1
        size *= n_codes + 1
    numbers, n_cells = _rank(key, size)
    first = np.zeros(n_cells, dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(frame))[::-1]
    return numbers, frame[list(by)].iloc[first].reset_index(drop=True)


def sum_known(amounts: Floats, numbers: Integers, n_cells: int) -> Floats:
    """Sum by cell; a cell without any known value stays missing."""
    missing = np.isnan(amounts)
    if not missing.any():
        return np.bincount(numbers, weights=amounts, minlength=n_cells).astype(float)  # integers without any line
    total = np.bincount(numbers, weights=np.where(missing, 0.0, amounts), minlength=n_cells)
    return np.where(np.bincount(numbers[~missing], minlength=n_cells) == 0, np.nan, total)


def _rank(key: Integers, size: int) -> tuple[Integers, int]:
    """Rank of each key among those met, and how many are met; keys are under `size`."""
    if size > len(key):
        numbers, keys = pd.factorize(key, sort=True)
        return numbers, len(keys)
    met = np.bincount(key, minlength=size) > 0
    return (np.cumsum(met) - 1)[key], int(met.sum())


def _check_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in frame.columns:
            raise SchemaError(
                "Cette colonne est nécessaire pour développer les mois récents.",
                colonne=column,
                remede="Fournissez le mois de soins, le mois de paiement et le montant.",
            )
    if len(set(columns)) < len(columns):
        raise ParameterError("Une colonne est demandée deux fois.", valeur=", ".join(columns))


def _sum(key: Integers, amount: Floats, kept: NDArray[np.bool_], size: tuple[int, ...]) -> Floats:
    if not kept.all():
        key, amount = key[kept], amount[kept]
    return np.bincount(key, weights=amount, minlength=int(np.prod(size))).astype(float).reshape(size)


def _n_waits(increments: Floats, age: Integers) -> int:
    """Waits needed so that no cell that counts has more than `TAIL` of its payments after them.

    In a short history few months have reached the last waits: each wait counts then for the mean of those that have.
    """
    by_wait = np.abs(increments.sum(axis=1))
    if len(age) <= SHORT_HISTORY:
        by_wait /= np.maximum((age[:, None] >= np.arange(increments.shape[2])).sum(axis=0), 1)
    volume = by_wait.sum(axis=1)
    counted = by_wait[volume >= SMALL_CELL * volume.sum()]
    if not len(counted) or volume.sum() == 0:
        return 1
    after = 1.0 - counted.cumsum(axis=1) / counted.sum(axis=1, keepdims=True)
    return int(min((after > TAIL).sum(axis=1).max() + 1, MAX_WAIT + 1))


def _line_remarks(
    amount: Floats, care: Integers, payment: Integers, kept: NDArray[np.bool_], dated: NDArray[np.bool_]
) -> tuple[str, ...]:
    notes = []
    early, undated = dated & (payment < care), kept & ~dated
    if early.any():
        notes.append(
            f"{early.sum()} lignes payées avant le mois de soins ({_part(amount, early, kept)} du total) : "
            "comptées le mois des soins."
        )
    if undated.any():
        notes.append(
            f"{undated.sum()} lignes sans mois de paiement ({_part(amount, undated, kept)} du total) : "
            "comptées dans le payé, pas dans le rythme de paiement."
        )
    partial = _partial_last_month(amount, payment, dated)
    if partial:
        notes.append(f"Le dernier mois de paiement, {partial}, paraît partiel : les ultimes sont alors trop bas.")
    return tuple(notes)


def _part(amount: Floats, rows: NDArray[np.bool_], kept: NDArray[np.bool_]) -> str:
    return format_percent(np.abs(amount[rows]).sum() / max(np.abs(amount[kept]).sum(), 1e-9))


def _partial_last_month(amount: Floats, payment: Integers, dated: NDArray[np.bool_]) -> str:
    """Name of the last payment month when it pays less than half of what the year before it did."""
    since = payment[dated].max() - 12
    recent = dated & (payment >= since)
    by_month = np.bincount(payment[recent] - since, weights=amount[recent], minlength=13)
    usual = np.median(by_month[:-1])
    return month_name(since + 12) if usual > 0 and by_month[-1] < usual / 2 else ""


def _month_remarks(paid: Floats, months: Integers, seen: NDArray[np.bool_], last: int) -> tuple[str, ...]:
    notes = []
    absent = months[np.isnan(paid).all(axis=0)]
    if len(absent):
        notes.append(f"Mois de soins absents du fichier : {list_months(absent)}.")
    before = months[~seen & (months <= last)]
    if len(before) and seen.any():
        notes.append(
            f"Les premiers paiements des soins de {list_months(before)} sont antérieurs au fichier : "
            "ces mois ne peuvent pas être complétés."
        )
    after = months[months > last]
    if len(after):
        notes.append(f"Soins postérieurs au dernier mois de paiement, non complétés : {list_months(after)}.")
    return tuple(notes)
