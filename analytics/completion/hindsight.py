"""Errors confronted with the past: what the same rule said at the last closings, and what is known of it today."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analytics.completion.estimate import MATURE, Estimate, estimate_ultimates
from analytics.completion.pattern import measure_pattern
from analytics.completion.triangle import MIN_PAYMENT_MONTHS, Triangles

Floats = NDArray[np.float64]
#: Closings replayed, and last care months of each that are scored.
CLOSINGS, AGES = 12, 4
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


def rewind(triangles: Triangles, back: int) -> Triangles:
    """The triangles as they stood `back` months before."""
    as_of = triangles.as_of - back
    kept = triangles.months <= as_of
    age = triangles.age[kept] - back
    cumulative = triangles.cumulative[:, kept]
    wait = np.clip(age, 0, cumulative.shape[2] - 1)
    paid = cumulative[:, np.arange(len(wait)), wait]
    hidden = np.where(np.arange(cumulative.shape[2]) > age[:, None], np.nan, 0.0)
    seen = triangles.seen[kept]
    return replace(
        triangles, months=triangles.months[kept], as_of=as_of, paid=np.where(paid != 0, paid, np.nan),
        cumulative=cumulative + hidden, age=age, seen=seen & (seen.sum() >= MIN_PAYMENT_MONTHS), warnings=(),
    )  # fmt: skip


def _only(triangles: Triangles, cells: NDArray[np.int64]) -> Triangles:
    return replace(
        triangles, cells=triangles.cells.iloc[cells], paid=triangles.paid[cells],
        cumulative=triangles.cumulative[cells],
    )  # fmt: skip


def _scores(
    triangles: Triangles, ultimate: Floats, heads: Floats, window: int | None
) -> tuple[Floats, NDArray[np.int64]]:
    """Sum of squared scores of each cell and their number; only months well known today have a truth."""
    squares, n = np.zeros(len(ultimate)), np.zeros(len(ultimate), dtype=np.int64)
    known = np.divide(triangles.paid, ultimate, out=np.zeros_like(ultimate), where=ultimate > 0)
    for back in range(1, CLOSINGS + 1):
        past = rewind(triangles, back)
        if not past.seen.any():
            break
        size = len(past.months)
        then = estimate_ultimates(past, measure_pattern(past, window=window), heads[:, :size], "auto")
        scored = (known[:, :size] >= MATURE) & (then.se > 1e-6 * np.abs(then.ultimate)) & (past.age < AGES)
        gap = np.where(scored, then.ultimate - ultimate[:, :size], 0.0)
        square = np.minimum((gap / np.where(scored, then.se, 1.0)) ** 2, MOST)
        squares += square.sum(axis=1)
        n += scored.sum(axis=1)
    return squares, n
