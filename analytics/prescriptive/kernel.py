"""Totals of a portfolio in many futures at once: segments are summed by matrix products, block of draws by block.

Nothing of size draws × segments × postes is ever made. A block holds the draws that share one set of responses.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from analytics.prescriptive.model import Assumptions
from analytics.prescriptive.year import Year

Floats = NDArray[np.float64]
#: Draws × segments of a block, which must stay near the processor.
BLOCK = 128_000


@dataclass(frozen=True)
class Shocks:
    """Drawn assumptions: the same futures for every scenario.

    Attributes
    ----------
    elasticite, derive : numpy.ndarray
        (draws, S), or (1, S) without uncertainty.
    n : int
        Draws.
    growth : numpy.ndarray or None
        (draws, postes): growth of the claims per head, as a factor; it replaces `derive`.
    reponses : dict of str to numpy.ndarray
        One value by world; draws are shared out between the worlds in order. Empty: central values.
    """

    elasticite: Floats
    derive: Floats
    n: int
    growth: Floats | None = None
    reponses: dict[str, Floats] | None = None

    @property
    def worlds(self) -> int:
        """Sets of responses drawn."""
        return len(next(iter(self.reponses.values()))) if self.reponses else 1

    @property
    def drifting(self) -> bool:
        """Whether the claims of a segment have a drift of their own."""
        return self.growth is None and bool(self.derive.any())

    def edges(self) -> np.ndarray:
        """First draw of each world, and the number of draws."""
        return np.linspace(0, self.n, self.worlds + 1).round().astype(int)


def total_draws(
    base: Assumptions, shocks: Shocks, plan: Callable[[dict[str, float] | None], Year], *, answered: bool
) -> dict[str, Floats]:
    """Sums over the segments in each draw.

    Parameters
    ----------
    base : Assumptions
    shocks : Shocks
    plan : callable
        The year of one set of responses; None for their central values.
    answered : bool
        Whether the levers rest on a response that is drawn.

    Returns
    -------
    dict of str to numpy.ndarray
        As :func:`analytics.prescriptive.model.add_up`, shape (draws,).
    """
    single = shocks.growth is None and len(shocks.elasticite) == len(shocks.derive) == 1 and not answered
    n = 1 if single else shocks.n
    found: dict[str, Floats] = {}
    drifting = shocks.drifting  # looked at once: it reads all the draws
    for rows, year in _blocks(shocks, n, plan, answered):
        for name, values in _sum_block(base, shocks, year, rows, drifting=drifting).items():
            found.setdefault(name, np.empty(n))[rows] = values
    return {name: np.broadcast_to(values, (shocks.n,)) for name, values in found.items()}


def _blocks(
    shocks: Shocks, n: int, plan: Callable[[dict[str, float] | None], Year], answered: bool
) -> Iterator[tuple[slice, Year]]:
    if not answered:
        year = plan(None)
        step = max(1, BLOCK // shocks.elasticite.shape[1])
        for start in range(0, n, step):
            yield slice(start, min(start + step, n)), year
        return
    edges = shocks.edges()
    for world, (start, end) in enumerate(itertools.pairwise(edges)):
        if end == start:
            continue
        year = plan({key: float(values[world]) for key, values in shocks.reponses.items()})
        yield slice(start, end), year


def _sum_block(base: Assumptions, shocks: Shocks, year: Year, rows: slice, *, drifting: bool) -> dict[str, Floats]:
    n = base.beneficiaires
    kept = _kept(base, year, _rows(shocks.elasticite, rows))
    held = kept @ np.stack([n, n * base.cotisation, n * base.cotisation * year.hausse], axis=1)
    stay = kept + year.nouveaux if year.nouveaux.any() else kept
    if (year.nouveaux < 0).any():
        stay = np.maximum(stay, 0.0)
    money = np.stack([n, n * year.prix, n * year.prix * (1.0 - year.chargement), n * year.charge], axis=1)
    heads = stay @ money + year.recrues @ money
    weight = stay + year.pc_recrues * year.recrues if year.recrues.any() else stay
    if drifting:
        weight = weight * (1.0 + _rows(shocks.derive, rows))
    growth = None if shocks.growth is None else shocks.growth[rows]
    prestation, reste = (_care(weight, n, care, growth) for care in (year.prestation, year.reste))
    charges = heads[:, 3] + year.cout_recrue * float(year.recrues @ n)
    return {
        "retenus": held[:, 0],
        "cotisation_retenus": held[:, 1],
        "hausse": held[:, 2],
        "effectif": heads[:, 0],
        "cotisation": heads[:, 1],
        "prestation": prestation,
        "reste": reste,
        "charges": charges,
        "resultat": heads[:, 2] - prestation - charges,
    }


def _rows(drawn: Floats, rows: slice) -> Floats:
    return drawn if len(drawn) == 1 else drawn[rows]


def _kept(base: Assumptions, year: Year, elasticite: Floats) -> Floats:
    """Share of the members kept, (draws of the block or 1, S)."""
    if not year.hausse_payee.any():
        return base.retention[None, :]
    odds = elasticite * year.hausse_payee
    odds -= logit(base.retention)
    with np.errstate(over="ignore"):  # an exponential beyond the largest number: nobody stays
        np.exp(odds, out=odds)
    odds += 1.0
    return np.divide(1.0, odds, out=odds)


def _care(weight: Floats, heads: Floats, care: Floats, growth: Floats | None) -> Floats:
    """Amount of one kind of care, all postes, in each draw; NaN when one of them is not known."""
    if not np.isfinite(care).all():
        return np.full(len(weight), np.nan)
    if growth is None:
        return weight @ (heads * care.sum(axis=1))
    return ((weight @ (heads[:, None] * care)) * growth).sum(axis=1)
