"""The tests: one candidate by segment and kind of alert, each with a p-value, a period and its euros."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtr

from analytics.descriptive.alerts.known import correlation_with_last, mean_of_known, median_of_known
from analytics.descriptive.alerts.panels import MIN_MONTHS, YEAR, Panel, yearly_growth
from analytics.diagnostic.last import errors_of, p_values_at
from analytics.diagnostic.onestep import NORMAL_MAD, OneStep, median_of_rows, spread_of_rows
from analytics.diagnostic.smallest import replay_smallest

LAST, BREAK, DRIFT = "dernier mois", "rupture", "dérive"
MIN_DRIFT = 0.02
MIN_FREEDOM = 5
LOOKS = 36  # past months judged again, to know what this dataset does when nothing is asked of it
#: A break is looked for from three to twelve months before the end: sooner, it is a last month; later, it is history.
SHORTEST, LONGEST = 3, 12
BOUND = 3.0  # no single month makes a break
#: Answer of the errors of a smoothing (level 0.3, slope 0.05, damping 0.95) to a step of 1, then to a slope of 1.
_ALPHA, _BETA, _PHI = 0.3, 0.05, 0.95


@dataclass(frozen=True)
class Candidate:
    """One segment that may deserve attention."""

    genre: str
    filters: Mapping[str, tuple[str, ...]]
    debut: pd.Timestamp
    fin: pd.Timestamp
    p_value: float
    euros: float


@dataclass(frozen=True)
class Segment:
    """Where a series comes from, and its amounts in euros."""

    filters: Mapping[str, tuple[str, ...]]
    amounts: np.ndarray


@dataclass(frozen=True)
class Watched:
    """Every series known every month, side by side, what each one is, and its errors of one step."""

    series: pd.DataFrame
    segments: tuple[Segment, ...]
    errors: OneStep


def last_months(watched: Watched) -> list[Candidate]:
    """One candidate by segment on the last settled month."""
    last = watched.series.index[-1]
    p_values = p_values_at(watched.errors, len(watched.errors.errors) - 1)
    return [
        Candidate(LAST, s.filters, last, last, float(p), _change(s.amounts, 1))
        for s, p in zip(watched.segments, p_values, strict=True)
        if np.isfinite(p)
    ]


def replay_minima(watched: Watched) -> pd.Series:
    """By past month, the smallest p-value that the last months of that look would have given."""
    return replay_smallest(watched.errors, watched.series.index, LOOKS)


def breaks(watched: Watched) -> list[Candidate]:
    """One candidate by segment: the best dated break of level or slope of its last year, against its own history.

    A break leaves a known trace in one-step errors (Tsay, 1988; Chen and Liu, 1993). The trace is looked for at every
    date; its strength, in robust spreads of what it was over the rest of the history, is held against as many tests as
    there are dates and shapes.
    """
    settled, errors = watched.series.index, np.ascontiguousarray(watched.errors.errors.T)
    if len(settled) < MIN_MONTHS + LONGEST:
        return []
    spread = spread_of_rows(errors)[:, None]
    scaled = np.clip(errors / np.where(spread > 0, spread, np.nan), -BOUND, BOUND)
    lengths = range(SHORTEST, LONGEST + 1)
    strengths = np.column_stack([_strength(scaled, trace[:n]) for trace in traces() for n in lengths])
    freedom = max(errors.shape[1] / 2, MIN_FREEDOM)  # the errors are bounded: their tails are not those of the series
    best = np.argmax(np.abs(strengths), axis=1)
    strongest = np.take_along_axis(strengths, best[:, None], axis=1)[:, 0]
    p_values = np.minimum(1.0, strengths.shape[1] * 2 * stdtr(freedom, -np.abs(strongest)))
    found, year = [], list(settled[-LONGEST:])
    for i in np.flatnonzero(np.isfinite(strengths).all(axis=1)):
        segment, months = watched.segments[i], lengths[best[i] % len(lengths)]
        euros = _change(segment.amounts, months)
        # the year before tells another story: counted as a test, never shown
        p_value = float(p_values[i]) if euros * strongest[i] > 0 else 1.0
        found.append(Candidate(BREAK, segment.filters, year[-months], year[-1], p_value, euros))
    return found


@functools.cache
def traces() -> np.ndarray:
    """What a step, then a slope, beginning at the first month, leaves in the one-step errors: 2 × twelve months."""
    found = []
    for shape in (np.ones(LONGEST), np.arange(1.0, LONGEST + 1)):
        level = slope = 0.0
        errors = np.empty(LONGEST)
        for t, value in enumerate(shape):
            expected = level + _PHI * slope
            errors[t] = value - expected
            level = expected + _ALPHA * errors[t]
            slope = _PHI * slope + _ALPHA * _BETA * errors[t]
        found.append(errors / np.sqrt((errors**2).sum()))
    return np.array(found)


def _strength(errors: np.ndarray, trace: np.ndarray) -> np.ndarray:
    """Match of the last errors (series × months) with a trace, in robust spreads of the same match before."""
    n = len(trace)
    count = errors.shape[1] - n + 1
    match = sum(errors[:, i : i + count] * weight for i, weight in enumerate(trace / np.sqrt((trace**2).sum())))
    past = match[:, :-n]
    spread = np.maximum(spread_of_rows(past), 1.0)  # errors that are not correlated give 1
    return (match[:, -1] - median_of_rows(past)) / spread


def drifts(panel: Panel, months: pd.DatetimeIndex) -> list[Candidate]:
    """Mean gap, over the last year, between a segment's growth and that of what it belongs to.

    A crossed segment is held against its poste, a simple one against the whole. The standard error is that of a mean of
    twelve autocorrelated monthly gaps; the spread of all the segments of the grouping is added to it, so that only a
    segment unlike its peers stands out.
    """
    if not panel.by:
        return []
    series, amounts = panel.series.to_numpy(float), panel.amounts.to_numpy(float)
    gaps = yearly_growth(series) - panel.growth_of_parents.to_numpy(float)
    recent, past = gaps[-YEAR:], gaps[YEAR:-YEAR]
    drift = mean_of_known(recent) - median_of_known(past)
    noise = NORMAL_MAD * median_of_known(np.abs(past - median_of_known(past)))
    correlation = np.nan_to_num(np.clip(correlation_with_last(past), 0, 0.8))
    inflation = (1 + correlation) / (1 - correlation)
    peers = len(drift) > 2
    centre = median_of_known(drift) if peers else 0.0
    spread = NORMAL_MAD * median_of_known(np.abs(drift - centre)) if peers else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing ever moves: no p-value
        z = (drift - centre) / np.sqrt(noise**2 * inflation / YEAR + spread**2)
    known = (~np.isnan(past)).sum(axis=0)
    p_values = 2 * stdtr(np.maximum(known / inflation - 1, MIN_FREEDOM), -np.abs(z))
    euros = np.expm1(drift) * np.nansum(amounts[-2 * YEAR : -YEAR], axis=0)
    whole = ~np.isnan(series[-2 * YEAR :]).any(axis=0)
    shown = np.flatnonzero(np.isfinite(p_values) & (np.abs(drift) >= MIN_DRIFT) & whole)
    debut, fin, columns = months[-YEAR], months[-1], panel.series.columns
    return [Candidate(DRIFT, panel.filters(columns[i]), debut, fin, float(p_values[i]), float(euros[i])) for i in shown]


def watch(panels: list[Panel], settled: pd.DatetimeIndex) -> Watched | None:
    """Every series to judge and its errors; None when there is none. A hole cannot be judged."""
    series, segments = gather(panels, settled)
    return None if series.empty else Watched(series, tuple(segments), errors_of(series))


def gather(panels: list[Panel], months: pd.DatetimeIndex) -> tuple[pd.DataFrame, list[Segment]]:
    """Every series known every month, side by side, and what each one is; `months` are the first of the panels."""
    columns, segments = [], []
    for panel in panels:
        series, amounts = (t.to_numpy(float)[: len(months)] for t in (panel.series, panel.amounts))
        known = ~np.isnan(series).any(axis=0)
        columns.append(series[:, known])
        segments += [Segment(panel.filters(panel.series.columns[i]), amounts[:, i]) for i in np.flatnonzero(known)]
    values = np.column_stack(columns) if columns else np.empty((len(months), 0))
    return pd.DataFrame(values, index=months), segments


def _change(amounts: np.ndarray, months: int) -> float:
    """Euros of the last months less those of the same months a year before."""
    return float(amounts[-months:].sum() - amounts[-months - YEAR : -YEAR].sum())
