"""What was paid by year of care and of payment, and the provision that each closing would have set aside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.descriptive.closings import Closings, develop_closings
from analytics.errors import InsufficientData
from analytics.french import format_euros
from analytics.schema import Dataset, Selection
from analytics.uncertainty import pooled_error

NO_BENEFIT, WIDER = "Aucune prestation dans ce périmètre.", "Élargissez les filtres choisis."
#: Care months whose payments share out the provision of a cell where nothing is paid yet.
RECENT = 12


@dataclass(frozen=True)
class Provisions:
    """Payments and provisions of a perimeter, rounded to the cent, by year of care.

    Attributes
    ----------
    paye : pandas.DataFrame
        Year of care × year of payment, EUR.
    provision : dict of int to pandas.Series
        Year of closing -> provision by year of care (EUR; NaN when it cannot be estimated), with what was known then.
        The last closing is `arrete`.
    se : pandas.Series
        Standard error of the last provision, by year of care.
    sans_date : pandas.Series
        Paid without payment month, by year of care.
    avant_fichier : pandas.Series
        Paid, by year of payment, on care older than the first payment month: no provision is known for it.
    partielles : frozenset of int
        Years of care of which the first payments are not in the file.
    debut, debut_paiement, arrete : pandas.Timestamp
        First care month, first and last payment month.
    remarques : tuple of str
        French sentences.
    """

    paye: pd.DataFrame
    provision: dict[int, pd.Series]
    se: pd.Series
    sans_date: pd.Series
    avant_fichier: pd.Series
    partielles: frozenset[int]
    debut: pd.Timestamp
    debut_paiement: pd.Timestamp
    arrete: pd.Timestamp
    remarques: tuple[str, ...]

    def at(self, year: int) -> pd.Series:
        """Provision by year of care at the end of a year; no row before the first payment."""
        found = self.provision.get(year)
        return pd.Series(dtype=float) if found is None else found


def estimate_provisions(dataset: Dataset, scope: Selection, closings: Closings | None = None) -> Provisions:
    """Payments by year, and the provision of each closing by the method of the product (`develop`, by poste).

    The rhythm of payment is that of the whole dataset; a perimeter takes, poste by poste and month by month, the share
    of the provision that it has of the payments; where nothing is paid yet, that of the poste over a year of care.

    Parameters
    ----------
    dataset : Dataset
        As loaded, with both months.
    scope : Selection
        Perimeter.
    closings : Closings, optional
        From :func:`develop_closings`, when it is already known.

    Raises
    ------
    InsufficientData
        The perimeter has no benefit paid.
    """
    closings = closings or develop_closings(dataset)
    paid, met = closings.payments(scope.filtres)
    if not met.any():
        raise InsufficientData(NO_BENEFIT, remede=WIDER)
    years = np.unique(closings.mois.year)
    provision, se = _provisions(closings, paid, scope, years)
    amounts, lines = (_by_year(grid, closings, years) for grid in (paid, met))
    older = closings.mois < closings.debut
    unseen, before = paid[:, older].sum(axis=(1, 2)), met[:, older].any(axis=(1, 2))
    paid_years = [closing.year for closing in closings.arretes]
    awaited = provision[paid_years[-1]]
    told = lines.any(axis=0) | np.isin(years, awaited.index[awaited != 0])
    table = pd.DataFrame(amounts[:-1].T, index=years, columns=paid_years).loc[told, lines[:-1].any(axis=1)]
    return Provisions(
        table.round(2), provision, se, pd.Series(amounts[-1], index=years)[lines[-1]].round(2),
        pd.Series(unseen[:-1], index=paid_years)[before[:-1]].round(2),
        frozenset(closings.mois.year[older & met.any(axis=(0, 2))]), closings.mois[met.any(axis=(0, 2)).argmax()],
        closings.debut, closings.arretes[-1],
        _remarks(paid[-1].sum() if met[-1].any() else None, unseen.sum() if before.any() else None),
    )  # fmt: skip


def _provisions(
    closings: Closings, paid: np.ndarray, scope: Selection, years: np.ndarray
) -> tuple[dict[int, pd.Series], pd.Series]:
    """Year of each closing -> provision of the perimeter by year of care, and the standard error of the last one."""
    cells = closings.connus & _of_postes(closings, scope)
    left, error = closings.ultime - closings.paye, closings.se
    if scope.filtres:
        left, error = _shared(closings, cells, np.cumsum(paid[:-1], axis=0) + paid[-1])
    met = _by_year(cells, closings, years)
    provision = np.round(_sum(left, cells, closings, years), 2)
    spread = pooled_error(_sum(error, cells, closings, years)[-1], _sum(error**2, cells, closings, years)[-1])
    found = {
        closing.year: pd.Series(row[known], index=years[known])
        for closing, row, known in zip(closings.arretes, provision, met, strict=True)
    }
    return found, pd.Series(spread[met[-1]], index=years[met[-1]])


def _of_postes(closings: Closings, scope: Selection) -> np.ndarray:
    """Which postes of the grid a perimeter has."""
    chosen = scope.filtres.get("poste")
    if not chosen or "poste" not in closings.paiements.columns:
        return np.ones(len(closings.postes) + 1, dtype=bool)
    return np.append(closings.postes.isin([str(v) for v in chosen]), False)


def _shared(closings: Closings, cells: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of a perimeter: its share of what is paid in each cell, or of the poste where nothing is paid yet."""
    share = part / np.where(closings.paye != 0, closings.paye, np.nan)
    recent = _recent_share(closings, cells, part)[:, None, :]
    share = np.where(np.isnan(share), recent, share)
    left = closings.ultime - closings.paye
    nothing = (share == 0) | (left == 0)
    return np.where(nothing, 0.0, left * share), np.where(share == 0, 0.0, closings.se * np.abs(share))


def _recent_share(closings: Closings, cells: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Part of a perimeter in the payments of each poste over the last known care months; NaN when it has none."""
    months = np.arange(len(closings.mois))
    last = np.where(cells.any(axis=2), months, -1).max(axis=1)
    recent = cells & (months > last[:, None] - RECENT)[:, :, None]
    mine, whole = (np.nansum(np.where(recent, paid, 0.0), axis=1) for paid in (part, closings.paye))
    return mine / np.where(whole != 0, whole, np.nan)


def _by_year(grid: np.ndarray, closings: Closings, years: np.ndarray) -> np.ndarray:
    """A grid added up by year of care, all postes together; of yes and no, whether there is some yes."""
    starts = np.searchsorted(closings.mois.year, years)
    if grid.dtype == bool:
        return np.logical_or.reduceat(grid.any(axis=2), starts, axis=1)
    return np.add.reduceat(grid.sum(axis=2), starts, axis=1)


def _sum(grid: np.ndarray, cells: np.ndarray, closings: Closings, years: np.ndarray) -> np.ndarray:
    """Sum of some cells by year of care; NaN as soon as one of them is unknown."""
    unknown = _by_year(cells & np.isnan(grid), closings, years)
    return np.where(unknown, np.nan, _by_year(np.where(cells, np.nan_to_num(grid), 0.0), closings, years))


def _remarks(undated: float | None, unseen: float | None) -> tuple[str, ...]:
    """Amounts left apart, said; None when there is no such line."""
    notes = []
    if undated is not None:
        notes.append(f"{format_euros(undated)} sans mois de paiement : dans la vue par survenance seulement.")
    if unseen is not None:
        notes.append(
            f"{format_euros(unseen)} payés sur des soins antérieurs au premier mois de paiement du fichier : leur "
            "provision est inconnue, la charge des premières années est donc surestimée d’autant au plus."
        )
    return tuple(notes)
