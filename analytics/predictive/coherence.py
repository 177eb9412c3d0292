"""Make the runs of a hierarchy add up, at every origin where all its series have one."""

from __future__ import annotations

import numpy as np

from analytics.predictive.backtest import SerieRuns
from analytics.predictive.reconciliation import Hierarchy, project, shift, summing_matrix
from analytics.predictive.run import Run, Settings

_PRIOR = 6.0  # months of seasonal naive error mixed into the backtest error


def cohere(
    runs: tuple[SerieRuns, ...], hierarchy: Hierarchy, settings: Settings
) -> tuple[tuple[SerieRuns, ...], tuple[str, ...]]:
    """Reconcile the final forecast and the backtest, before bounds are calibrated on them.

    Parameters
    ----------
    runs : tuple of SerieRuns
        Series outside the hierarchy are returned as they are.
    hierarchy : mapping of str to sequence of str
        Aggregate series to the leaf series it sums.
    settings : Settings
        Horizon and levels.

    Returns
    -------
    tuple
        The runs, and French notes on what could not be made coherent.
    """
    nodes, _, summing = summing_matrix(hierarchy)
    place = {s.history.serie: i for i, s in enumerate(runs)}
    members = [runs[place[node]] for node in nodes]
    non_negative = all(m.history.non_negative for m in members)
    finals = [m.final for m in members]
    common = settings.horizon + settings.incomplete
    new_final = _reconcile(finals, summing, _variances(members), settings.middle, common, non_negative)
    origins = [{m.history.lag + m.offset(r): r for r in m.origins} for m in members]
    shared = set.intersection(*(set(o) for o in origins))
    moved: dict[tuple[int, int], np.ndarray] = {}
    for offset in shared:
        group = [o[offset] for o in origins]
        scale = np.array([_square(r.scale, m) for r, m in zip(group, members, strict=True)])
        values = _reconcile(group, summing, scale, settings.middle, settings.horizon, non_negative)
        moved.update({(i, offset): v for i, v in enumerate(values)})
    result = list(runs)
    for i, (node, m) in enumerate(zip(nodes, members, strict=True)):
        past = [moved.get((i, m.history.lag + m.offset(r)), r.combined) for r in m.origins]
        result[place[node]] = m.replace_combined(new_final[i], past)
    return tuple(result), _notes(members)


def _reconcile(group: list[Run], summing, variance, middle: int, months: int, non_negative: bool) -> list[np.ndarray]:
    """Quantiles of each node moved to coherent centres; only the months common to all are touched."""
    base = np.stack([r.combined[middle, -months:] for r in group])
    coherent = project(base, summing, variance, non_negative=non_negative)
    result = []
    for run, old, new in zip(group, base, coherent, strict=True):
        quantiles = run.combined.copy()
        quantiles[:, -months:] = shift(quantiles[:, -months:], old, new)
        quantiles[middle, -months:] = new
        result.append(quantiles)
    return result


def _variances(members: list[SerieRuns]) -> np.ndarray:
    """Error variance of each node: backtest, shrunk to its seasonal naive scale."""
    found = []
    for m in members:
        errors = np.concatenate([[], *(m.actual(r) - r.combined[r.combined.shape[0] // 2] for r in m.origins)])
        errors = errors[np.isfinite(errors)]
        prior = _square(m.final.scale, m)
        found.append(((errors**2).sum() + _PRIOR * prior) / (len(errors) + _PRIOR))
    return np.array(found)


def _square(scale: float, member: SerieRuns) -> float:
    """Squared scale; a series that never moves, or too short to tell, gets a small or a rough one."""
    level = member.history.scale
    if np.isfinite(scale):
        return max(scale**2, (1e-6 * level) ** 2)
    return (1e-6 * level) ** 2 if member.history.kind == "constante" else (0.1 * level) ** 2


def _notes(members: list[SerieRuns]) -> tuple[str, ...]:
    late = [m.history.serie for m in members if m.history.lag]
    if not late:
        return ()
    return (f"Les sommes ne sont ajustées que sur les mois communs : « {late[0]} » s’arrête plus tôt que les autres.",)
