"""Who pays for a scenario: effort by age, by contract, and what each pays for what it receives."""

from __future__ import annotations

import pandas as pd

from analytics.errors import ParameterError
from analytics.prescriptive.model import ratio
from analytics.prescriptive.outcome import Outcome


def share_effort(outcome: Outcome, portfolio: pd.DataFrame, *, by: str) -> pd.DataFrame:
    """Effort and balance of each group under a scenario, at central assumptions.

    Parameters
    ----------
    outcome : Outcome
    portfolio : pandas.DataFrame
        segment and the dimension asked.
    by : str
        Dimension: tranche_age, contrat, formule…

    Returns
    -------
    pandas.DataFrame
        One row by value of the dimension: effectif, cotisation_avant, cotisation, prestation_avant, prestation (EUR),
        hausse (mean increase of those who stay), effort (EUR: what they pay more), part_effort, part_cotisation (of
        today), paye_recu_avant and paye_recu (premiums over claims: above 1, the group pays more than it receives),
        transfert (EUR: premiums less the claims at the ratio of all; > 0, the group gives), reste_par_tete.
        Parts are NaN when nobody pays more.

    Raises
    ------
    ParameterError
        The portfolio does not have the dimension.
    """
    if by not in portfolio.columns:
        raise ParameterError(
            "Le portefeuille n’a pas cette dimension.", colonne=by, remede=f"Ajoutez la colonne « {by} » au fichier."
        )
    table = outcome.table.assign(groupe=portfolio.set_index("segment")[by].reindex(outcome.table["segment"]).to_numpy())
    per_head = table["cotisation_avant"] / table["beneficiaires"].where(table["beneficiaires"] > 0)
    held = (table["retenus"] * per_head).fillna(0.0)
    table = table.assign(tenu=held, effort=held * table["hausse"])
    summed = ["effectif", "cotisation_avant", "cotisation", "prestation_avant", "prestation", "effort", "tenu", "reste"]
    groups = table.groupby("groupe", observed=True, dropna=False, sort=True)[summed].sum(min_count=1)
    holes = table["reste"].isna().groupby(table["groupe"], observed=True, dropna=False).any()
    groups["reste"] = groups["reste"].mask(holes)
    whole = groups.sum()
    groups["hausse"] = ratio(groups["effort"], groups["tenu"])
    groups["part_effort"] = ratio(groups["effort"], whole["effort"])
    groups["part_cotisation"] = ratio(groups["cotisation_avant"], whole["cotisation_avant"])
    groups["paye_recu_avant"] = ratio(groups["cotisation_avant"], groups["prestation_avant"])
    groups["paye_recu"] = ratio(groups["cotisation"], groups["prestation"])
    groups["transfert"] = groups["cotisation"] - groups["prestation"] * whole["cotisation"] / whole["prestation"]
    groups["reste_par_tete"] = ratio(groups["reste"], groups["effectif"])
    return groups.drop(columns=["tenu", "reste"]).rename_axis(by).reset_index()
