"""What a cell keeps of its own gap to the multiplicative model: as much as its years repeat it.

Ages and sexes do not multiply (maternity), nor ages and formules: a large cell that is missed every year the same way
is believed, a small one that moves is not.

References
----------
Bühlmann H., Straub E. (1970), Mitteilungen der Vereinigung schweizerischer Versicherungsmathematiker 70, 111-133.
Ohlsson E. (2008), Scandinavian Actuarial Journal, 301-314: credibility over a generalised linear model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Kept:
    """Own level of each cell beside the model.

    Attributes
    ----------
    ratio : numpy.ndarray
        What the expectation of the cell is multiplied by; 1 when nothing is believed.
    variance : numpy.ndarray
        Of the ratio.
    credibility : numpy.ndarray
        Part of its own gap that is believed, 0 to 1.
    """

    ratio: np.ndarray
    variance: np.ndarray
    credibility: np.ndarray


def keep_gaps(observed: np.ndarray, expected: np.ndarray, estimated: int) -> Kept:
    """Bühlmann and Straub's credibility of the ratio observed ÷ expected of each cell.

    Parameters
    ----------
    observed, expected : numpy.ndarray
        Years × cells, EUR.
    estimated : int
        Coefficients that the expectation was fitted with.

    Returns
    -------
    Kept
        All ratios 1 when a single year is known, or when cells differ from the model no more than by chance.
    """
    size = expected.sum(axis=0)
    met = size > 0
    own = np.where(met, np.where(expected > 0, observed, 0.0).sum(axis=0) / np.where(met, size, 1.0), 1.0).clip(0)
    used = expected > 0
    gaps = np.where(used, (observed - own * expected) ** 2 / np.where(used, expected, 1.0), 0.0)
    repeats = used.sum() - met.sum()
    between, width = (size * (own - 1) ** 2).sum(), size.sum() - (size**2).sum() / max(size.sum(), 1e-300)
    chance = gaps.sum() / repeats if repeats > 0 else np.inf
    spread = (between - chance * max(met.sum() - estimated, 1)) / width if repeats > 0 and width > 0 else 0.0
    if not spread > 0:
        return keep_none(size)
    belief = size * spread / (size * spread + chance)
    return Kept(1 + belief * (own - 1), np.where(met, (1 - belief) * spread, 0.0), belief)


def keep_none(cells: np.ndarray) -> Kept:
    """Nothing of its own for any cell."""
    flat = np.zeros(len(cells))
    return Kept(flat + 1, flat, flat)
