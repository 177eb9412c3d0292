"""What moves with a series, at the same time or some months before? Associations, never causes.

Every candidate is tried at every lag, so the risk of finding one by chance is that of the whole family: Simes over the
lags of a candidate, then q-values of Benjamini and Hochberg over the candidates. An association is kept when, besides,
it makes the forecast of the last year better. Its interval is that of what was chosen among so many, not of one link
tried alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

from analytics.diagnostic.impact import LOCKDOWN
from analytics.diagnostic.lagged import (
    MAX_ORDER,
    Moves,
    best_lags,
    calendar_of,
    filtered,
    gain,
    links,
    seasonless,
)
from analytics.errors import ParameterError
from analytics.french import format_number, format_percent
from analytics.verdict import REPONSES, Verdict

Floats = NDArray[np.float64]
MIN_MONTHS = 48
MAX_LAG = 12
#: Months of the last year that must be known for the forecast to be judged.
MIN_JUDGED = 6
#: Share of the intervals shown that may miss the effect, the choice among all the tests included.
MISSED = 0.05
#: Share of a season and of noise under which a change is a rounding error.
FLAT = 1e-9
COLUMNS = (
    "facteur", "decalage", "effet", "bas", "haut", "p_value", "q_value", "gain", "n", "pour", "reponse", "raison",
)  # fmt: skip
TESTED = ("facteur", "decalage", "effet", "bas", "haut", "p_value", "q_value", "n")
PER_CENT, PER_UNIT = "1 %", "1 unité"


@dataclass(frozen=True)
class Drivers:
    """What a series is associated with.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per candidate, at its lag of least p-value, kept ones first: facteur, decalage (months by which it comes
        before), effet, bas, haut (95 %, the choice included: see :func:`find_drivers`), p_value, q_value (of the
        candidate, all its lags together), gain (share of the error taken off over the last months), n (pairs of
        months), pour ("1 %" or "1 unité": rise of the candidate that the effect answers to), reponse, raison (in
        French, why it is not kept). The effect is in per cent of the series when `relative`, else in its unit.
    tested : pandas.DataFrame
        Every candidate at every lag: facteur, decalage, effet, bas, haut, p_value, q_value (over all the tests), n.
    verdict : Verdict
        Whether there is any; `score` is the number kept, `p_value` the least q-value.
    relative : bool
        Whether effects are per cents of the series.
    n_months : int
        Months of the series that count.
    warnings : tuple of str
        What limits the answer, in French.
    """

    table: pd.DataFrame
    tested: pd.DataFrame
    verdict: Verdict
    relative: bool
    n_months: int
    warnings: tuple[str, ...] = ()

    @property
    def kept(self) -> pd.DataFrame:
        """Rows of `table` that are associated with the series, surest first."""
        return self.table[self.table["reponse"] == "oui"]

    @property
    def n_tests(self) -> int:
        """Number of associations tried."""
        return len(self.tested)


@dataclass(frozen=True)
class _Scaled:
    """A series ready for the models: its logarithm where it is positive throughout."""

    values: Floats
    is_log: bool

    @property
    def n(self) -> int:
        return int(np.isfinite(self.values).sum())


def find_drivers(
    y: pd.Series,
    candidates: pd.DataFrame,
    *,
    max_lag: int = MAX_LAG,
    fdr: float = 0.05,
    holdout: int = 12,
    known: tuple[str, ...] = (),
    masked: Iterable[object] = LOCKDOWN,
) -> Drivers:
    """Candidates that move with a series, at the same time or up to `max_lag` months before.

    Parameters
    ----------
    y : pandas.Series
        Monthly values; missing ones are left out.
    candidates : pandas.DataFrame
        One column per candidate, named as it is shown, on months too. None may be a part of `y`.
    max_lag : int
        Months, 12 at most.
    fdr : float
        Largest q-value of an association that is kept.
    holdout : int
        Last months on which the forecast is judged.
    known : tuple of str
        Candidates whose effect on everything is known (working days): each is tried like the others, and taken off
        the others and `y`, which would else go together through it.
    masked : iterable of months
        Left out of every series; by default the first lockdown.

    Returns
    -------
    Drivers

    Raises
    ------
    ParameterError
        The index is not one of months, each once; or an option is out of its bounds.

    Notes
    -----
    :mod:`analytics.diagnostic.lagged` tells the comparison. The effect is that of a lasting rise of the candidate, at
    that lag alone. Benjamini and Hochberg (1995). The interval at 95 % of the best of so many tests would miss the
    effect one time in five: each one given is at 1 − 5 % × kept / tests, the lags counted, so that at most 5 % of those
    of kept candidates miss it (Benjamini and Yekutieli, 2005). The association is chosen on all months, the forecast of
    the last ones fitted on those that precede each: it says whether the link held recently, not how far a link yet
    unknown would have helped.
    """
    _check(max_lag, fdr, holdout)
    series = _monthly(y.to_frame("y"))["y"]
    table = _monthly(candidates).reindex(series.index)
    hidden = series.index.isin([pd.Timestamp(month) for month in masked])
    explained = _scaled(series.to_numpy(), hidden)
    scaled = {str(name): _scaled(table[name].to_numpy(), hidden) for name in table.columns}
    refusal = _refused(explained, scaled)
    if refusal:
        return _unknown(refusal, explained)
    months = series.index.month.to_numpy() - 1
    rows, tests = [], []
    for name, candidate in scaled.items():
        beside = [scaled[k].values for k in known if k in scaled and k != name]
        calendar = calendar_of(months, np.column_stack(beside) if beside else np.empty((len(months), 0)))
        reason, found = _tested(name, explained, candidate, calendar, max_lag)
        tests += found
        best = min(found, key=lambda t: t["p_value"], default=None)
        if best is None:
            rows.append({"facteur": name, "reponse": "on ne peut pas dire", "raison": reason})
            continue
        share, judged = gain(explained.values, candidate.values, calendar, best["decalage"], holdout)
        rows.append({**best, "gain": share if judged >= min(MIN_JUDGED, holdout) else np.nan,
                     "pour": PER_CENT if candidate.is_log else PER_UNIT})  # fmt: skip
    return _judged(rows, tests, explained, fdr, holdout)


def _check(max_lag: int, fdr: float, holdout: int) -> None:
    if not 0 <= max_lag <= MAX_LAG:
        raise ParameterError(f"Le décalage va de 0 à {MAX_LAG} mois.", valeur=max_lag)
    if not 0 < fdr < 1:
        raise ParameterError("Le risque de fausse découverte est entre 0 et 1.", valeur=fdr)
    if not 1 <= holdout <= MIN_MONTHS // 2:
        raise ParameterError(f"Les mois de vérification vont de 1 à {MIN_MONTHS // 2}.", valeur=holdout)


def _monthly(table: pd.DataFrame) -> pd.DataFrame:
    """The same on every month from the first to the last."""
    index = table.index.to_timestamp() if isinstance(table.index, pd.PeriodIndex) else table.index
    if not isinstance(index, pd.DatetimeIndex) or index.has_duplicates or (len(index) and (index.day != 1).any()):
        raise ParameterError("Les lignes d’une série sont des mois, chacun une fois.")
    ordered = table.set_axis(index).astype("float64").sort_index()
    return ordered.asfreq("MS") if len(ordered) else ordered


def _scaled(values: Floats, hidden: NDArray[np.bool_]) -> _Scaled:
    known = np.where(np.isfinite(values) & ~hidden, values, np.nan)
    positive = bool((known[np.isfinite(known)] > 0).all())
    return _Scaled(np.log(known) if positive else known, positive)


def _refused(explained: _Scaled, scaled: dict[str, _Scaled]) -> str:
    if explained.n < MIN_MONTHS:
        return (
            f"Il faut {MIN_MONTHS} mois connus pour chercher ce qui évolue avec une série ; "
            f"il y en a {format_number(explained.n)}."
        )
    if _is_flat(explained.values):
        return "La série ne bouge pas : rien ne peut évoluer avec elle."
    return "" if scaled else "Aucune autre série n’est disponible pour la comparer."


def _is_flat(values: Floats) -> bool:
    known = values[np.isfinite(values)]
    return not np.ptp(known) > FLAT * max(1.0, float(np.abs(known).max()))


def _tested(
    name: str, explained: _Scaled, candidate: _Scaled, calendar: Floats, max_lag: int
) -> tuple[str, list[dict[str, object]]]:
    """The tests of one candidate at every lag; without any, why."""
    both = int((np.isfinite(explained.values) & np.isfinite(candidate.values)).sum())
    if both < MIN_MONTHS:
        return f"{format_number(both)} mois connus avec la série ; il en faut {MIN_MONTHS}", []
    moves = seasonless(candidate.values, calendar)
    if _is_flat(candidate.values) or _is_still(moves, candidate.values):
        return "ne bouge pas, une fois sa saison et sa tendance ôtées", []
    lags, weights = best_lags(moves, MAX_ORDER)
    answer = filtered(seasonless(explained.values, calendar), lags, weights)
    found = links(answer, filtered(moves, lags, weights), max_lag, calendar.shape[1] - 1)
    unit = (100.0 if explained.is_log else 1.0) / (100.0 if candidate.is_log else 1.0)
    tests = []
    for lag, link in enumerate(found):
        if not np.isfinite(link.p_value):
            continue
        tests.append({"facteur": name, "decalage": lag, "effet": link.effect * unit, "p_value": link.p_value,
                      "n": link.n, "lien": link, "unite": unit})  # fmt: skip
    return "" if tests else "trop peu de mois se suivent", tests


def _is_still(moves: Moves, values: Floats) -> bool:
    return float(np.abs(moves.values).max()) <= FLAT * max(1.0, float(np.nanmax(np.abs(values))))


def _judged(
    rows: list[dict[str, object]], tests: list[dict[str, object]], explained: _Scaled, fdr: float, holdout: int
) -> Drivers:
    """Risks of the whole family of tests, then what is kept and why the others are not."""
    p_values = pd.DataFrame(tests, columns=["facteur", "p_value"])
    families = p_values.groupby("facteur", sort=False)["p_value"].agg(lambda p: _simes(p.to_numpy(dtype=float)))
    risk_of = dict(zip(families.index, _q_values(families.to_numpy(dtype=float)), strict=True))
    told = []
    for row in rows:
        if "reponse" not in row:
            risk = float(risk_of[row["facteur"]])
            reponse, reason = _answer(risk, row["gain"], fdr, holdout)
            row = {**row, "q_value": risk, "reponse": reponse, "raison": reason}
        told.append(row)
    missed = MISSED * max(sum(row["reponse"] == "oui" for row in told), 1) / max(len(tests), 1)
    told.sort(key=lambda row: (REPONSES.index(row["reponse"]), row.get("p_value", np.inf)))
    table = pd.DataFrame([_ends(row, missed) for row in told], columns=list(COLUMNS))
    tested = pd.DataFrame([_ends(test, missed) for test in tests], columns=list(TESTED))
    tested["q_value"] = _q_values(tested["p_value"].to_numpy(dtype=float))
    verdict, notes = _verdict(table, len(tested), fdr, holdout), _warnings(table, explained)
    return Drivers(table.astype({"decalage": "Int64", "n": "Int64"}), tested, verdict, explained.is_log, explained.n,
                   notes)  # fmt: skip


def _ends(row: dict[str, object], missed: float) -> dict[str, object]:
    """The same with the interval that misses the effect with this probability; without one when nothing was tried."""
    if "lien" not in row:
        return row
    low, high = row["lien"].interval(1 - missed)
    return {**row, "bas": low * row["unite"], "haut": high * row["unite"]}


def _q_values(p_values: Floats) -> Floats:
    return multipletests(p_values, method="fdr_bh")[1] if len(p_values) else np.empty(0)


def _simes(p_values: Floats) -> float:
    """Risk that nothing is true among the lags of one candidate, whose neighbours say the same thing (Simes 1986).

    Without it, the lags around a true one would each count as a discovery, and make room for false candidates.
    """
    ordered = np.sort(p_values)
    return float((ordered * len(ordered) / np.arange(1, len(ordered) + 1)).min())


def _answer(q_value: float, share: float, fdr: float, holdout: int) -> tuple[str, str]:
    if not q_value <= fdr:
        return "non", f"le hasard en donne autant (risque de fausse alerte : {format_percent(q_value, 0)})"
    if np.isnan(share):
        return "on ne peut pas dire", f"trop peu des {holdout} derniers mois sont connus pour vérifier le lien"
    if share <= 0:
        return "non", f"n’améliore pas la prévision des {holdout} derniers mois"
    return "oui", ""


def _verdict(table: pd.DataFrame, count: int, fdr: float, holdout: int) -> Verdict:
    kept = table[table["reponse"] == "oui"]
    least = float(table["q_value"].min())
    tried = f"{format_number(count)} associations essayées"
    if not count:
        return Verdict("on ne peut pas dire", np.nan, np.nan, "Aucune série ne peut être comparée à celle-ci.")
    if kept.empty and least <= fdr:
        return _not_kept(table[table["q_value"] <= fdr], least, tried, holdout)
    if kept.empty:
        return Verdict("non", 0.0, least, f"Aucune série ne lui est associée plus que le hasard n’en donne ({tried}).")
    names = "Une série lui est associée" if len(kept) == 1 else f"{len(kept)} séries lui sont associées"
    return Verdict("oui", float(len(kept)), least, f"{names} plus que le hasard n’en donne ({tried}).")


def _not_kept(linked: pd.DataFrame, least: float, tried: str, holdout: int) -> Verdict:
    """No series is kept though some are linked more than chance would: the forecast is no better, or cannot be judged.

    What cannot be judged comes first: another that does not help would not make it a no.
    """
    open_ = linked[linked["reponse"] == "on ne peut pas dire"]
    named = linked if open_.empty else open_
    names = ", ".join(f"«\u00a0{name}\u00a0»" for name in named["facteur"])
    one = len(named) == 1
    start = f"{names} lui {'est associée' if one else 'sont associées'} plus que le hasard n’en donne ({tried}), mais"
    if open_.empty:
        helps = "n’améliore" if one else "n’améliorent"
        return Verdict("non", 0.0, least, f"{start} {helps} pas la prévision des {holdout} derniers mois.")
    why = f"trop peu des {holdout} derniers mois sont connus pour vérifier {'ce lien' if one else 'ces liens'}"
    return Verdict("on ne peut pas dire", np.nan, least, f"{start} {why}.")


def _warnings(table: pd.DataFrame, explained: _Scaled) -> tuple[str, ...]:
    notes = []
    if explained.n < MIN_MONTHS * 1.5:
        notes.append(f"Sur {format_number(explained.n)} mois, seul un lien fort peut se distinguer du hasard.")
    if not explained.is_log:
        notes.append("La série n’est pas toujours positive : les effets sont dans son unité, pas en pour cent.")
    untested = int(table["p_value"].isna().sum())
    if untested:
        notes.append(f"{format_number(untested)} série(s) n’ont pas pu être essayées.")
    return tuple(notes)


def _unknown(reason: str, explained: _Scaled) -> Drivers:
    verdict = Verdict("on ne peut pas dire", np.nan, np.nan, reason)
    empty = pd.DataFrame(columns=list(COLUMNS)), pd.DataFrame(columns=list(TESTED))
    return Drivers(*empty, verdict, explained.is_log, explained.n)
