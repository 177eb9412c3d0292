"""Cost or frequency per beneficiary at equal age and sex: direct and indirect standardisation, with intervals.

A region is not dear because it is old. Direct: the rates of the group, by age × sex, on the structure of the whole
selection. Indirect: what the group spent over what it would have spent at the rates of the whole selection.

Variance. Counts are Poisson. Amounts are not: their variance is `dispersion` × expectation, `dispersion` in euros being
the Pearson dispersion of the months around the level of each cell (a compound Poisson has E[X²]/E[X] there). Everything
below is then the Poisson method on amounts counted in that unit.

References
----------
Fay M.P., Feuer E.J. (1997), Statistics in Medicine 16, 791-801: gamma interval of a directly standardised rate.
Garwood F. (1936), Biometrika 28, 437-442: exact interval of a Poisson mean. Breslow N.E., Day N.E. (1987), Statistical
Methods in Cancer Research II, IARC, chapter 2: direct and indirect standardisation. McCullagh P., Nelder J.A. (1989),
Generalized Linear Models, § 6.2: dispersion by Pearson's statistic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analytics.descriptive.indicator import compute_indicator
from analytics.descriptive.regroup import regroup
from analytics.errors import ParameterError
from analytics.french import format_percent
from analytics.indicators import Indicator, get_indicator, table_of
from analytics.schema import CARE_DIMENSIONS, Dataset, Selection

STRATA = ("tranche_age", "sexe")
#: Under this share of the reference structure met in a group, its direct rate is not given.
MIN_COVERAGE = 0.95
LEVEL = 0.95
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
    whole = cells.groupby([by, *strata])[_SUMS].sum().reset_index()
    table = standardise(whole, group=by, strata=strata, dispersion=unit, level=level)
    touched = table[by].isin(unknown[by])
    table["raison"] = table["raison"].mask(touched, (table["raison"] + " ; " + UNKNOWN).str.removeprefix(" ; "))
    nobody = ~(whole["denominateur"] > 0)
    exposure = whole["denominateur"].sum()
    reference = whole["numerateur"].sum() / exposure if exposure > 0 else math.nan
    return Standardised(table, strata, missing, reference, unit, float(whole.loc[nobody, "numerateur"].sum()))


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
    keys = list(strata)
    reference = (cells if standard is None else standard).groupby(keys)[_SUMS].sum()
    reference = reference[reference["denominateur"] > 0]
    weights = (reference["denominateur"] / reference["denominateur"].sum()).rename("poids")
    norms = (reference["numerateur"] / reference["denominateur"]).rename("norme")
    rows = cells.merge(weights.reset_index(), on=keys, how="left").merge(norms.reset_index(), on=keys, how="left")
    mean = reference["numerateur"].sum() / reference["denominateur"].sum() if len(reference) else math.nan
    found = [{group: name, **_one(part, mean, dispersion, level)} for name, part in rows.groupby(group, sort=True)]
    return pd.DataFrame(found)


def _one(part: pd.DataFrame, mean: float, unit: float, level: float) -> dict[str, object]:
    """One group: `part` has its strata with `poids` and `norme` of the reference."""
    exposed = part[(part["denominateur"] > 0) & part["poids"].notna()]
    spent, people = float(part["numerateur"].sum()), float(part["denominateur"].sum())
    expected = float((exposed["denominateur"] * exposed["norme"]).sum())
    observed = float(exposed["numerateur"].sum())
    covered = float(exposed["poids"].sum())
    enough = covered >= MIN_COVERAGE
    ratios = (exposed["poids"] / covered / exposed["denominateur"]).to_numpy() if enough else np.array([])
    amounts = exposed["numerateur"].to_numpy(dtype="float64")
    low, high = direct_interval(amounts, ratios, unit=unit, level=level) if enough else (math.nan, math.nan)
    index = observed / expected if expected > 0 else math.nan
    index_low, index_high = (bound / expected if expected > 0 else math.nan for bound in
                             poisson_interval(observed, unit=unit, level=level))  # fmt: skip
    return {
        "exposition": people, "observe": observed, "attendu": expected,
        "brut": spent / people if people > 0 else math.nan,
        "direct": float(amounts @ ratios) if enough else math.nan, "direct_bas": low, "direct_haut": high,
        "indice": index, "indice_bas": index_low, "indice_haut": index_high, "indirect": index * mean,
        "couverture": covered, "raison": _reason(people, covered),
    }  # fmt: skip


def _reason(people: float, covered: float) -> str:
    if not people > 0:
        return "aucun bénéficiaire"
    if covered < MIN_COVERAGE:
        return f"ce groupe n’a que {format_percent(covered, 0)} de la structure par âge et sexe de l’ensemble"
    return ""


def direct_interval(
    amounts: np.ndarray, ratios: np.ndarray, *, unit: float = 1.0, level: float = LEVEL
) -> tuple[float, float]:
    """Gamma interval of Fay and Feuer for Σ ratio × amount, `ratio` = weight of the stratum ÷ its exposure.

    Parameters
    ----------
    amounts, ratios : numpy.ndarray
        By stratum.
    unit : float
        Variance of an amount over its expectation; 1 for counts.
    level : float
    """
    rate = float(amounts @ ratios)
    variance = unit * float(np.clip(amounts, 0, None) @ ratios**2)
    step = unit * float(ratios.max(initial=0.0))  # one more event where it weighs most
    if not math.isfinite(unit) or rate < 0 or step <= 0:
        return math.nan, math.nan
    tail = (1 - level) / 2
    low = 0.0 if rate == 0 else stats.gamma.ppf(tail, rate**2 / variance, scale=variance / rate)
    shape, scale = (rate + step) ** 2 / (variance + step**2), (variance + step**2) / (rate + step)
    return float(low), float(stats.gamma.ppf(1 - tail, shape, scale=scale))


def poisson_interval(observed: float, *, unit: float = 1.0, level: float = LEVEL) -> tuple[float, float]:
    """Exact (Garwood) interval of the expectation of a count, or of an amount made of units."""
    if not (math.isfinite(unit) and math.isfinite(observed)) or observed < 0:
        return math.nan, math.nan
    count, tail = observed / unit, (1 - level) / 2
    low = 0.0 if count == 0 else stats.chi2.ppf(tail, 2 * count) / 2
    return float(unit * low), float(unit * stats.chi2.ppf(1 - tail, 2 * (count + 1)) / 2)


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
    rows = monthly[monthly["denominateur"] > 0]
    sums = rows.groupby(list(keys))[_SUMS].transform("sum")
    level = rows["denominateur"] * sums["numerateur"] / sums["denominateur"]
    by_month = pd.DataFrame({"mois": rows["mois"], "vu": rows["numerateur"], "niveau": level}).groupby("mois").sum()
    factor = by_month["vu"] / by_month["niveau"].where(by_month["niveau"] > 0)
    expected = level * rows["mois"].map(factor)
    used = expected > 0
    cells = rows.loc[used, list(keys)].drop_duplicates().shape[0]
    months = rows.loc[used, "mois"].nunique()
    free = int(used.sum()) - cells - months + 1
    if months < 2 or free < 1:
        return math.nan
    residual = (rows.loc[used, "numerateur"] - expected[used]) ** 2 / expected[used]
    dispersion = float(residual.sum() / free)
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
    if not cells["raison"].eq("").any():
        reason = cells["raison"].iloc[0] if len(cells) else "aucune valeur dans ce périmètre"
        raise ParameterError(f"{indicator.label} à structure égale : {reason}.")
    if not cells.groupby("mois")[_SUMS].count().gt(0).all(axis=None):
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
    blank = table.loc[scope.mask(table) & table[measure].isna(), keys].drop_duplicates()
    texts = dict.fromkeys(keys[1:], "str")
    blank, asked = (pd.MultiIndex.from_frame(frame[keys].astype(texts)) for frame in (blank, cells))
    return pd.Series(asked.isin(blank), index=cells.index)


def _is_count(indicator: Indicator) -> bool:
    return all(measure == "actes" for measure, _ in indicator.numerator)
