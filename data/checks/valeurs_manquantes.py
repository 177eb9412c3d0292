"""Exhaustivité: cells that say nothing, measure by measure and dimension by dimension."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.french import format_number
from analytics.schema import MONEY_MEASURES, Dataset, dimensions_of, measures_of
from data.checks.facts import Facts
from data.checks.places import NO_EFFECT, place
from data.findings import finding
from data.mapping.lines import NOT_GIVEN

#: Shares of empty cells above which they are worth a look, then grave.
LOOK, GRAVE = 0.05, 0.5


def check_valeurs_manquantes(facts: Facts) -> list[dict]:
    """Findings about empty cells."""
    rows, dataset = [], facts.dataset
    for name in ("prestation", "cotisation"):
        frame = getattr(dataset, name)
        if len(frame):
            rows += [*_missing_values(dataset, frame, name), *_missing_dimensions(dataset, frame, name)]
    return rows


def _missing_values(dataset: Dataset, frame: pd.DataFrame, table: str) -> list[dict]:
    rows = []
    for column in measures_of(frame):
        share = float(frame[column].isna().mean())
        if 0 < share < 1 and not _is_stacked(frame, table, column):
            rows.append(_missing(dataset, table, column, share, **_placed(frame, column)))
    if "mois_paiement" in frame.columns and frame["mois_paiement"].isna().any():
        share = float(frame["mois_paiement"].isna().mean())
        rows.append(_missing(dataset, table, "mois_paiement", share, effets=NO_EFFECT))
    return rows


def _is_stacked(frame: pd.DataFrame, table: str, column: str) -> bool:
    """Whether a measure stands on rows of its own, as members without poste beside premiums by poste."""
    others = [m for m in measures_of(frame) if m != column]
    together = frame.loc[frame[column].notna(), others].notna().any(axis=None)
    return (table == "cotisation" and "poste" in frame.columns) or bool(others and not together)


def _placed(frame: pd.DataFrame, column: str) -> dict[str, object]:
    """Where a measure is empty, and what its lines should hold: what those of the same values hold on average."""
    empty = frame[column].isna().to_numpy()
    rows, keys = frame[empty], list(dimensions_of(frame))
    shared = {d: labels for d in keys if len(labels := tuple(rows[d].dropna().unique())) == 1 and rows[d].notna().all()}
    if column not in MONEY_MEASURES:
        return place(rows, None, filtres=shared)
    known = _near(frame[~empty], rows)
    usual = np.full(len(rows), float(known[column].mean()))
    for depth in range(1, len(keys) + 1):  # from the first dimension to all of them, as far as they are known
        means = known.groupby(keys[:depth], observed=True, sort=False)[column].mean().rename("usuel").reset_index()
        own = rows[keys[:depth]].merge(means, on=keys[:depth], how="left")["usuel"].to_numpy(dtype=float)
        usual = np.where(np.isfinite(own), own, usual)
    return {"euros": -float(usual.sum()), **place(rows, -usual, filtres=shared)}


def _near(known: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Lines of the year before some rows to the year after them, or all of them: levels of long ago say little."""
    year = pd.DateOffset(months=12)
    near = known[known["mois"].between(rows["mois"].min() - year, rows["mois"].max() + year)]
    return near if len(near) else known


def _missing_dimensions(dataset: Dataset, frame: pd.DataFrame, table: str) -> list[dict]:
    rows = []
    for column in dimensions_of(frame):
        share = float((frame[column] == NOT_GIVEN).mean())
        if share > 0:
            rows.append(_missing(dataset, table, column, share, effets=NO_EFFECT))  # the amounts are there
    return rows


def _missing(dataset: Dataset, table: str, column: str, share: float, **where: object) -> dict:
    percent = format_number(share * 100, 1) if share >= 0.001 else "moins de 0,1"
    message = f"« {dataset.label(column)} » est vide sur {percent}\u00a0% des lignes."
    severity = "grave" if share > GRAVE else "attention" if share > LOOK else "info"
    remedy = "Complétez cette colonne à la source : ces lignes restent comptées dans les totaux."
    details = {"table": table, "colonne": column, "remede": remedy, **where}
    return finding("exhaustivite.valeurs_manquantes", severity, message, **details)
