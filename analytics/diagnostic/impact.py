"""Did an event change a series, and by how much? And how often does a false date do as well?

Two cases. With control series that the event does not touch, they carry the expected value and the level hardly drifts,
as in the CausalImpact package (its defaults are the priors here). Without, the past of the series alone carries it: a
trend, the season of months and a level as free as the data make it, which is much less sure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analytics.diagnostic.breaks import is_monthly
from analytics.diagnostic.counterfactual import Expected
from analytics.diagnostic.trends import Layout, Told, doubt_of, lay_out, with_season
from analytics.errors import ParameterError
from analytics.french import format_number
from analytics.verdict import Verdict

Floats = NDArray[np.float64]
MIN_BEFORE, MIN_AFTER = 12, 1
#: First lockdown: months that say nothing of a trend, and that no reform explains.
LOCKDOWN = tuple(pd.date_range("2020-03-01", "2020-06-01", freq="MS"))
#: Periods masked in a row that leave something behind, and known periods that must stand between them and an event.
LONG, BESIDE = 3, 2
#: Periods at least between a change already known and the event.
APART = 6
#: Share of false dates doing as well as the true one from which nothing is claimed.
TOO_MANY = 0.15
MIN_PLACEBOS = 5
#: Without as many false dates, standard errors that an effect must be away from zero.
SURE = 3.0
#: What false dates that are well foreseen may take back of the doubt between models.
LEAST_WIDTH = 0.8


@dataclass(frozen=True)
class Impact:
    """Effect of an event on a series.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per period from `start` on: date, valeur, attendu, bas, haut (95 %), effet; unit of the series. A masked
        or missing period has only its value.
    effect : float
        Average per period, unit of the series; NaN when it cannot be said.
    interval : tuple of float
        95 % interval of `effect`.
    p_value : float
        Two-sided probability of such an effect had nothing happened.
    verdict : Verdict
        Whether there was an effect; `score` is the effect in standard deviations.
    models : pandas.DataFrame
        modele, effet, bas, haut: the same under three models of the trend; the first one is the answer.
    placebos : pandas.DataFrame
        date, effet, score: the same at false dates, before the event.
    """

    table: pd.DataFrame
    effect: float
    interval: tuple[float, float]
    p_value: float
    verdict: Verdict
    models: pd.DataFrame
    placebos: pd.DataFrame


def measure_impact(
    y: pd.Series,
    *,
    start: object,
    x: pd.DataFrame | pd.Series | None = None,
    n_placebo: int = 20,
    masked: Iterable[object] | None = None,
    known: Iterable[object] = (),
) -> Impact:
    """Effect of an event that begins at `start`, on average per period from then on.

    Parameters
    ----------
    y : pandas.Series
        Evenly spaced values, in the order of time, before and after the event; missing ones are left out.
    start : label
        First period of the event, in the index of `y`.
    x : pandas.DataFrame, optional
        Control series on the same index, that the event does not touch.
    n_placebo : int
        False dates to try before the event.
    masked : iterable of labels, optional
        Periods left out on both sides. By default those of the first lockdown, where the index is months.
    known : iterable of labels, optional
        First periods of other lasting changes that are known of: a step at each of those that come six periods or more
        before `start` is part of what is expected, and no false date is tried across one.

    Raises
    ------
    ParameterError
        `start` is not in the index, which is not in order or has twins, or a control has no value where `y` has one.

    Notes
    -----
    Brodersen et al. (2015) with both variances integrated out; as many Fourier terms for the season of months as the
    past makes likely (two years at least before the event); false dates: Abadie et al. (2010). The answer is that of
    the first model; its interval is widened by what the other two say, as much as they are likely, and by as much as
    the false dates are missed by more than was announced. `python -m benchmarks.impact` measures how often it then
    covers zero where nothing happened.
    """
    y = pd.Series(y, dtype=float)
    label = pd.Timestamp if isinstance(y.index, pd.DatetimeIndex) else lambda given: given
    start = label(start)
    position = _checked(y, start)
    hidden = set(LOCKDOWN if is_monthly(y.index) else ()) if masked is None else set(map(label, masked))
    steps = _steps(y.index, map(label, known), position)
    series = lay_out(y, _controls(x, y), np.isin(y.index, list(hidden)), position, steps)
    refusal = _refused(y, series, position)
    if refusal:
        return _unknown(y.iloc[position:], refusal)
    series = with_season(series, position)
    told = series.effects(position, len(y))
    effect, expected = next(iter(told.values()))
    doubt = doubt_of(told)
    placebos = _placebos(series if doubt > 1 else series.with_answer_only(), y.index, position, n_placebo)
    wider = max(1.0, doubt * _wider(placebos))
    models = _models(told)
    models.loc[0, ["bas", "haut"]] = effect + wider * (models.loc[0, ["bas", "haut"]].astype(float) - effect)
    p_value = _two_sided(expected, effect, wider)
    verdict = _judged(effect, models, expected.deviation * wider, p_value, placebos)
    table = _table(y, series, position, expected, wider)
    interval = float(models["bas"][0]), float(models["haut"][0])
    return Impact(table, effect, interval, p_value, verdict, models, placebos)


def _checked(y: pd.Series, start: object) -> int:
    if not y.index.is_monotonic_increasing or y.index.has_duplicates:
        raise ParameterError("Les périodes de la série doivent se suivre, une ligne chacune.")
    if start not in y.index:
        raise ParameterError("La date de l’événement n’est pas une période de la série.", valeur=start)
    return int(y.index.get_loc(start))


def _steps(index: pd.Index, labels: Iterable[object], start: int) -> tuple[int, ...]:
    """Positions of the changes already known, but those so close to the event that they cannot be told from it."""
    found = {int(index.searchsorted(label)) for label in labels}
    return tuple(sorted(s for s in found if 0 < s <= start - APART))


def _controls(x: pd.DataFrame | pd.Series | None, y: pd.Series) -> Floats | None:
    if x is None:
        return None
    table = (x.to_frame() if isinstance(x, pd.Series) else x).reindex(y.index).astype(float)
    missing = table[y.notna()].isna().any()
    if missing.any():
        raise ParameterError("Une série témoin a des trous.", colonne=str(missing.idxmax()))
    return table.to_numpy()


def _refused(y: pd.Series, series: Layout, start: int) -> str:
    before, after = int(series.counted[:start].sum()), int(series.counted[start:].sum())
    if series.hidden[start]:
        return "L’événement commence pendant une période masquée : rien ne distingue son effet du reste."
    if before < MIN_BEFORE:
        return f"Il faut {MIN_BEFORE} périodes connues avant l’événement ; il y en a {before}."
    if _beside(series.hidden, start):
        return (
            "L’événement touche une période masquée : rien ne distingue son effet de ce que cette période a laissé "
            "derrière elle."
        )
    if after < MIN_AFTER:
        return "Aucune période n’est connue depuis l’événement."
    if not np.ptp(y.to_numpy()[:start][series.counted[:start]]) > 0:
        return "La série ne bouge pas avant l’événement : rien ne dit ce qui est habituel."
    return ""


def _beside(hidden: NDArray[np.bool_], start: int) -> bool:
    """Whether a long masked period ends just before the event, or begins just after it."""
    starts = np.flatnonzero(sliding_window_view(hidden, LONG).all(axis=1))
    return bool(((starts < start + BESIDE) & (starts + LONG > start - BESIDE)).any())


def _placebos(series: Layout, index: pd.Index, start: int, count: int) -> pd.DataFrame:
    """The same measure at false dates of the second half of the past, each on what precedes it."""
    length = len(index) - start
    first, last = max(MIN_BEFORE, start // 2), start - max(3, min(length, start // 4))
    dates = np.unique(np.linspace(first, last, count).astype(int)) if count > 0 and last >= first else []
    rows = []
    for date in dates:
        stop = min(date + length, start)
        known = series.counted[:date].sum() >= MIN_BEFORE and series.counted[date:stop].any()
        known &= not any(date <= step < stop for step in series.steps)
        if known and np.ptp(series.values[:date][series.counted[:date]]) > 0:
            told = series.effects(int(date), stop)
            effect, expected = next(iter(told.values()))
            rows.append((index[date], effect, effect / (expected.deviation * doubt_of(told))))
    return pd.DataFrame(rows, columns=["date", "effet", "score"])


def _wider(placebos: pd.DataFrame) -> float:
    """How much wider the interval must be for the false dates to be missed as often as announced."""
    if len(placebos) < MIN_PLACEBOS:
        return 1.0
    return max(LEAST_WIDTH, float(np.sqrt((placebos["score"] ** 2).mean())))


def _models(told: Told) -> pd.DataFrame:
    rows = []
    for name, (effect, expected) in told.items():
        value = effect + expected.mean
        rows.append((name, effect, value - expected.quantile(0.975), value - expected.quantile(0.025)))
    return pd.DataFrame(rows, columns=["modele", "effet", "bas", "haut"])


def _two_sided(expected: Expected, effect: float, wider: float) -> float:
    share = expected.below(expected.mean + effect / wider)
    return float(2 * min(share, max(1.0 - share, 0.0)))


def _judged(effect: float, models: pd.DataFrame, deviation: float, p_value: float, placebos: pd.DataFrame) -> Verdict:
    """An effect is claimed when its interval leaves zero out and few false dates, of enough of them, do as well."""
    score = effect / deviation
    low, high = models.loc[0, "bas"], models.loc[0, "haut"]
    words = f"{_signed(effect)} en moyenne par période (de {_signed(low)} à {_signed(high)}, 95 fois sur 100)"
    as_well = int((placebos["effet"].abs() >= abs(effect)).sum())
    told = f" ; {_false_dates(as_well)} autant, sur {len(placebos)} essayées" if len(placebos) else ""
    if low <= 0 <= high:
        return Verdict("non", score, p_value, f"Aucun effet ne se distingue du hasard : {words}{told}.")
    if len(placebos) < MIN_PLACEBOS and abs(score) < SURE:
        sentence = (
            f"Rien ne dit si une autre date ferait aussi bien, {_compared(len(placebos))} pour comparer : {words}."
        )
        return Verdict("on ne peut pas dire", score, p_value, sentence)
    if len(placebos) >= MIN_PLACEBOS and as_well > TOO_MANY * len(placebos):
        sentence = f"Trop de dates fictives font aussi bien : {words}{told}."
        return Verdict("on ne peut pas dire", score, p_value, sentence)
    alone = f" ; {_compared(len(placebos))} pour comparer" if len(placebos) < MIN_PLACEBOS else ""
    return Verdict("oui", score, p_value, f"Un effet se distingue : {words}{told}{alone}.")


def _compared(count: int) -> str:
    if count == 0:
        return "sans date fictive"
    return f"avec {count} date{'s' if count > 1 else ''} fictive{'s' if count > 1 else ''} seulement"


def _false_dates(count: int) -> str:
    if count == 0:
        return "aucune date fictive n’en fait"
    return "une date fictive en fait" if count == 1 else f"{count} dates fictives en font"


def _signed(value: float) -> str:
    digits = 0 if abs(value) >= 1000 else 2
    return f"{'+' if value > 0 else ''}{format_number(value, digits)}"


def _table(y: pd.Series, series: Layout, start: int, expected: Expected, wider: float) -> pd.DataFrame:
    counted = series.counted[start:]
    table = pd.DataFrame({"date": y.index[start:], "valeur": y.to_numpy()[start:]})
    low, high = (expected.path + wider * (bound - expected.path) for bound in (expected.low, expected.high))
    for name, values in (("attendu", expected.path), ("bas", low), ("haut", high)):
        table[name] = np.nan
        table.loc[counted, name] = values
    return table.assign(effet=table["valeur"] - table["attendu"])


def _unknown(after: pd.Series, sentence: str) -> Impact:
    table = pd.DataFrame({"date": after.index, "valeur": after.to_numpy()}).assign(
        attendu=np.nan, bas=np.nan, haut=np.nan, effet=np.nan
    )
    verdict = Verdict("on ne peut pas dire", np.nan, np.nan, sentence)
    models = pd.DataFrame(columns=["modele", "effet", "bas", "haut"])
    placebos = pd.DataFrame(columns=["date", "effet", "score"])
    return Impact(table, np.nan, (np.nan, np.nan), np.nan, verdict, models, placebos)
