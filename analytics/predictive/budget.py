"""A budget beside what is known and forecast: the gap to date, the gap where the year ends, the chance to overrun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import ParameterError, SchemaError
from analytics.french import format_month
from analytics.predictive.landing import YEAR, Landing
from analytics.predictive.reconciliation import WHOLE

_AMOUNT_WORDS = ("budget", "montant", "prevu", "prévu", "prestation", "objectif")
#: Lines of a poste that the data do not have: they count in the whole only.
UNKNOWN = ""
EXPECTED = "Attendu : une colonne de mois, une colonne de montants, et si vous voulez une colonne de postes."


@dataclass(frozen=True)
class Budget:
    """A budget by month.

    Attributes
    ----------
    table : pandas.DataFrame
        serie (the whole or one of its parts), mois, valeur (EUR).
    remarques : tuple of str
        What does not match the data, in French.
    reparti : bool
        Whether months were made from an annual amount.
    """

    table: pd.DataFrame
    remarques: tuple[str, ...] = ()
    reparti: bool = False

    def of(self, name: str) -> pd.DataFrame:
        """mois, valeur of one series, sorted; empty when the budget does not speak of it."""
        rows = self.table.loc[self.table["serie"] == name, ["mois", "valeur"]]
        return rows.sort_values("mois", ignore_index=True)


@dataclass(frozen=True)
class Gap:
    """A budget against one series and year.

    Attributes
    ----------
    table : pandas.DataFrame
        mois, budget, valeur, prevu (bool), ecart, cumul (of the gaps): the months of the year that the budget has.
    annee : int
    budget : float
        Of those months (EUR).
    a_date, mois_a_date
        Known − budget over the known months, and how many they are.
    atterrissage, bas_80, haut_80 : float
        Known and forecast − budget over all the months, and its range.
    depassement : float
        Chance that the year costs more than the budget; NaN without bounds.
    remarques : tuple of str
    """

    table: pd.DataFrame
    annee: int
    budget: float
    a_date: float
    mois_a_date: int
    atterrissage: float
    bas_80: float
    haut_80: float
    depassement: float
    remarques: tuple[str, ...] = ()


def read_budget(
    frame: pd.DataFrame, *, parts: Mapping[str, str] | None = None, lines: pd.Series | None = None
) -> Budget:
    """Budget from a table already typed.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns of dates, numbers and texts, as :attr:`data.readers.Table.tidy` gives them.
    parts : mapping of str to str, optional
        What a poste may be called in the file (code or label, any case) to the name of its series.
    lines : pandas.Series, optional
        Line of the file of each row, for the messages.

    Raises
    ------
    SchemaError
        No column of months or of amounts, or several; a line without month or amount; months that are quarters.
    """
    numbers = lines.to_numpy() if lines is not None else np.arange(len(frame)) + 2
    month = _only(frame, [c for c in frame if pd.api.types.is_datetime64_any_dtype(frame[c])], "mois")
    amount = _amount(frame)
    months, values = frame[month].dt.to_period("M").dt.to_timestamp(), frame[amount].astype(float)
    _refuse_missing(months, numbers, month, "Une ligne du budget n’a pas de mois.")
    _refuse_missing(values, numbers, amount, "Une ligne du budget n’a pas de montant.")
    column = _parts_column(frame, parts or {})
    rows = pd.DataFrame({"serie": WHOLE, "mois": months, "valeur": values})
    if column is None:
        unused = [str(c) for c in frame if c not in (month, amount)]
        notes = [f"Colonnes non utilisées : {', '.join(unused)}."] if unused else []
        if rows.duplicated("mois").any():
            notes.append("Les lignes d’un même mois sont additionnées.")
    else:
        rows["serie"], notes = _matched(frame[column], parts)
    _refuse_quarters(rows)
    table = rows.groupby(["serie", "mois"], as_index=False)["valeur"].sum()
    if column is not None and WHOLE not in set(table["serie"]):
        whole = rows.groupby("mois", as_index=False)["valeur"].sum().assign(serie=WHOLE)
        table = pd.concat([table, whole[table.columns]], ignore_index=True)
    table = table[table["serie"] != UNKNOWN].reset_index(drop=True)
    absent = sorted(set(parts.values()) - set(table["serie"]) - {WHOLE}) if column is not None else []
    if absent:
        notes.append(f"Postes des données absents du budget : {', '.join(absent)} ; l’ensemble les compte sans budget.")
    return Budget(table, tuple(notes))


def spread_annual(amount: float, year: int, profile: pd.DataFrame, *, name: str = WHOLE) -> Budget:
    """An annual amount spread over the months of a year as a profile is.

    Parameters
    ----------
    amount : float
        Budget of the year (EUR), positive.
    year : int
    profile : pandas.DataFrame
        mois, valeur: months whose weights are used, by calendar month (known and forecast months of the year).
    name : str
        Series of the budget.

    Raises
    ------
    ParameterError
        The amount is not positive.
    """
    if not (np.isfinite(amount) and amount > 0):
        raise ParameterError("Un budget annuel est un montant positif.", valeur=amount)
    weights = profile.groupby(profile["mois"].dt.month)["valeur"].mean().reindex(range(1, YEAR + 1))
    if weights.isna().any() or not (weights >= 0).all() or not weights.sum() > 0:
        weights = pd.Series(1.0, index=range(1, YEAR + 1))
    months = pd.date_range(f"{year}-01-01", periods=YEAR, freq="MS")
    values = amount * (weights / weights.sum()).to_numpy()
    return Budget(pd.DataFrame({"serie": name, "mois": months, "valeur": values}), reparti=True)


def compare_budget(budget: pd.DataFrame, history: pd.DataFrame, ahead: pd.DataFrame, landing: Landing) -> Gap:
    """Gap of one series to its budget over the year of its landing.

    Parameters
    ----------
    budget : pandas.DataFrame
        mois, valeur of the budget of this series (:meth:`Budget.of`).
    history, ahead : pandas.DataFrame
        mois, valeur known and forecast.
    landing : Landing
        Its draws give the range and the chance.

    Raises
    ------
    ParameterError
        No month of the budget is in that year.

    Notes
    -----
    When the budget lacks months of the year, only its months are compared; the draws of the year are then scaled to
    the part ahead that is compared.
    """
    year = landing.annee
    both = pd.concat([history.assign(prevu=False), ahead[["mois", "valeur"]].assign(prevu=True)], ignore_index=True)
    both = both[both["mois"].dt.year == year]
    table = budget.rename(columns={"valeur": "budget"}).merge(both, on="mois").sort_values("mois", ignore_index=True)
    if table.empty:
        years = ", ".join(str(y) for y in sorted(set(budget["mois"].dt.year)))
        raise ParameterError(
            f"Le budget porte sur {years or 'aucun mois'}, l’atterrissage sur {year}.",
            remede=f"Donnez les mois de {year}.",
        )
    table["ecart"] = table["valeur"] - table["budget"]
    table["cumul"] = table["ecart"].cumsum()
    total = float(table["budget"].sum())
    known = table[~table["prevu"]]
    value = float(table["valeur"].sum())
    share = float(table.loc[table["prevu"], "valeur"].sum()) / landing.prevu if landing.prevu else 1.0
    gaps = value - total + (landing.tirages - landing.total) * share
    low, high, chance = _spread(gaps)
    return Gap(
        table[["mois", "budget", "valeur", "prevu", "ecart", "cumul"]], year, total, float(known["ecart"].sum()),
        len(known), value - total, low, high, chance, tuple(_absent_months(table, year)),
    )  # fmt: skip


def _spread(gaps: np.ndarray) -> tuple[float, float, float]:
    if not len(gaps) or not np.isfinite(gaps).all():
        return np.nan, np.nan, np.nan
    low, high = np.quantile(gaps, (0.10, 0.90))
    return float(low), float(high), float((gaps > 0).mean())


def _absent_months(table: pd.DataFrame, year: int) -> list[str]:
    months = pd.date_range(f"{year}-01-01", periods=YEAR, freq="MS")
    absent = [format_month(m) for m in months if m not in set(table["mois"])]
    if not absent:
        return []
    return [
        f"Le budget n’a pas tous les mois de {year} : il manque {', '.join(absent)}. Ces mois ne sont pas comparés."
    ]


def _only(frame: pd.DataFrame, found: list[str], what: str) -> str:
    if len(found) == 1:
        return found[0]
    if not found:
        names = ", ".join(str(c) for c in frame.columns)
        raise SchemaError(
            f"Aucune colonne de {what} n’a été reconnue dans le budget (colonnes lues : {names}).", remede=EXPECTED
        )
    raise SchemaError(
        f"Plusieurs colonnes de {what} dans le budget : {', '.join(map(str, found))}.", colonne=str(found[1]),
        remede="N’en gardez qu’une.",
    )  # fmt: skip


def _amount(frame: pd.DataFrame) -> str:
    numeric = [c for c in frame if pd.api.types.is_numeric_dtype(frame[c])]
    named = [c for c in numeric if any(word in str(c).lower() for word in _AMOUNT_WORDS)]
    return _only(frame, named if len(named) == 1 else numeric, "montants")


def _refuse_missing(values: pd.Series, lines: np.ndarray, column: str, message: str) -> None:
    missing = values.isna().to_numpy()
    if missing.any():
        raise SchemaError(
            message, ligne=int(lines[missing.argmax()]), colonne=str(column), remede="Complétez ou supprimez la ligne."
        )


def _refuse_quarters(rows: pd.DataFrame) -> None:
    """A budget by quarter would look like a budget of one month out of three."""
    months = np.sort(rows["mois"].unique())
    numbers = months.astype("datetime64[M]").astype(int)
    if len(numbers) >= 2 and (np.diff(numbers) == 3).all():
        raise SchemaError("Le budget est par trimestre.", remede="Donnez une ligne par mois, ou un montant annuel.")


def _parts_column(frame: pd.DataFrame, parts: Mapping[str, str]) -> str | None:
    """The column of texts with the most values that are parts."""
    best, count = None, 0
    for column in frame:
        if pd.api.types.is_numeric_dtype(frame[column]) or pd.api.types.is_datetime64_any_dtype(frame[column]):
            continue
        known = {str(v).strip().lower() for v in frame[column].dropna().unique()} & set(_keys(parts))
        if len(known) > count:
            best, count = column, len(known)
    return best


def _keys(parts: Mapping[str, str]) -> dict[str, str]:
    totals = dict.fromkeys(("total", "ensemble", "total général", "tous postes"), WHOLE)
    return totals | {str(k).strip().lower(): v for k, v in parts.items()}


def _matched(texts: pd.Series, parts: Mapping[str, str]) -> tuple[pd.Series, list[str]]:
    """Series of each row; a poste that the data do not have is of none, and named."""
    cells = texts.astype("str").str.strip()
    series = cells.str.lower().map(_keys(parts)).fillna(UNKNOWN)
    unknown = sorted(set(cells[series == UNKNOWN]))
    if not unknown:
        return series, []
    return series, [f"Postes du budget inconnus des données, comptés dans l’ensemble seul : {', '.join(unknown)}."]
