"""From a dataset and a selection to the frames that the bridge and the localisation work on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.diagnostic.bridge import Bridge, decompose
from analytics.diagnostic.localise import Localisation, locate
from analytics.diagnostic.ratio import decompose_ratio
from analytics.errors import InsufficientData
from analytics.schema import CARE_DIMENSIONS, Dataset, Selection, dimensions_of

MAX_DIMENSIONS = 6
MIN_WEIGHT = 0.001
OTHER = "non précisé"


@dataclass(frozen=True)
class Leaves:
    """Two periods at the finest cells of a dataset.

    Attributes
    ----------
    before, after : pandas.DataFrame
        keys…, prestation (the measure asked for), then beneficiaires, actes and cotisation when the dataset has them.
    keys : tuple of str
        Dimensions of a cell.
    exposure_keys : tuple of str or None
        Those that carry exposure and premiums; None when each row has its own or when there is none.
    """

    before: pd.DataFrame
    after: pd.DataFrame
    keys: tuple[str, ...]
    exposure_keys: tuple[str, ...] | None


def explain_change(dataset: Dataset, measure: str, selection: Selection, before: Selection) -> Bridge:
    """Bridge of a measure of `prestation` between two periods, at the leaf.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    measure : str
        Measure explained (EUR).
    selection, before : Selection
        The period and the one that it is compared with.

    Raises
    ------
    InsufficientData
        One of the periods is empty.
    """
    leaves = build_leaves(dataset, measure, selection, before)
    return decompose(leaves.before, leaves.after, keys=leaves.keys, exposure_keys=leaves.exposure_keys)


def explain_ratio(dataset: Dataset, selection: Selection, before: Selection) -> Bridge:
    """Bridge of the P/C ratio between two periods, in points of ratio."""
    leaves = build_leaves(dataset, "prestation", selection, before)
    carried = premium_keys(dataset, leaves.keys, leaves.exposure_keys or ())
    return decompose_ratio(leaves.before, leaves.after, keys=leaves.keys, exposure_keys=carried)


def find_causes(
    dataset: Dataset, measure: str, selection: Selection, before: Selection, *, max_causes: int = 3
) -> Localisation:
    """Segments that moved unlike the whole between two periods, heaviest first.

    The expected amount of a cell is what it was before, for the people it covers now. A segment whose gap is under
    0.1 % of the whole is left out, however certain.

    Raises
    ------
    InsufficientData
        One of the periods is empty, or the file has no dimension to search.
    """
    leaves = build_leaves(dataset, measure, selection, before)
    keys = list(leaves.keys)
    if not keys:
        raise InsufficientData(
            "Le fichier n’a pas de dimension : on ne peut pas dire où l’écart se trouve.",
            remede="Ajoutez par exemple le poste ou la région.",
        )
    table = leaves.after.merge(leaves.before, on=keys, how="outer", suffixes=("", "_avant"))
    amounts = table[["prestation", "prestation_avant"]].fillna(0.0)
    expected = amounts["prestation_avant"]
    if "beneficiaires" in table.columns:
        growth = table["beneficiaires"] / table["beneficiaires_avant"].where(table["beneficiaires_avant"] > 0)
        expected = expected * growth.fillna(1.0)
    frame = table[keys].assign(reel=amounts["prestation"], attendu=expected)
    found = locate(frame, dims=keys, actual="reel", expected="attendu", max_causes=2 * max_causes)
    heavy = found.table[found.table["ecart"].abs() >= MIN_WEIGHT * frame["attendu"].abs().sum()]
    heavy = heavy.sort_values("ecart", key=abs, ascending=False, ignore_index=True).head(max_causes)
    return replace(found, table=heavy.assign(rang=np.arange(1, len(heavy) + 1)))


def build_leaves(dataset: Dataset, measure: str, selection: Selection, before: Selection) -> Leaves:
    """Both periods at the finest cells, at most six dimensions, those with the most values being the first to go."""
    keys = _keys(dataset)
    exposed = tuple(k for k in keys if k in dataset.cotisation.columns and k not in CARE_DIMENSIONS)
    after_frame = _period(dataset, measure, selection, keys, exposed)
    before_frame = _period(dataset, measure, before, keys, exposed)
    if before_frame.empty or after_frame.empty:
        raise InsufficientData(
            "Il n’y a pas de données sur l’une des deux périodes comparées.",
            remede="Choisissez une période dont l’année précédente est dans le fichier.",
        )
    has_exposure = "beneficiaires" in after_frame.columns or "cotisation" in after_frame.columns
    return Leaves(before_frame, after_frame, keys, exposed if has_exposure else None)


def _keys(dataset: Dataset) -> tuple[str, ...]:
    counts = {d: dataset.prestation[d].nunique() for d in dimensions_of(dataset.prestation)}
    useful = sorted((d for d, n in counts.items() if n > 1), key=lambda d: (counts[d] > 60, counts[d]))
    return tuple(useful[:MAX_DIMENSIONS])


def _period(
    dataset: Dataset, measure: str, selection: Selection, keys: tuple[str, ...], exposed: tuple[str, ...]
) -> pd.DataFrame:
    care = dataset.prestation
    rows = care.loc[selection.mask(care)]
    if rows.empty:
        return pd.DataFrame()
    rows = rows[list(keys)].assign(
        prestation=rows[measure], **({"actes": rows["actes"]} if "actes" in care.columns else {})
    )
    leaves = _sum(rows, list(keys), [m for m in ("prestation", "actes") if m in rows.columns])
    leaves = _with_members(leaves, dataset, selection, exposed)
    return _with_premiums(leaves, dataset, selection, keys, exposed)


def _with_members(
    leaves: pd.DataFrame, dataset: Dataset, selection: Selection, exposed: tuple[str, ...]
) -> pd.DataFrame:
    """Members of each exposure cell beside its leaves; a covered cell without any claim is there too."""
    contracts = dataset.cotisation
    if "beneficiaires" not in contracts.columns:
        return leaves
    cells = _sum(contracts[selection.without_care().mask(contracts)], list(exposed), ["beneficiaires"])
    if not exposed:
        return leaves.assign(beneficiaires=cells["beneficiaires"].iloc[0])
    keys = tuple(c for c in leaves.columns if c not in ("prestation", "actes"))
    return _fill_unclaimed(leaves.merge(cells, on=list(exposed), how="outer"), keys, exposed)


def _with_premiums(
    leaves: pd.DataFrame, dataset: Dataset, selection: Selection, keys: tuple[str, ...], exposed: tuple[str, ...]
) -> pd.DataFrame:
    """Premiums at the finest cells that have them: by poste when they are shared out."""
    contracts = dataset.cotisation
    if "cotisation" not in contracts.columns:
        return leaves
    cell = premium_keys(dataset, keys, exposed)
    rows = contracts[selection.mask(contracts) & contracts["cotisation"].notna()]
    sums = _sum(rows, list(cell), ["cotisation"])
    return (
        leaves.merge(sums, on=list(cell), how="left") if cell else leaves.assign(cotisation=sums["cotisation"].iloc[0])
    )


def premium_keys(dataset: Dataset, keys: tuple[str, ...], exposed: tuple[str, ...]) -> tuple[str, ...]:
    """Keys that carry a premium of their own."""
    by_poste = "poste" in keys and "poste" in dataset.cotisation.columns
    return (*exposed, "poste") if by_poste else exposed


def _sum(rows: pd.DataFrame, keys: list[str], measures: list[str]) -> pd.DataFrame:
    if not keys:
        return rows[measures].sum(min_count=1).to_frame().T
    table = rows.groupby(keys, observed=True, dropna=False, sort=False)[measures].sum(min_count=1).reset_index()
    for key in keys:
        table[key] = table[key].astype("str").fillna(OTHER)
    return table


def _fill_unclaimed(table: pd.DataFrame, keys: tuple[str, ...], exposed: tuple[str, ...]) -> pd.DataFrame:
    """A covered cell without a claim over the period consumed nothing: the cube is whole, so this is a true 0."""
    care = [k for k in keys if k not in exposed]
    unclaimed = table[care].isna().any(axis=1) if care else table["prestation"].isna()
    if not unclaimed.any():
        return table
    for key in care:
        table.loc[unclaimed, key] = table[key].dropna().iloc[0]
    amounts = [m for m in ("prestation", "actes") if m in table.columns]
    table.loc[unclaimed, amounts] = np.where(table.loc[unclaimed, amounts].isna(), 0.0, table.loc[unclaimed, amounts])
    return table
