"""French sentences on what a development had to assume."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.completion.estimate import Estimate
from analytics.completion.pattern import Pattern
from analytics.completion.triangle import MIN_PAYMENT_MONTHS, Triangles, month_numbers
from analytics.completion.words import list_months


def pattern_remarks(triangles: Triangles, pattern: Pattern) -> tuple[str, ...]:
    """What the rhythm of payment could not measure."""
    notes = []
    n_steps = pattern.factors.shape[1]
    if not triangles.seen.any():
        notes.append(f"Moins de {MIN_PAYMENT_MONTHS} mois de paiement : aucun mois ne peut être complété.")
    elif n_steps == 0:
        notes.append("Aucun délai mesurable entre les soins et leur paiement.")
    elif triangles.age[triangles.seen].max() <= n_steps:
        notes.append(
            f"L’historique couvre {n_steps + 1} mois de paiement : ce qui est payé plus tard n’est pas mesuré."
        )
    borrowed = int(pattern.borrowed.any(axis=1).sum())
    if borrowed and len(triangles.cells) > 1:
        notes.append(
            "Rythme de paiement repris de l’ensemble pour "
            + ("1 groupe trop petit." if borrowed == 1 else f"{borrowed} groupes trop petits.")
        )
    return tuple(notes)


def table_remarks(table: pd.DataFrame, estimate: Estimate) -> tuple[str, ...]:
    """What has no ultimate, or one with nothing but the paid amount behind it."""
    notes = []
    if estimate.no_prior.any():
        notes.append("Trop peu de mois complets pour un niveau attendu : les derniers mois suivent le seul payé.")
    unknown = table.loc[table["ultime"].isna(), "mois"]
    if len(unknown):
        notes.append(f"Ultime non calculable pour {list_months(np.unique(month_numbers(unknown)))}.")
    return tuple(notes)
