"""Make the runs of a hierarchy add up, at every origin where all its series have one."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from analytics.predictive.backtest import SerieRuns
from analytics.predictive.reconciliation import Hierarchy, project, shift, summing_matrix
from analytics.predictive.run import Run, Settings


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
    new_final = _reconcile(
        finals, summing, _variances(finals, members, settings), settings.middle, common, non_negative
    )
    origins = [{m.history.lag + m.offset(r): r for r in m.origins} for m in members]
    shared = set.intersection(*(set(o) for o in origins))
    moved: dict[tuple[int, int], np.ndarray] = {}
    for offset in shared:
        group = [o[offset] for o in origins]
        values = _reconcile(
            group, summing, _variances(group, members, settings), settings.middle, settings.horizon, non_negative
        )
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


def _variances(group: list[Run], members: list[SerieRuns], settings: Settings) -> np.ndarray:
    """Error variance of each node, from the width of its own bounds; they are the only weights known at any origin."""
    found = []
    reach = 2 * float(ndtri(settings.probabilities[-1]))
    for run, member in zip(group, members, strict=True):
        sd = float(np.mean(run.combined[-1] - run.combined[0])) / reach
        floor = 1e-6 * member.history.scale
        if not np.isfinite(sd):  # too short to dare a spread
            sd = 0.1 * member.history.scale
        found.append(max(sd, floor) ** 2)
    return np.array(found)


def _notes(members: list[SerieRuns]) -> tuple[str, ...]:
    late = [m.history.serie for m in members if m.history.lag]
    if not late:
        return ()
    return (f"Les sommes ne sont ajustées que sur les mois communs : « {late[0]} » s’arrête plus tôt que les autres.",)
