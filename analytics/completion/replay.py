"""« Rejouer à une date »: what was known then, what was said of it, and what is known now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.completion.complete import complete, ratio_of, without_payment_months
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


@dataclass(frozen=True)
class Closing:
    """What was said of the months of a whole dataset at a date: the same for every perimeter and indicator.

    Attributes
    ----------
    as_of : pandas.Timestamp
        Last payment month known then.
    states : pandas.DataFrame
        mois, part_connue, statut, as :func:`analytics.completion.maturity` said then.
    development : Development or None
        How the care months were developed then; None without both months.
    """

    as_of: pd.Timestamp
    states: pd.DataFrame
    development: Development | None


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
    as_of = _first_day(as_of)
    lines, heads = _lines_at(dataset.prestation, as_of), dataset.cotisation
    if lines.empty:
        raise InsufficientData(
            f"Rien n’était encore payé en {format_month(as_of, short=False)}.",
            remede="Choisissez une date plus tardive.",
        )
    if "mois" in heads.columns:
        heads = heads[heads["mois"] <= as_of]
    return replace(dataset, prestation=lines, cotisation=heads, as_of=as_of)


def replay_months(dataset: Dataset) -> pd.DatetimeIndex:
    """Dates that can be chosen: the payment months (else the months), from the second year to the one before last."""
    lines = dataset.prestation
    if lines.empty or "mois" not in lines.columns:
        return pd.DatetimeIndex([])
    months = lines["mois_paiement"] if has_both_months(dataset) else lines["mois"]
    months = months.dropna()
    return pd.date_range(months.min(), months.max(), freq="MS")[12:-1]


def look_back(
    dataset: Dataset, as_of: pd.Timestamp, *, incomplete: int | Iterable[pd.Timestamp] | None = None
) -> Closing:
    """Say again what the product said of the months at a past date.

    Parameters
    ----------
    dataset, as_of, incomplete
        As in :func:`replay`.

    Raises
    ------
    InsufficientData
        Nothing was known at that date, or too little to develop.
    """
    then = known_at(dataset, as_of)
    if not has_both_months(dataset):
        return Closing(then.as_of, maturity(then, as_of=then.as_of, incomplete=incomplete), None)
    development = develop_dataset(then)
    return Closing(then.as_of, maturity(then, development=development, incomplete=incomplete), development)


def replay(
    dataset: Dataset,
    as_of: pd.Timestamp,
    series: Series,
    *,
    today: pd.DataFrame | None = None,
    postes: Iterable[str] | None = None,
    incomplete: int | Iterable[pd.Timestamp] | None = None,
    closing: Closing | None = None,
) -> Replay:
    """Say again, at a past date, what the product would have said with what was paid by then.

    Parameters
    ----------
    dataset : Dataset
        As loaded, payment months included.
    as_of : pandas.Timestamp
        Last payment month known.
    series : callable
        Dataset without payment months → mois, valeur of the indicator and perimeter looked at. Its months
        after `as_of` are not read.
    today : pandas.DataFrame, optional
        mois, valeur completed with everything known today; None computes it.
    postes : iterable of str, optional
        Postes of the perimeter, whose errors make the interval; None: all.
    incomplete : int or months, optional
        As in :func:`analytics.completion.maturity`: care months that the user holds as incomplete.
    closing : Closing, optional
        Already computed by :func:`look_back` on the whole dataset, `incomplete` included; `dataset` may then hold the
        lines of the perimeter only (:mod:`analytics.completion.perimeter`).

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
    closing = closing or look_back(dataset, as_of, incomplete=incomplete)
    states, development = closing.states, closing.development
    now = _values(series(complete(dataset)) if today is None else today, states)
    if development is None:
        return _without_both(known_at(dataset, as_of), series, now, closing)
    paid = without_payment_months(_lines_at(dataset.prestation, closing.as_of))
    ratio = ratio_of(paid, development)
    completed = _scaled(paid, np.where(np.isnan(ratio), 1.0, ratio))
    error = paid["mois"].map(_relative_error(development, postes)).to_numpy(dtype=float)
    low, high = (_scaled(completed, 1.0 + sign * Z_80 * error) for sign in (-1.0, 1.0))
    told = (series(replace(dataset, prestation=p, as_of=closing.as_of)) for p in (paid, completed, low, high))
    values = [_values(table, states) for table in told]
    ends = np.sort(values[2:], axis=0)
    apart = ends[1] - ends[0] > NOTHING * np.abs(ends[1])
    table = states.assign(paye=values[0], ultime=values[1], aujourd_hui=now)
    table["bas_80"], table["haut_80"] = np.where(apart, ends, np.nan)
    return Replay(table[list(COLUMNS)], closing.as_of)


def _first_day(month: pd.Timestamp) -> pd.Timestamp:
    return pd.Timestamp(month).to_period("M").to_timestamp()


def _lines_at(lines: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Lines of care already there at a date; those without a payment month count from their care month."""
    kept = lines["mois"].to_numpy() <= as_of.to_datetime64()
    if "mois_paiement" in lines.columns:
        payment = lines["mois_paiement"].to_numpy()
        kept &= (payment <= as_of.to_datetime64()) | np.isnat(payment)
    return lines[kept]


def _without_both(then: Dataset, series: Series, now: np.ndarray, closing: Closing) -> Replay:
    states = closing.states
    paid = _values(series(then), states)
    table = states.assign(paye=paid, bas_80=np.nan, haut_80=np.nan, aujourd_hui=now)
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


def _scaled(lines: pd.DataFrame, factor: np.ndarray) -> pd.DataFrame:
    """Every measure of care multiplied by the factor of its line, as the completion does."""
    return lines.assign(**{m: lines[m].to_numpy() * factor for m in measures_of(lines)})


def _values(frame: pd.DataFrame, states: pd.DataFrame) -> np.ndarray:
    """Value of each month of the replay; NaN where there is none."""
    dated = frame["mois"].notna().to_numpy()
    found = pd.Series(frame["valeur"].to_numpy(dtype=float)[dated], index=pd.DatetimeIndex(frame["mois"][dated]))
    return found.reindex(pd.DatetimeIndex(states["mois"])).to_numpy()
