"""Cost or frequency per beneficiary at equal age and sex: direct and indirect standardisation, with intervals.

A region is not dear because it is old. Direct: the rates of the group, by age × sex, on the structure of the whole
selection. Indirect: what the group spent over what it would have spent at the rates of the whole selection.

Variance. Counts are Poisson. Amounts are not: their variance is `dispersion` × expectation, `dispersion` in euros being
the Pearson dispersion of the months around the level of each cell (a compound Poisson has E[X²]/E[X] there). Everything
below is then the Poisson method on amounts counted in that unit.

References
----------
Breslow N.E., Day N.E. (1987), Statistical Methods in Cancer Research II, IARC, chapter 2: direct and indirect
standardisation. McCullagh P., Nelder J.A. (1989), Generalized Linear Models, § 6.2: dispersion by Pearson's statistic.
The intervals are those of :mod:`analytics.descriptive.intervals`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.descriptive.indicator import compute_indicator
from analytics.descriptive.intervals import LEVEL, direct_interval, poisson_interval
from analytics.descriptive.regroup import regroup
from analytics.errors import ParameterError
from analytics.french import format_percent
from analytics.indicators import Indicator, get_indicator, table_of
from analytics.schema import CARE_DIMENSIONS, Dataset, Selection

STRATA = ("tranche_age", "sexe")
#: Under this share of the reference structure met in a group, its direct rate is not given.
MIN_COVERAGE = 0.95
UNKNOWN = "montant ou effectif inconnu certains mois : ces cellules sont laissées de côté"
_SUMS = ["numerateur", "denominateur"]


@dataclass(frozen=True)
class Standardised:
    """A rate by group, crude and at equal structure.

    Attributes
    ----------
    table : pandas.DataFrame
        The group, `exposition`, `observe`, `attendu`, `brut`, `direct`, `direct_bas`, `direct_haut` (unit of the
        indicator), `indice`, `indice_bas`, `indice_haut` (observed over expected, 1 = as the whole), `indirect`
        (index × rate of the whole), `couverture` (share of the reference structure met in the group), `raison`.
    strata : tuple of str
        Dimensions held equal.
    missing : tuple of str
        Those of :data:`STRATA` that the file lacks: their effect is still in the figures.
    reference : float
        Crude rate of the whole selection.
    dispersion : float
        Unit in which amounts behave like counts; 1 for counts as regular as chance.
    left_out : float
        Amount, or acts, in cells where nobody is covered: in the crude rates only.
    """

    table: pd.DataFrame
    strata: tuple[str, ...]
    missing: tuple[str, ...]
    reference: float
    dispersion: float
    left_out: float


def compute_standardised(
    dataset: Dataset, key: str, *, by: str, selection: Selection | None = None, level: float = LEVEL
) -> Standardised:
    """Rate per beneficiary by group at equal age and sex.

    Parameters
    ----------
    dataset : Dataset
    key : {"consommation", "frequence"}
        Or any indicator whose denominator is the members.
    by : str
        Contract dimension of the groups, age and sex excepted.
    selection : Selection, optional
        Its members are the reference structure.
    level : float
        Of the intervals.

    Raises
    ------
    ParameterError
        Not a rate per member, neither age nor sex in both tables, a measure missing (the message says which), or a
        month that one of the tables lacks.
    """
    cells, unknown, strata, missing = _cells(dataset, key, by, selection or Selection())
    unit = estimate_dispersion(cells, (by, *strata), is_count=_is_count(get_indicator(key, dataset)))
    whole = sum_over_months(cells, (by, *strata))
    table = standardise(whole, group=by, strata=strata, dispersion=unit, level=level)
    if len(unknown):
        touched = table[by].isin(unknown[by])
        table["raison"] = table["raison"].mask(touched, (table["raison"] + " ; " + UNKNOWN).str.removeprefix(" ; "))
    above, below = (whole[column].to_numpy() for column in _SUMS)
    exposure = below.sum()
    reference = above.sum() / exposure if exposure > 0 else math.nan
    return Standardised(table, strata, missing, reference, unit, float(above[~(below > 0)].sum()))


def sum_over_months(cells: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    """Known cells of all the months together: `keys`…, `numerateur`, `denominateur`, in the order of the keys."""
    place, first = number_cells(cells, keys)
    sums = {column: _sum_by(place, cells[column].to_numpy(dtype="float64"), len(first)) for column in _SUMS}
    return cells.iloc[first][list(keys)].reset_index(drop=True).assign(**sums)


def number_cells(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Number of the cell of each row, in the order of the keys, and the first row of each cell.

    A row with a missing key has the number -1.
    """
    number, known = np.zeros(len(frame), dtype=np.int64), np.ones(len(frame), dtype=bool)
    for key in keys:
        codes, values = pd.factorize(frame[key], sort=True)
        number = number * len(values) + codes
        known &= codes >= 0
    _, first, place = np.unique(number[known], return_index=True, return_inverse=True)
    found = np.full(len(frame), -1)
    found[known] = place
    return found, np.flatnonzero(known)[first]


def _sum_by(place: np.ndarray, amounts: np.ndarray, size: int) -> np.ndarray:
    """Sum by cell of what is known; rows of no cell, numbered -1, are left out."""
    kept = (place >= 0) & ~np.isnan(amounts)
    return np.bincount(place[kept], weights=amounts[kept], minlength=size)


def standardise(
    cells: pd.DataFrame,
    *,
    group: str,
    strata: tuple[str, ...],
    standard: pd.DataFrame | None = None,
    dispersion: float = 1.0,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Direct and indirect standardisation of cells already summed.

    Parameters
    ----------
    cells : pandas.DataFrame
        `group`, `strata`…, `numerateur`, `denominateur`; one row per cell.
    group : str
    strata : tuple of str
    standard : pandas.DataFrame, optional
        `strata`…, `numerateur`, `denominateur` of the reference; by default all the cells together.
    dispersion : float
        Variance over expectation; NaN gives no interval.
    level : float

    Returns
    -------
    pandas.DataFrame
        As :attr:`Standardised.table`, in the order of the groups.
    """
    people, spent = cells["denominateur"].to_numpy(dtype="float64"), cells["numerateur"].to_numpy(dtype="float64")
    stratum, share, norm, mean = _reference(cells, cells if standard is None else standard, strata)
    codes, names = pd.factorize(cells[group], sort=True)
    size = len(names)
    met = (codes >= 0) & (people > 0) & ~np.isnan(share)
    place = np.where(met, codes, -1)
    observed, expected, covered = (_sum_by(place, v, size) for v in (spent, people * norm, share))
    everybody = _sum_by(codes, people, size)
    met &= covered[codes] >= MIN_COVERAGE
    amounts, ratios = np.zeros((2, size, stratum.max(initial=-1) + 1))
    inside = codes[met], stratum[met]
    amounts[inside], ratios[inside] = spent[met], share[met] / covered[codes[met]] / people[met]
    direct = np.where(covered >= MIN_COVERAGE, (amounts * ratios).sum(axis=1), np.nan)
    low, high = direct_interval(amounts, ratios, unit=dispersion, level=level)
    norms = np.where(expected > 0, expected, np.nan)
    index = observed / norms
    least, greatest = poisson_interval(observed, unit=dispersion, level=level)
    told = [_reason(*pair) for pair in zip(everybody, covered, strict=True)]
    return pd.DataFrame({
        group: list(names), "exposition": everybody, "observe": observed, "attendu": expected,
        "brut": _sum_by(codes, spent, size) / np.where(everybody > 0, everybody, np.nan),
        "direct": direct, "direct_bas": low, "direct_haut": high,
        "indice": index, "indice_bas": least / norms, "indice_haut": greatest / norms, "indirect": index * mean,
        "couverture": covered, "raison": told,
    })  # fmt: skip


def _reference(
    cells: pd.DataFrame, standard: pd.DataFrame, strata: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Of each cell, the number of its stratum, its share of the reference and its rate there; the rate of the whole.

    A stratum without exposure in the reference is not one of it.
    """
    both = cells if standard is cells else pd.concat([cells, standard], ignore_index=True)
    place, first = number_cells(both, strata)
    mine, other = (place, place) if standard is cells else (place[: len(cells)], place[len(cells) :])
    above, below = (_sum_by(other, standard[column].to_numpy(dtype="float64"), len(first)) for column in _SUMS)
    there = below > 0
    below = np.where(there, below, np.nan)
    total = np.nansum(below)
    share, norm = (np.append(v, np.nan)[mine] for v in (below / (total or np.nan), above / below))
    return mine, share, norm, above[there].sum() / total if there.any() else math.nan


def _reason(people: float, covered: float) -> str:
    if not people > 0:
        return "aucun bénéficiaire"
    if covered < MIN_COVERAGE:
        return f"ce groupe n’a que {format_percent(covered, 0)} de la structure par âge et sexe de l’ensemble"
    return ""


def estimate_dispersion(monthly: pd.DataFrame, keys: tuple[str, ...], *, is_count: bool = False) -> float:
    """Pearson dispersion of monthly figures around `rate of the cell × factor of the month`.

    Parameters
    ----------
    monthly : pandas.DataFrame
        `keys`…, `mois`, `numerateur`, `denominateur`.
    keys : tuple of str
        What tells the cells apart.
    is_count : bool
        Counts are at least as dispersed as Poisson: the answer is 1 or more.

    Returns
    -------
    float
        In the unit of the numerator; NaN with fewer than two months, or cells that never move.
    """
    people = monthly["denominateur"].to_numpy(dtype="float64")
    rows = people > 0
    people, spent = people[rows], monthly["numerateur"].to_numpy(dtype="float64")[rows]
    cell, month = number_cells(monthly[rows], keys)[0], pd.factorize(monthly["mois"][rows])[0]
    size, last = cell.max(initial=-1) + 1, month.max(initial=-1) + 1
    rate = np.append(_sum_by(cell, spent, size) / _sum_by(cell, people, size), np.nan)  # a row of no cell has none
    level = people * rate[cell]
    seen, usual = _sum_by(month, spent, last), _sum_by(month, level, last)
    expected = level * (seen / np.where(usual > 0, usual, np.nan))[month]
    used = expected > 0
    months = len(np.unique(month[used]))
    free = np.count_nonzero(used) - len(np.unique(cell[used])) - months + 1
    if months < 2 or free < 1:
        return math.nan
    dispersion = float(np.nansum((spent[used] - expected[used]) ** 2 / expected[used]) / free)
    if is_count:
        return max(dispersion, 1.0)
    return dispersion if dispersion > 0 else math.nan


def _cells(
    dataset: Dataset, key: str, by: str, selection: Selection
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Monthly sums by group and stratum, those not known, the strata found and those that the file lacks."""
    indicator = get_indicator(key, dataset)
    if [measure for measure, _ in indicator.denominator] != ["beneficiaires"]:
        raise ParameterError("Cet indicateur n’est pas par bénéficiaire.", valeur=indicator.label)
    tables = (dataset.cotisation, dataset.prestation)
    strata = tuple(s for s in STRATA if s != by and all(s in t.columns for t in tables))
    missing = tuple(s for s in STRATA if s != by and s not in strata)
    if not strata:
        names = " et ".join(f"« {dataset.label(s)} »" for s in missing)
        raise ParameterError(
            f"Pour comparer à structure égale, il manque {names}.",
            remede="Ajoutez-les aux cotisations (avec les bénéficiaires) et aux prestations.",
        )
    named = dataset
    for dimension in (by, *strata):
        named = regroup(named, dimension)
    cells = compute_indicator(named, key, by=(by, *strata), selection=selection)
    if "" not in set(cells["raison"]):
        reason = cells["raison"].iloc[0] if len(cells) else "aucune valeur dans ce périmètre"
        raise ParameterError(f"{indicator.label} à structure égale : {reason}.")
    if any(cells["mois"].nunique() > cells.loc[cells[column].notna(), "mois"].nunique() for column in _SUMS):
        raise ParameterError(
            "Bénéficiaires et prestations ne couvrent pas les mêmes mois.",
            remede="Réduisez la période aux mois que les deux tableaux ont.",
        )
    return *known_cells(cells, named, indicator, (by, *strata), selection), strata, missing


def known_cells(
    cells: pd.DataFrame, dataset: Dataset, indicator: Indicator, by: tuple[str, ...], selection: Selection
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells whose two sums are known, and the others: no line in a table says 0, an empty amount does not.

    Parameters
    ----------
    cells : pandas.DataFrame
        From `compute_indicator`: `by`…, `mois`, `numerateur`, `denominateur`.
    dataset : Dataset
        That they come from.
    indicator : Indicator
    by : tuple of str
    selection : Selection
    """
    unknown = pd.Series(False, index=cells.index)
    if not cells[_SUMS].isna().to_numpy().any():
        return cells, cells[unknown]
    for column, terms in zip(_SUMS, (indicator.numerator, indicator.denominator), strict=True):
        for measure, _ in terms:
            if cells[column].isna().any() and measure in table_of(measure, dataset).columns:
                unknown |= cells[column].isna() & _has_blank(cells, dataset, measure, by, selection)
    return cells[~unknown].assign(**cells.loc[~unknown, _SUMS].fillna(0.0)), cells[unknown]


def _has_blank(
    cells: pd.DataFrame, dataset: Dataset, measure: str, by: tuple[str, ...], selection: Selection
) -> pd.Series:
    """Whether each cell has a line that does not give the measure."""
    table = table_of(measure, dataset)
    by_care = CARE_DIMENSIONS if measure == "beneficiaires" else ()
    scope = selection.without_care() if measure == "beneficiaires" else selection
    keys = ["mois", *(k for k in by if k in table.columns and k not in by_care)]
    blank = table[table[measure].isna()]
    if blank.empty:
        return pd.Series(False, index=cells.index)
    blank = blank.loc[scope.mask(blank), keys].drop_duplicates()
    texts = dict.fromkeys(keys[1:], "str")
    blank, asked = (pd.MultiIndex.from_frame(frame[keys].astype(texts)) for frame in (blank, cells))
    return pd.Series(asked.isin(blank), index=cells.index)


def _is_count(indicator: Indicator) -> bool:
    return all(measure == "actes" for measure, _ in indicator.numerator)
