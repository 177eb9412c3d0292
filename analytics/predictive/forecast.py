"""The forecast of one or many monthly series, with its backtest, its bounds and what was tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analytics.errors import ParameterError, SchemaError
from analytics.predictive import menu, scores
from analytics.predictive.backtest import Lent, SerieRuns, bound_columns, bounds, lend_effects, run_serie, tabulate
from analytics.predictive.calendar import check_events
from analytics.predictive.coherence import cohere
from analytics.predictive.completed import level_errors, widen
from analytics.predictive.intervals import Windows, calibrate
from analytics.predictive.nodes import Memory
from analytics.predictive.notes import collect_warnings
from analytics.predictive.prepare import History, prepare
from analytics.predictive.reconciliation import Hierarchy, summing_matrix
from analytics.predictive.run import Settings
from analytics.predictive.weights import weigh
from analytics.verdict import Verdict

Progress = Callable[[float, str], None]
MAX_HORIZON = 60
DEFAULT_ORIGINS: Mapping[str, int] = {"sm4": 8, "core4": 6}
_PROPHET_SERIES = 3


@dataclass(frozen=True)
class Forecast:
    """What comes next, and how much to believe it.

    Attributes
    ----------
    table : pandas.DataFrame
        serie, mois, valeur, bas_80, haut_80, bas_95, haut_95 (one pair per level), modele (French, which models it
        is made of). NaN bounds mean that no honest bound exists; `warnings` says why.
    backtest : pandas.DataFrame
        serie, origine, mois, horizon, modele, valeur, reel, bas_L, haut_L, echelle: every model at every past origin,
        knowing only what was known. modele "mediane" is the forecast, "naif_saisonnier" the reference.
    candidates : pandas.DataFrame
        One row per series and model: serie, modele, libelle, statut ("retenu", "montré", "rejeté", "prévision"),
        raison, poids (in the forecast, before extremes are left out; NaN for the others), n, origines, mase, wape,
        smape, biais, couverture_L, msis. Rates are fractions.
    warnings : tuple of str
        French sentences.
    effects : pandas.DataFrame
        serie, effet, beta, erreur_type, t, variation (exp(beta) - 1 when on logarithms), retenu, raison.
    verdicts : mapping of str to Verdict
        For each series, whether the forecast beats the seasonal naive.
    verdict : Verdict
        The same question on every series together.
    """

    table: pd.DataFrame
    backtest: pd.DataFrame
    candidates: pd.DataFrame
    warnings: tuple[str, ...]
    effects: pd.DataFrame
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    verdict: Verdict | None = None


def forecast(
    frame: pd.DataFrame,
    *,
    horizon: int = 12,
    levels: tuple[int, ...] = (80, 95),
    events: pd.DataFrame | None = None,
    calendar: str | None = "FR",
    hierarchy: Hierarchy | None = None,
    mode: str = "sm4",
    prophet: bool | None = None,
    n_origins: int | None = None,
    incomplete: int | None = None,
    saturday: float = 0.0,
    progress: Progress | None = None,
    memory: Memory | None = None,
) -> Forecast:
    """Forecast monthly series by the trimmed mean of simple models, after removing working days and dated events.

    Parameters
    ----------
    frame : pandas.DataFrame
        serie, mois (first of month), valeur. A month without a row, or NaN, is missing, never zero. Optionally
        erreur_type: standard error of a month completed from its payments (same unit), which widens the bounds.
    horizon : int
        Months ahead, 1 to 60.
    levels : tuple of int
        Levels of the bounds, in percent.
    events : pandas.DataFrame, optional
        evenement, debut, forme ("impulsion", "palier", "rampe"), and optionally fin, serie, effet (0.05 = +5 %,
        for an effect known beforehand, possibly to come). Without `effet` the effect is estimated, and used only when
        the history can tell it (|t| > 2).
    calendar : {"FR", None}
        French working days, or None for series without a real calendar.
    hierarchy : mapping of str to sequence of str, optional
        Aggregate series to the leaf series it sums; forecasts then add up.
    mode : {"sm4", "core4"}
        "core4": airline, Theta, STL with damped smoothing, local regression. "sm4" adds exponential smoothing, its
        forms weighed by AICc: more accurate, about twice as slow.
    prophet : bool, optional
        Whether Prophet is shown beside the others; by default only for three series or fewer.
    n_origins : int, optional
        Past origins in the backtest, at most; 8 by default, 6 with "core4".
    incomplete : int, optional
        Last months of the frame that are not fully known: left out and forecast with the rest.
    saturday : float
        Weight of an open Saturday in working days, 0 to 1.
    progress : callable, optional
        Called with the share done (0 to 1) and a French sentence.
    memory : mutable mapping of str to bytes, optional
        Keeps what was computed of each series at each origin: a month more then computes only what is new.

    Returns
    -------
    Forecast

    Raises
    ------
    ParameterError
        Unknown option.
    SchemaError
        Missing column, duplicated month (the message names the series and the month), unknown series in `hierarchy`.
    InsufficientData
        No known value at all.

    Notes
    -----
    Method and its measures: median of simple models, Petropoulos and Svetunkov (2020); see each module for its source.
    """
    settings = _settings(horizon, levels, calendar, mode, n_origins, incomplete, saturday)
    known_events = check_events(events)
    histories = prepare(frame, incomplete=settings.incomplete)
    _check_hierarchy(hierarchy, histories)
    usable = [h for h in histories if h.kind != "vide"]
    shown = prophet if prophet is not None else len(usable) <= _PROPHET_SERIES
    settings = replace(settings, prophet=bool(shown))
    if progress is not None:
        progress(0.0, f"{_counted(0, usable)}, effets des événements")
    lent = lend_effects(usable, settings, known_events, hierarchy, memory)
    runs = _run_all(usable, settings, known_events, lent, progress, memory)
    runs, shares = weigh(runs, settings.middle)
    runs, loose = cohere(runs, hierarchy, settings) if hierarchy else (runs, ())
    runs = _calibrated(runs, settings)
    runs = _less_sure(runs, level_errors(frame, histories), settings)
    backtest = tabulate(runs, settings)
    verdicts = {name: scores.judge(part) for name, part in backtest.groupby("serie", observed=True, sort=False)}
    unknown = scores.judge(backtest.iloc[:0])
    return Forecast(
        table=_table(runs, settings),
        backtest=backtest,
        candidates=_candidates(runs, backtest, shares, settings),
        warnings=collect_warnings(histories, runs, settings, loose),
        effects=_effects(runs),
        verdicts={r.history.serie: verdicts.get(r.history.serie, unknown) for r in runs},
        verdict=scores.judge(backtest),
    )


def _settings(horizon, levels, calendar, mode, n_origins, incomplete, saturday) -> Settings:
    checks = (
        (int(horizon) == horizon and 1 <= horizon <= MAX_HORIZON, "L’horizon va de 1 à 60 mois.", horizon),
        (len(levels) > 0 and all(0 < level < 100 for level in levels), "Un niveau est entre 0 et 100 %.", levels),
        (calendar in ("FR", None), "Calendrier inconnu : « FR » ou aucun.", calendar),
        (mode in menu.MODES, "Mode inconnu : « sm4 » ou « core4 ».", mode),
        (n_origins is None or n_origins >= 0, "Le nombre d’essais passés ne peut pas être négatif.", n_origins),
        ((incomplete or 0) >= 0, "Le nombre de mois incomplets ne peut pas être négatif.", incomplete),
        (0 <= saturday <= 1, "Le poids du samedi est entre 0 et 1.", saturday),
    )
    for valid, message, value in checks:
        if not valid:
            raise ParameterError(message, valeur=value)
    origins = DEFAULT_ORIGINS[mode] if n_origins is None else n_origins
    unique = tuple(sorted(set(levels)))
    return Settings(int(horizon), unique, mode, False, origins, incomplete or 0, saturday, calendar)


def _check_hierarchy(hierarchy: Hierarchy | None, histories: tuple[History, ...]) -> None:
    if not hierarchy:
        return
    known = {h.serie for h in histories if h.kind != "vide"}
    absent = [node for node in summing_matrix(hierarchy)[0] if node not in known]
    if absent:
        raise SchemaError("Une série de la hiérarchie n’a pas de donnée.", valeur=absent[0])


def _run_all(
    usable, settings: Settings, events, lent: Lent, progress: Progress | None, memory: Memory | None
) -> tuple[SerieRuns, ...]:
    done = []
    for i, history in enumerate(usable):
        if progress is not None:
            progress(i / len(usable), _counted(i, usable))
        done.append(run_serie(history, settings, events, lent, memory))
    if progress is not None:
        progress(1.0, "Prévisions terminées")
    return tuple(done)


def _counted(done: int, usable: Sequence[History]) -> str:
    return f"{done} série{'s' * (done > 1)} sur {len(usable)}"


def _calibrated(runs: tuple[SerieRuns, ...], settings: Settings) -> tuple[SerieRuns, ...]:
    """The same runs with bounds that the backtest supports."""
    flat = [(i, s, run) for i, s in enumerate(runs) for run in (*s.origins, s.final)]
    width = max(run.combined.shape[1] for *_, run in flat)
    windows = Windows(
        serie=np.array([i for i, *_ in flat]),
        offset=np.array([s.offset(run) for _, s, run in flat]),
        quantiles=np.stack([_padded(run.combined, width) for *_, run in flat]),
        actual=np.stack([_padded(s.actual(run)[None, :], width)[0] for _, s, run in flat]),
        scale=np.array([run.scale for *_, run in flat]),
    )
    quantiles = calibrate(windows, settings.levels)
    result, position = [], 0
    for s in runs:
        own = [quantiles[position + k][:, : r.combined.shape[1]] for k, r in enumerate((*s.origins, s.final))]
        position += len(own)
        if s.history.non_negative:
            own = [np.maximum(q, 0.0) for q in own]
        result.append(s.replace_combined(own[-1], own[:-1]))
    return tuple(result)


def _less_sure(runs: tuple[SerieRuns, ...], errors: Mapping[str, float], settings: Settings) -> tuple[SerieRuns, ...]:
    """The same runs, the bounds ahead carrying the standard errors of the months that were completed."""
    result = []
    for s in runs:
        error = errors.get(s.history.serie, 0.0)
        if error > 0:
            level = float(np.nanmean(s.history.y[-menu.SHORT :])) * s.history.scale
            wider = widen(s.final.combined, error, settings.probabilities, start=level)
            wider = np.maximum(wider, 0.0) if s.history.non_negative else wider
            s = s.replace_combined(wider, [r.combined for r in s.origins])
        result.append(s)
    return tuple(result)


def _padded(values: np.ndarray, width: int) -> np.ndarray:
    return np.pad(values, ((0, 0), (0, width - values.shape[1])), constant_values=np.nan)


def _table(runs: tuple[SerieRuns, ...], settings: Settings) -> pd.DataFrame:
    parts = []
    for s in runs:
        n = s.final.n
        named = bounds(s.final.combined, settings)
        if s.history.n_known < menu.SHORT:
            # Fewer than a year of months: nothing supports a band wider than the narrowest one.
            for level in settings.levels[1:]:
                named[f"bas_{level}"] = named[f"haut_{level}"] = np.full_like(named[f"bas_{level}"], np.nan)
        values = s.final.combined[settings.middle]
        block = {"serie": s.history.serie, "mois": s.months[n : n + len(values)], "valeur": values, **named}
        parts.append(pd.DataFrame(block).assign(modele=_describe(s)))
    return pd.concat(parts, ignore_index=True)[["serie", "mois", "valeur", *bound_columns(settings), "modele"]]


def _describe(s: SerieRuns) -> str:
    names = [menu.LABELS[m] for m in s.final.members]
    if len(names) == 1:
        return names[0]
    return ("Médiane de : " if len(names) <= 4 else "Moyenne sans les extrêmes de : ") + ", ".join(names)


def _candidates(
    runs: tuple[SerieRuns, ...], backtest: pd.DataFrame, shares: Mapping[str, Mapping[str, float]], settings: Settings
) -> pd.DataFrame:
    rows = []
    for s in runs:
        name, final = s.history.serie, s.final
        rows.append((name, menu.COMBINED, "prévision", "", np.nan))
        rows += [(name, m, "retenu", "", shares[name][m]) for m in final.members]
        rows += [(name, m, "rejeté", reason, np.nan) for m, reason in final.rejected.items()]
        shown = [m for m in final.others if m not in final.members]
        rows += [(name, m, "montré", "hors de la prévision, pour comparaison", np.nan) for m in shown]
    table = pd.DataFrame(rows, columns=["serie", "modele", "statut", "raison", "poids"])
    table.insert(2, "libelle", table["modele"].map(menu.LABELS))
    return table.merge(scores.compute_scores(backtest, settings.levels), on=["serie", "modele"], how="left")


def _effects(runs: tuple[SerieRuns, ...]) -> pd.DataFrame:
    rows = [
        (s.history.serie, e.name, e.beta, e.se, e.t, np.expm1(e.beta) if s.history.log else np.nan, e.kept, e.reason)
        for s in runs
        for e in s.final.effects
    ]
    columns = ["serie", "effet", "beta", "erreur_type", "t", "variation", "retenu", "raison"]
    return pd.DataFrame(rows, columns=columns).astype({"retenu": bool})  # without rows too: it is a mask
