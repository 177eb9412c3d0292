"""From a dataset and a selection to the frames that the bridge and the localisation work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from analytics.descriptive.memory import remember
from analytics.diagnostic.bridge import Bridge, decompose
from analytics.diagnostic.expected import (
    SHARE_MONTHS,
    Announced,
    Expectation,
    expect_for_premiums,
    expect_forecast,
    expect_like_before,
)
from analytics.diagnostic.localise import Localisation, locate
from analytics.diagnostic.ratio import decompose_ratio
from analytics.errors import InsufficientData, ParameterError
from analytics.predictive.reconciliation import MAX_SERIES
from analytics.schema import CARE_DIMENSIONS, Dataset, Selection, dimensions_of

MAX_DIMENSIONS = 6
#: Values beyond which a dimension is the first to be left out.
MANY = 60
#: Smallest gap shown, as a share of the whole, and as a share of what was expected of the segment: postes differ by
#: nearly as much from one year to the next without anything to tell.
MIN_WEIGHT, MIN_MOVE = 0.001, 0.03
OTHER = "non précisé"
RATIO = "ratio_pc"


@dataclass(frozen=True)
class Causes(Localisation):
    """Segments that explain a gap, and its whole account.

    `total` = `ajustement` + `commun` + Σ ecart + `reste` + `inconnu`.

    Attributes
    ----------
    table : pandas.DataFrame
        As in `Localisation`, heaviest first, with actes (of the period) and beneficiaires (months of members of the
        cells covered); NaN when the file does not have them.
    genre : str
        What `ajustement` is: "effectif" (more or fewer people covered), "composition" (premiums elsewhere than before,
        for the P/C ratio), "marge" (what a forecast gets wrong within its own bounds).
    ajustement : float
        EUR.
    inconnu : float
        EUR, what the leaves whose amount is unknown in one of the periods do to the gap; they are not searched.
    cells : int
        Leaves compared.
    left_out : tuple of str
        Dimensions that were not searched.
    """

    genre: str = "effectif"
    ajustement: float = 0.0
    inconnu: float = 0.0
    cells: int = 0
    left_out: tuple[str, ...] = ()


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
    dataset: Dataset,
    measure: str,
    selection: Selection,
    before: Selection,
    *,
    announced: Announced | None = None,
    max_causes: int = 3,
) -> Causes:
    """Segments that moved unlike the whole, heaviest first, and the account of the whole gap.

    The expected amount of a cell is what it was before for the people it covers now, or its share of a forecast; for
    the P/C ratio, the amount that leaves the ratio of the cell where it was. A segment whose gap is under 0.1 % of the
    whole, or 3 % of what was expected of it, is left out, however certain.

    Parameters
    ----------
    dataset : Dataset
        Completed data.
    measure : str
        Measure of `prestation` (EUR), or "ratio_pc": prestations against premiums.
    selection, before : Selection
        The period and the one that it is compared with.
    announced : Announced, optional
        Forecast of the period, which then takes the place of `before`; not for the P/C ratio.
    max_causes : int
        Segments shown at most.

    Raises
    ------
    InsufficientData
        One of the periods is empty, the file has no dimension to search, or there are too few cells.
    """
    amount = "prestation" if measure == RATIO else measure
    past = year_before(selection) if announced is not None else before
    leaves = build_leaves(dataset, amount, selection, past)
    both, blank = _side_by_side(leaves) if leaves.keys else (pd.DataFrame(), np.zeros(0, dtype=bool))
    dims = [k for k in leaves.keys if len(both[k].unique()) > 1]
    if not dims:
        raise InsufficientData(
            "Il n’y a pas de dimension à parcourir : on ne peut pas dire où l’écart se trouve.",
            remede="Ajoutez par exemple le poste ou la région, ou élargissez le périmètre.",
        )
    wanted = _expect(dataset, measure, leaves, both, (selection, past), announced)
    if blank.all():
        raise InsufficientData("Les montants sont inconnus sur une des périodes : on ne peut pas dire où est l’écart.")
    known = wanted.frame[~blank].reset_index(drop=True)
    weight = "poids" if "poids" in known.columns else None
    found = locate(known, dims=dims, actual="reel", expected="attendu", weight=weight, max_causes=2 * max_causes)
    return replace(_settle(found, wanted, blank, leaves, max_causes), left_out=left_out_dimensions(dataset))


def left_out_dimensions(dataset: Dataset) -> tuple[str, ...]:
    """Dimensions with several values that are not searched, six being the most that can be."""
    return _useful(dataset)[MAX_DIMENSIONS:]


def choose_split(dataset: Dataset, selection: Selection) -> str | None:
    """Dimension by which a period is forecast: the first of care that splits the perimeter, None for the whole."""
    care = dataset.prestation
    found = next((d for d in CARE_DIMENSIONS if d in _keys(dataset)), None)
    if found is None or len(selection.filtres.get(found, ())) == 1 or care[found].isna().any():
        return None
    return found if care[found].nunique() <= MAX_SERIES else None


def _expect(
    dataset: Dataset,
    measure: str,
    leaves: Leaves,
    both: pd.DataFrame,
    periods: tuple[Selection, Selection],
    announced: Announced | None,
) -> Expectation:
    if measure != RATIO:
        cell = leaves.exposure_keys
        return expect_like_before(both, cell) if announced is None else expect_forecast(both, announced, cell)
    if announced is not None:
        raise ParameterError("Le ratio P/C ne se compare pas à une prévision.")
    cell = premium_keys(dataset, leaves.keys, leaves.exposure_keys or ())
    now, then = (_premiums(dataset, period) for period in periods)
    return expect_for_premiums(both, cell, (then, now))


def _premiums(dataset: Dataset, selection: Selection) -> float:
    contracts = dataset.cotisation
    if "cotisation" not in contracts.columns:
        return float("nan")
    return float(contracts.loc[selection.mask(contracts), "cotisation"].sum(min_count=1))


def year_before(selection: Selection) -> Selection:
    """The twelve months before a period, by which its forecast is shared between its cells."""
    start = selection.debut
    first, last = (start - pd.DateOffset(months=m) for m in (SHARE_MONTHS, 1))
    return replace(selection, debut=first, fin=last)


def unknown_changes(leaves: Leaves) -> pd.DataFrame:
    """What the leaves unknown in one of the periods do to the change of the whole.

    Returns
    -------
    pandas.DataFrame
        keys…, montant (EUR): the amount known of after, less the one known of before.
    """
    if not leaves.keys:
        return pd.DataFrame({"montant": []}, dtype=float)
    both, blank = _side_by_side(leaves)
    now, then = (both.loc[blank, c].fillna(0.0) for c in ("prestation", "prestation_avant"))
    return both.loc[blank, list(leaves.keys)].assign(montant=now - then).reset_index(drop=True)


def _side_by_side(leaves: Leaves) -> tuple[pd.DataFrame, np.ndarray]:
    """Both periods on one row by leaf, those of before marked _avant, and where an amount is not absent but unknown."""
    keys = list(leaves.keys)
    both = leaves.after.merge(leaves.before, on=keys, how="outer", suffixes=("", "_avant"), indicator="cote")
    side = both.pop("cote")
    unknown_now, unknown_then = both["prestation"].isna(), both["prestation_avant"].isna()
    return both, ((unknown_now & (side != "right_only")) | (unknown_then & (side != "left_only"))).to_numpy()


def _settle(found: Localisation, wanted: Expectation, blank: np.ndarray, leaves: Leaves, max_causes: int) -> Causes:
    """Keep the heaviest segments, and account again for the whole gap with what is left."""
    # Rivals are other readings of the same gap: the account has room for one.
    candidates = found.table.head(1) if found.rivals else found.table
    unknown, frame = wanted.frame[blank], wanted.frame[~blank]
    expected = frame["attendu"].abs().to_numpy()
    own = [expected[_inside(frame, conditions)].sum() for conditions in candidates["conditions"]]
    least = np.maximum(MIN_WEIGHT * expected.sum(), MIN_MOVE * np.array(own, dtype=float))
    heavy = candidates[candidates["ecart"].abs() >= least]
    heavy = heavy.sort_values("ecart", key=abs, ascending=False, ignore_index=True).head(max_causes)
    people = [_people(leaves, conditions) for conditions in heavy["conditions"]]
    total = float(wanted.frame["reel"].sum()) - wanted.reference
    lost = float((unknown["reel"] - unknown["attendu"]).sum())
    rest = total - wanted.ajustement - found.commun - float(heavy["ecart"].sum()) - lost
    gross = sum(map(abs, (*heavy["ecart"], wanted.ajustement, found.commun, rest, lost)))
    table = heavy.assign(
        rang=np.arange(1, len(heavy) + 1), part=heavy["ecart"] / gross,
        actes=[p[0] for p in people], beneficiaires=[p[1] for p in people],
    )  # fmt: skip
    told = {f.name: getattr(found, f.name) for f in fields(found)}
    account = {"table": table, "total": total, "reste": rest, "genre": wanted.genre, "ajustement": wanted.ajustement}
    return Causes(**told | account, inconnu=lost, cells=len(frame))


def _people(leaves: Leaves, conditions: Mapping[str, str]) -> tuple[float, float]:
    """Actes of a segment over the period, and months of members of the cells that it covers; NaN when unknown."""
    rows = leaves.after
    for key, value in conditions.items():
        if leaves.exposure_keys is None or key in leaves.exposure_keys:
            rows = rows[rows[key] == value]
    members = np.nan
    if "beneficiaires" in rows.columns:
        cells = rows.drop_duplicates(list(leaves.exposure_keys)) if leaves.exposure_keys else rows.head(1)
        members = float(cells["beneficiaires"].sum(min_count=1))
    if "actes" not in rows.columns:
        return np.nan, members
    return float(rows.loc[_inside(rows, conditions), "actes"].sum(min_count=1)), members


def _inside(rows: pd.DataFrame, conditions: Mapping[str, str]) -> np.ndarray:
    return np.logical_and.reduce([(rows[k] == v).to_numpy() for k, v in conditions.items()])


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
    return _useful(dataset)[:MAX_DIMENSIONS]


def _useful(dataset: Dataset) -> tuple[str, ...]:
    """Dimensions with several values, those that have the most of them last."""
    care = dataset.prestation
    counts = remember(care, "number of values", lambda: {d: care[d].nunique() for d in dimensions_of(care)})
    return tuple(sorted((d for d, n in counts.items() if n > 1), key=lambda d: (counts[d] > MANY, counts[d])))


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
    merged = leaves.merge(cells, on=list(exposed), how="outer", indicator="cote")
    return _fill_unclaimed(merged.drop(columns="cote"), keys, exposed, merged["cote"] == "right_only")


def _with_premiums(
    leaves: pd.DataFrame, dataset: Dataset, selection: Selection, keys: tuple[str, ...], exposed: tuple[str, ...]
) -> pd.DataFrame:
    """Premiums at the finest cells that have them: by poste when they are shared out."""
    contracts = dataset.cotisation
    if "cotisation" not in contracts.columns:
        return leaves
    cell = premium_keys(dataset, keys, exposed)
    rows = contracts[selection.mask(contracts)]
    if "poste" in cell:  # members are on rows without poste when premiums are shared out
        rows = rows[rows["cotisation"].notna() | rows["poste"].notna()]
    sums = _sum(rows, list(cell), ["cotisation"])
    if not cell:
        return leaves.assign(cotisation=sums["cotisation"].iloc[0])
    merged = leaves.merge(sums, on=list(cell), how="left", indicator="cote")
    absent = merged.pop("cote") == "left_only"
    return merged.assign(cotisation=merged["cotisation"].mask(absent, 0.0))  # no row, no premium: it is not unknown


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


def _fill_unclaimed(
    table: pd.DataFrame, keys: tuple[str, ...], exposed: tuple[str, ...], unclaimed: pd.Series
) -> pd.DataFrame:
    """A covered cell without a row over the period consumed nothing: the cube is whole, so this is a true 0.

    A row whose amount is missing is another thing: it stays unknown.
    """
    if not unclaimed.any():
        return table
    for key in (k for k in keys if k not in exposed):
        table.loc[unclaimed, key] = table[key].dropna().iloc[0]
    table.loc[unclaimed, [m for m in ("prestation", "actes") if m in table.columns]] = 0.0
    return table
