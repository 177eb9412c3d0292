"""Errors confronted with the past: what the same rule said at the last closings, and what is known of it today."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analytics.completion.credibility import LATEST
from analytics.completion.estimate import MATURE, Estimate, estimate_ultimates
from analytics.completion.pattern import measure_patterns
from analytics.completion.triangle import MIN_PAYMENT_MONTHS, Triangles

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
#: Closings replayed; the last `LATEST` care months of each are scored.
CLOSINGS = 12
#: Scores that the stated error is worth: with fewer closings behind it, it is believed more.
TRUST = 10.0
#: Largest squared score counted, so that one month out of the ordinary does not rule.
MOST = 16.0
#: Cells replayed apart; the smaller ones take the widening of all.
HEAVIEST = 40


def widen(triangles: Triangles, estimate: Estimate, heads: Floats, *, window: int | None) -> Floats:
    """Factor on the standard errors of each cell, shape (G,), at least 1.

    Root mean square of (estimate then − ultimate now) / error then over the last closings, drawn towards 1 by `TRUST`
    scores: Mack's error holds for a rhythm that does not change, and this one does.
    """
    order = np.argsort(-np.nansum(estimate.paid, axis=1), kind="stable")[:HEAVIEST]
    squares, n = _scores(_only(triangles, order), estimate.ultimate[order], heads[order], window)
    common = (TRUST + squares.sum()) / (TRUST + n.sum())
    factor = np.full(len(estimate.paid), common)
    factor[order] = (TRUST * common + squares) / (TRUST + n)
    return np.sqrt(np.maximum(factor, 1.0))


def rewind(triangles: Triangles, backs: Integers) -> Triangles:
    """The triangles as they stood some months before, the cells of the first closing coming first.

    `age` and `seen` are then by cell, later months have a negative age and nothing paid, and `cumulative` is left to
    :func:`analytics.completion.pattern.measure_patterns`.
    """
    n_cells, n_months = triangles.paid.shape
    age = triangles.age - backs[:, None]
    wait = np.clip(age, 0, triangles.cumulative.shape[2] - 1)
    paid = triangles.cumulative[:, np.arange(n_months), wait].swapaxes(0, 1)
    paid = np.where((age >= 0)[:, None] & (paid != 0), paid, np.nan).reshape(-1, n_months)
    seen = triangles.seen & (age >= 0)
    return replace(
        triangles, cells=triangles.cells.iloc[np.tile(np.arange(n_cells), len(backs))], paid=paid,
        age=np.repeat(age, n_cells, axis=0), seen=np.repeat(seen, n_cells, axis=0), warnings=(),
    )  # fmt: skip


def _only(triangles: Triangles, cells: Integers) -> Triangles:
    return replace(
        triangles, cells=triangles.cells.iloc[cells], paid=triangles.paid[cells],
        cumulative=triangles.cumulative[cells],
    )  # fmt: skip


def _scores(triangles: Triangles, ultimate: Floats, heads: Floats, window: int | None) -> tuple[Floats, Integers]:
    """Sum of squared scores of each cell and their number; only months well known today have a truth.

    Every closing is replayed at once: a cell at a closing is a cell of its own.
    """
    backs = _closings(triangles)
    if not len(backs):
        return np.zeros(len(ultimate)), np.zeros(len(ultimate), dtype=np.int64)
    past, again = rewind(triangles, backs), (len(backs), 1)
    first = slice(None, None, len(ultimate))  # age and seen are the same for all the cells of a closing
    pattern = measure_patterns(triangles.cumulative, past.age[first], past.seen[first], window=window)
    reached = (past.age >= 0).sum(axis=1)
    then = estimate_ultimates(past, pattern, np.tile(heads, again), "auto", reached=reached)
    share = np.divide(triangles.paid, ultimate, out=np.zeros_like(ultimate), where=ultimate > 0)
    recent = (past.age >= 0) & (past.age < LATEST)
    scored = (np.tile(share, again) >= MATURE) & (then.se > 1e-6 * np.abs(then.ultimate)) & recent
    gap = np.where(scored, then.ultimate - np.tile(ultimate, again), 0.0)
    square = np.minimum((gap / np.where(scored, then.se, 1.0)) ** 2, MOST)
    by_closing = (len(backs), *ultimate.shape)
    return square.reshape(by_closing).sum(axis=(0, 2)), scored.reshape(by_closing).sum(axis=(0, 2))


def _closings(triangles: Triangles) -> Integers:
    """Months to go back to each of the last closings that had enough payment months."""
    backs = np.arange(1, CLOSINGS + 1)
    held = (triangles.seen & (triangles.age >= backs[:, None])).sum(axis=1)
    return backs[held >= MIN_PAYMENT_MONTHS]
