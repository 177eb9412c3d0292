"""One step by segment: the mixed-integer programme of a grid, given to HiGHS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from analytics.errors import ParameterError
from analytics.prescriptive.quiet import silence

Floats = NDArray[np.float64]
SECONDS, NODES = 30.0, 2_000
#: What scipy says of a programme that nothing meets.
INFEASIBLE = 2


@dataclass(frozen=True)
class Choices:
    """One column per (segment, step) allowed."""

    owner: NDArray[np.int64]
    step: NDArray[np.int64]
    x: Floats
    gain: Floats
    A: Floats
    rhs: Floats

    def only(self, kept: NDArray[np.bool_]) -> Choices:
        """Some columns."""
        return Choices(self.owner[kept], self.step[kept], self.x[kept], self.gain[kept], self.A[:, kept], self.rhs)

    def one_each(self, n: int) -> sparse.csr_array:
        """Rows that count the steps taken by each segment."""
        size = len(self.owner)
        return sparse.csr_array((np.ones(size), (self.owner, np.arange(size))), shape=(n, size))


class Stopped(ParameterError):
    """The search ended before any plan was found: nobody knows whether there is one."""


def pick_steps(
    n: int, c: Choices, scale: Floats, rules: sparse.csr_array, precision: float
) -> tuple[NDArray[np.int64] | None, float]:
    """Columns picked, one by segment in their order, and the bound; None when it is proved that nothing fits.

    Raises
    ------
    Stopped
        No plan found in the time given, and no proof that there is none.
    """
    unit = max(float(np.abs(c.gain).max()), 1e-300)
    limits = [LinearConstraint(c.one_each(n), 1, 1)]
    if len(scale):
        limits.append(LinearConstraint(sparse.csr_array(c.A / scale[:, None] * 1e3), c.rhs / scale * 1e3, np.inf))
    if rules.shape[0]:
        limits.append(LinearConstraint(rules, 0, np.inf))
    with silence():
        found = milp(
            -c.gain / unit,
            integrality=np.ones(len(c.owner)),
            bounds=Bounds(0, 1),
            constraints=limits,
            options={"mip_rel_gap": precision, "time_limit": SECONDS, "node_limit": NODES},
        )
    if found.x is None:
        if found.status == INFEASIBLE:
            return None, np.nan
        raise Stopped(
            "La recherche sur la grille s’est arrêtée avant de trouver un plan : on ne sait pas s’il en existe un.",
            colonne="grille",
            remede="Élargissez le pas de la grille, regroupez des segments ou retirez une règle entre segments.",
        )
    best = np.zeros(n, dtype=np.int64)
    order = np.argsort(found.x, kind="stable")
    best[c.owner[order]] = order
    bound = -found.mip_dual_bound * unit if found.mip_dual_bound is not None else np.inf
    return best, float(bound) + 1e-9 * abs(float(bound))
