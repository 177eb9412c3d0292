"""How much of a period is already paid, weighed by euros, with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.completion import Development, has_both_months
from analytics.descriptive.lines import bounds
from analytics.descriptive.memory import remember
from analytics.descriptive.reduced import monthly_of
from analytics.schema import Dataset, Selection
from analytics.uncertainty import Z_80, pooled_error


@dataclass(frozen=True)
class KnownShare:
    """Share of what a period will cost that is already paid.

    Attributes
    ----------
    part : float
        Paid / ultimate over the period; NaN when it cannot be known.
    bas, haut : float
        80 % interval; NaN without a standard error.
    paye, ultime : float
        EUR.
    raison : str
        Why it cannot be known, in French.
    """

    part: float = np.nan
    bas: float = np.nan
    haut: float = np.nan
    paye: float = np.nan
    ultime: float = np.nan
    raison: str = ""


def known_share(
    raw: Dataset, completed: Dataset, selection: Selection, development: Development | None = None
) -> KnownShare:
    """Share already paid of the main measure over a selection: Σ paid / Σ ultimate, never a mean of shares.

    Parameters
    ----------
    raw : Dataset
        As loaded, with its payment months.
    completed : Dataset
        The same once completed.
    selection : Selection
        Period and perimeter.
    development : Development, optional
        Gives the interval: the relative error of the whole over those months stands for that of the perimeter.
    """
    measure = raw.main_measure
    if measure is None:
        return KnownShare(raison="le fichier n’a pas de prestations")
    if not remember(raw.prestation, "both months", lambda: has_both_months(raw)):
        words = {
            "soins": "le fichier n’a pas de mois de paiement",
            "paiement": "vue comptable : tout ce qui est montré est payé",
        }
        return KnownShare(raison=words.get(raw.date_basis, "le fichier ne dit pas ce que ses mois désignent"))
    perimeters = (monthly_of(d.prestation, selection.filtres) for d in (raw, completed))
    paid, ultimate = (float(np.nan_to_num(p.total(selection, measure))) for p in perimeters)
    if not ultimate > 0:
        return KnownShare(raison="aucun montant dans ce périmètre")
    spread = _relative_error(development, selection) if development is not None else np.nan
    part = paid / ultimate
    room = Z_80 * spread
    high = part / (1 - room) if room < 1 else np.nan
    # A completed month cannot be known by more than 100 % unless refunds are expected, as the share itself then says.
    return KnownShare(part, part / (1 + room), min(high, max(part, 1.0)), paid, ultimate)


def _relative_error(development: Development, selection: Selection) -> float:
    table = remember(development.table, "by month", development.by_month)
    within = bounds(table["mois"].to_numpy(), selection)
    errors, ultimate = table["se"].to_numpy()[within], table["ultime"].to_numpy()[within]
    total = np.nansum(ultimate)
    if np.isnan(errors).any() or not total > 0:
        return np.nan
    return float(pooled_error(errors.sum(), (errors**2).sum()) / total)
