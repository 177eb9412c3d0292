"""What deserves attention: segments that drift away, series that break, and last months out of line.

Each candidate is tested on completed data, the false-discovery rate is held over all of them together (Benjamini and
Hochberg, 1995), nested echoes of one cause are reduced to the sharpest, and the rest is ranked by euros.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analytics.completion import complete, maturity
from analytics.constat import Constat
from analytics.descriptive.alerts.budget import last_per_year, last_threshold, other_per_year, other_threshold
from analytics.descriptive.alerts.candidates import LAST, Candidate, breaks, drifts, last_months, replay_minima, watch
from analytics.descriptive.alerts.panels import MIN_MONTHS, build_panels, last_settled, mature_months
from analytics.descriptive.alerts.roots import Root, find_roots
from analytics.descriptive.finding import build_constat
from analytics.errors import ParameterError
from analytics.schema import Dataset, Selection

#: Above one chance in two, « risque de fausse alerte » helps nobody: the card then says how often noise alone shows it.
TELLING_RISK = 0.5


@dataclass(frozen=True)
class Alerte:
    """One alert.

    Attributes
    ----------
    constat : Constat
        What is out of line, compared with the same months a year before; `q_value` is NaN above `TELLING_RISK`.
    genre : {"dernier mois", "rupture", "dérive"}
        What was tested: the last settled month; a break of level or slope of the segment's own history; a drift of the
        last twelve months away from what the segment belongs to.
    p_value : float
        Of its own test.
    echos : int
        Other findings of the same cause, that are not shown.
    par_an : float
        How many alerts of this kind and as sharp noise alone would give in a year of monthly looks.
    """

    constat: Constat
    genre: str
    p_value: float
    echos: int
    par_an: float


@dataclass(frozen=True)
class Screening:
    """Every test of one look, before anything is chosen.

    Attributes
    ----------
    candidates : tuple of Candidate
        One by segment and kind of alert.
    q_values : numpy.ndarray
        False-discovery rate at which each would be shown (Benjamini and Hochberg).
    past_minima : pandas.Series
        By month replayed, the smallest p-value that the last months of that look gave.
    selection : Selection
        Perimeter.
    known : pandas.Series
        Share known by month.
    """

    candidates: tuple[Candidate, ...]
    q_values: np.ndarray
    past_minima: pd.Series
    selection: Selection
    known: pd.Series

    def within_budget(self, dataset: Dataset, budget: float) -> tuple[Alerte, ...]:
        """Alerts of this look that a budget of false alerts a year allows, heaviest in euros first.

        `dataset` is the completed data that were screened.

        Raises
        ------
        ParameterError
            A budget that is not between 0 and 12 a year.
        """
        last = last_threshold(budget, self.past_minima, self._n_last)
        other = other_threshold(budget, len(self.candidates) - self._n_last)
        return self._alerts(dataset, [c.p_value <= (last if c.genre == LAST else other) for c in self.candidates])

    def within_fdr(self, dataset: Dataset, fdr: float) -> tuple[Alerte, ...]:
        """Alerts of which a share `fdr` at most is expected to be false, heaviest in euros first.

        `dataset` is the completed data that were screened.

        Raises
        ------
        ParameterError
            `fdr` is not between 0 and 1.
        """
        if not 0 < fdr < 1:
            raise ParameterError("Le taux de fausses alertes est compris entre 0 et 1.", valeur=fdr)
        return self._alerts(dataset, self.q_values <= fdr)

    @property
    def _n_last(self) -> int:
        return sum(c.genre == LAST for c in self.candidates)

    def _alerts(self, dataset: Dataset, shown: Iterable[bool]) -> tuple[Alerte, ...]:
        kept = [(c, float(q)) for c, q, s in zip(self.candidates, self.q_values, shown, strict=True) if s]
        return tuple(self._alert(dataset, root) for root in find_roots(kept))

    def _alert(self, dataset: Dataset, root: Root) -> Alerte:
        found = root.candidate
        if found.genre == LAST:
            per_year = last_per_year(found.p_value, self.past_minima, self._n_last)
        else:
            per_year = other_per_year(found.p_value, len(self.candidates) - self._n_last)
        filters = {**self.selection.filtres, **found.filters}
        period = Selection(found.debut, found.fin, filters, "N-1")
        risk = root.q_value if root.q_value <= TELLING_RISK else np.nan
        constat = build_constat(dataset, dataset.main_measure, period, q_value=risk, known=self.known)
        return Alerte(constat, found.genre, found.p_value, root.echoes, per_year)


def find_alerts(
    dataset: Dataset,
    *,
    selection: Selection | None = None,
    fdr: float = 0.05,
    budget: float | None = None,
    maturity_table: pd.DataFrame | None = None,
) -> tuple[Constat, ...]:
    """Findings that deserve attention, heaviest in euros first.

    Parameters
    ----------
    dataset : Dataset
        Paid or completed; paid data with both months are completed first, immature months are left out.
    selection : Selection, optional
        Perimeter; its last month bounds the year that is judged.
    fdr : float
        Largest expected share of false alerts among those shown.
    budget : float, optional
        False alerts accepted a year, with one look a month; it replaces `fdr` (:mod:`.budget` gives the formula).
    maturity_table : pandas.DataFrame, optional
        Result of `maturity`; given, `dataset` is taken as already completed.

    Returns
    -------
    tuple of Constat
        On the main measure of the dataset, compared with the same months a year before; empty when the history is
        shorter than 36 complete months or when nothing stands out.

    Raises
    ------
    ParameterError
        `fdr` is not between 0 and 1, or `budget` not between 0 and 12.
    """
    table = maturity(dataset) if maturity_table is None else maturity_table
    whole = complete(dataset) if maturity_table is None and dataset.main_measure is not None else dataset
    found = screen(whole, selection=selection, maturity_table=table, replay=budget is not None)
    alerts = found.within_fdr(whole, fdr) if budget is None else found.within_budget(whole, budget)
    return tuple(alert.constat for alert in alerts)


def screen(
    completed: Dataset, *, maturity_table: pd.DataFrame, selection: Selection | None = None, replay: bool = True
) -> Screening:
    """Run every test of one look.

    Parameters
    ----------
    completed : Dataset
        Result of `complete`.
    maturity_table : pandas.DataFrame
        Result of `maturity` on the data before completion.
    selection : Selection, optional
        Perimeter; its last month bounds the year that is judged.
    replay : bool
        Whether past looks are judged again, which a budget needs.
    """
    selection = selection or Selection()
    known = maturity_table.set_index("mois")["part_connue"]
    months = mature_months(maturity_table, selection)
    if completed.main_measure is None or len(months) < MIN_MONTHS:
        return Screening((), np.array([]), pd.Series(dtype=float), selection, known)
    perimeter = Selection(months[0], months[-1], selection.filtres)
    panels, settled = list(build_panels(completed, months, perimeter)), months[months <= last_settled(maturity_table)]
    watched = watch(panels, settled) if len(settled) >= MIN_MONTHS else None
    found = [*last_months(watched), *breaks(watched)] if watched is not None else []
    found += [c for panel in panels for c in drifts(panel, months)]
    q_values = stats.false_discovery_control([c.p_value for c in found]) if found else np.array([])
    minima = replay_minima(watched) if replay and watched is not None else pd.Series(dtype=float)
    return Screening(tuple(found), q_values, minima, selection, known)
