"""Effects leaning on those of the parent: a small cell tells little of its working days, its parent tells more.

The spread between the series of a family is estimated from their own estimates, so that series that really differ keep
theirs. Source: random effects by moments, DerSimonian and Laird (1986).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analytics.predictive.reconciliation import Hierarchy
from analytics.predictive.regarima import Effect, Prior

_FEWEST = 2  # one child alone says nothing of how children differ


def find_parents(series: Sequence[str], hierarchy: Hierarchy | None) -> dict[str, str | None]:
    """The smallest aggregate that holds each series; None for those that have none, the larger series first."""
    sets = {name: frozenset(map(str, leaves)) for name, leaves in (hierarchy or {}).items()}
    parents: dict[str, str | None] = {}
    for name in sorted(series, key=lambda s: -len(sets.get(s, ()))):
        own = sets.get(name, frozenset([name]))
        above = [other for other, leaves in sets.items() if other != name and own < leaves and other in series]
        parents[name] = min(above, key=lambda other: len(sets[other])) if above else None
    return parents


def lend(effects: Mapping[str, Sequence[Effect]], parents: Mapping[str, str | None]) -> dict[str, dict[str, Prior]]:
    """What each series may borrow, by effect.

    Parameters
    ----------
    effects : mapping of str to sequence of Effect
        Own estimates of each series, all on the scale of logarithms.
    parents : mapping of str to str or None
        As :func:`find_parents` gives them; a series without a parent borrows nothing.
    """
    lent: dict[str, dict[str, Prior]] = {}
    own = {s: {e.name: e for e in found if np.isfinite(e.beta) and e.se > 0} for s, found in effects.items()}
    for parent in dict.fromkeys(p for p in parents.values() if p is not None):
        family = [s for s, p in parents.items() if p == parent and s in own]
        for name in dict.fromkeys(name for s in family for name in own[s]):
            members = [s for s in family if name in own[s]]
            centre = _centre_of(own, lent, parent, name)
            if np.isnan(centre) or len(members) < _FEWEST:
                continue
            prior = centre, _spread([own[s][name] for s in members], centre)
            for s in members:
                lent.setdefault(s, {})[name] = prior
    return lent


def _centre_of(own, lent, parent: str, name: str) -> float:
    """Effect of the parent, itself leaning on its own; NaN when there is none."""
    effect = own.get(parent, {}).get(name)
    if effect is None:
        return np.nan
    prior = lent.get(parent, {}).get(name)
    return effect.beta if prior is None else effect.lean(prior)[0]


def _spread(found: Sequence[Effect], centre: float) -> float:
    """Spread around the parent; a standard error of its heterogeneity is added: a few may look alike by chance."""
    freedom = len(found)
    beta, weight = np.array([e.beta for e in found]), np.array([e.se for e in found]) ** -2
    excess = max(float(weight @ (beta - centre) ** 2) - freedom, 0.0) + np.sqrt(2.0 * freedom)
    return float(np.sqrt(excess / weight.sum()))
