"""« Rejouer à une date »: what was known then, what was said of it, and what is known now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.completion.complete import complete
from analytics.completion.develop import Development
from analytics.completion.maturity import develop_dataset, has_both_months, maturity
from analytics.errors import InsufficientData
from analytics.french import format_month
from analytics.schema import Dataset, measures_of
from analytics.uncertainty import Z_80

#: Two values nearer than this, relatively, are one.
NOTHING = 1e-9
COLUMNS = ("mois", "paye", "ultime", "bas_80", "haut_80", "aujourd_hui", "part_connue", "statut")
Series = Callable[[Dataset], pd.DataFrame]


@dataclass(frozen=True)
class Replay:
    """An indicator as it was known at a date, beside what is known of it today.

    Attributes
    ----------
    table : pandas.DataFrame
        mois; paye, ultime, bas_80, haut_80 as known at `as_of`; aujourd_hui (completed today); part_connue and statut
        at `as_of`. In the unit of the indicator; NaN where it was not known.
    as_of : pandas.Timestamp
        Last payment month known then.
    limite : str
        French sentence: what the dates of the file do not allow to replay; empty with both months.
    """

    table: pd.DataFrame
    as_of: pd.Timestamp
    limite: str = ""

    @property
    def judged(self) -> pd.DataFrame:
        """Months that were still an estimate then: those whose estimate can be confronted with today."""
        table = self.table
        return table[(table["haut_80"] > table["bas_80"]) & table["aujourd_hui"].notna()]


def known_at(dataset: Dataset, as_of: pd.Timestamp) -> Dataset:
    """The dataset as it stood once the payments of the month `as_of` were in.

    Lines paid later are gone, and premiums of later months. Lines without a payment month are kept up to that care
    month: nothing says when they came. Without payment months at all, the months up to `as_of` are kept as they are
    today.

    Raises
    ------
    InsufficientData
        Nothing was known yet.
    """
    as_of = pd.Timestamp(as_of).to_period("M").to_timestamp()
    lines, heads = dataset.prestation, dataset.cotisation
    kept = lines["mois"] <= as_of
    if has_both_months(dataset):
        kept &= (lines["mois_paiement"] <= as_of) | lines["mois_paiement"].isna()
    if not kept.any():
        raise InsufficientData(
            f"Rien n’était encore payé en {format_month(as_of, short=False)}.",
            remede="Choisissez une date plus tardive.",
        )
    if "mois" in heads.columns:
        heads = heads[heads["mois"] <= as_of]
    return replace(dataset, prestation=lines[kept], cotisation=heads, as_of=as_of)


def replay_months(dataset: Dataset) -> pd.DatetimeIndex:
    """Dates that can be chosen: the payment months (else the months), from the second year to the one before last."""
    lines = dataset.prestation
    if lines.empty or "mois" not in lines.columns:
        return pd.DatetimeIndex([])
    months = lines["mois_paiement"] if has_both_months(dataset) else lines["mois"]
    months = months.dropna()
    return pd.date_range(months.min(), months.max(), freq="MS")[12:-1]


def replay(
    dataset: Dataset,
    as_of: pd.Timestamp,
    series: Series,
    *,
    today: pd.DataFrame | None = None,
    postes: Iterable[str] | None = None,
    incomplete: int | Iterable[pd.Timestamp] | None = None,
) -> Replay:
    """Say again, at a past date, what the product would have said with what was paid by then.

    Parameters
    ----------
    dataset : Dataset
        As loaded, payment months included.
    as_of : pandas.Timestamp
        Last payment month known.
    series : callable
        Dataset without payment months → mois, valeur of the indicator and perimeter looked at.
    today : pandas.DataFrame, optional
        mois, valeur completed with everything known today; None computes it.
    postes : iterable of str, optional
        Postes of the perimeter, whose errors make the interval; None: all.
    incomplete : int or months, optional
        As in :func:`analytics.completion.maturity`: care months that the user holds as incomplete.

    Returns
    -------
    Replay
        With the care month only, the amounts of that date are lost: those of today are shown, the last two months (or
        those the user names) "incomplet". With the payment month only, the accounts were complete and stay so.

    Raises
    ------
    InsufficientData
        Nothing was known at that date, or too little to develop.

    Notes
    -----
    The interval comes from the standard error of the amounts, carried to the indicator by computing it with every
    open month at its low and at its high; an indicator that does not move with the amount has none.
    """
    then = known_at(dataset, as_of)
    now = series(complete(dataset)) if today is None else today
    if not has_both_months(dataset):
        return _without_both(then, series, now, incomplete)
    development = develop_dataset(then)
    states = maturity(then, development=development, incomplete=incomplete)
    completed = complete(then, development=development)
    spread = _relative_error(development, postes)
    low, high = (series(_scaled(completed, 1.0 + sign * Z_80 * spread)) for sign in (-1.0, 1.0))
    paid = series(replace(then, prestation=then.prestation.drop(columns="mois_paiement")))
    table = states.assign(paye=_values(paid, states), ultime=_values(series(completed), states))
    ends = np.sort([_values(low, states), _values(high, states)], axis=0)
    apart = ends[1] - ends[0] > NOTHING * np.abs(ends[1])
    table["bas_80"], table["haut_80"] = np.where(apart, ends, np.nan)
    return Replay(table.assign(aujourd_hui=_values(now, states))[list(COLUMNS)], then.as_of)


def _without_both(then: Dataset, series: Series, now: pd.DataFrame, incomplete: object) -> Replay:
    states = maturity(then, as_of=then.as_of, incomplete=incomplete)
    paid = _values(series(then), states)
    table = states.assign(paye=paid, bas_80=np.nan, haut_80=np.nan, aujourd_hui=_values(now, states))
    # a payment month is final; of a care month the amounts of that date are not in the file
    final = then.date_basis == "paiement"
    table["ultime"] = np.where(final & (states["statut"] == "complet"), paid, np.nan)
    limits = {
        "soins": "Mois de soins seul : le fichier ne dit pas ce qui était payé à cette date. Montants d’aujourd’hui, "
        "les derniers mois d’alors étaient incomplets et non corrigeables.",
        "paiement": "Vue comptable (mois de paiement seul) : les mois étaient complets, aucune correction possible.",
    }
    unknown = "Date non précisée (soins ou paiement) : ce qui était connu à cette date ne peut pas être rejoué."
    return Replay(table[list(COLUMNS)], then.as_of, limits.get(then.date_basis, unknown))


def _relative_error(development: Development, postes: Iterable[str] | None) -> pd.Series:
    """Standard error of the ultimate of each month in parts of it; NaN when one poste cannot be completed."""
    table = development.table
    if postes is not None and "poste" in development.by:
        table = table[table["poste"].astype("str").isin([str(p) for p in postes])]
    months = replace(development, table=table).by_month().set_index("mois")
    return months["se"] / months["ultime"].where(months["ultime"] > 0)


def _scaled(dataset: Dataset, factor: pd.Series) -> Dataset:
    """Every measure of care multiplied by the factor of its month, as the completion does."""
    frame = dataset.prestation
    by_line = frame["mois"].map(factor).to_numpy(dtype=float)
    return replace(dataset, prestation=frame.assign(**{m: frame[m] * by_line for m in measures_of(frame)}))


def _values(frame: pd.DataFrame, states: pd.DataFrame) -> np.ndarray:
    """Value of each month of the replay; NaN where there is none."""
    found = frame.dropna(subset=["mois"]).set_index("mois")["valeur"]
    return found.reindex(pd.DatetimeIndex(states["mois"])).to_numpy(dtype=float)
