"""A budget beside what is known and forecast: the gap to date, the gap where the year ends, the chance to overrun."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.errors import ParameterError
from analytics.french import format_month, format_number
from analytics.predictive.landing import YEAR, Landing
from analytics.predictive.reconciliation import WHOLE


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

    def inside(self, names: Collection[str]) -> Budget:
        """The budget of some of its parts: their sum is the whole; empty when one of them has none."""
        kept = self.table[self.table["serie"].isin(list(names))]
        if not names or set(names) - set(kept["serie"]):
            return Budget(self.table.iloc[:0])
        whole = kept.groupby("mois", as_index=False)["valeur"].sum().assign(serie=WHOLE)
        note = f"Budget de ce périmètre : somme de ses parts ({', '.join(sorted(names))})."
        return Budget(pd.concat([kept, whole[kept.columns]], ignore_index=True), (note,), self.reparti)


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
        raise ParameterError(
            "Un budget annuel est un montant positif.", valeur=format_number(amount) if np.isfinite(amount) else None
        )
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
