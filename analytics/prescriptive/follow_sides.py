"""Both sides of a decision by segment, over the same months: what was expected, what the data show."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from analytics.descriptive import compute_total
from analytics.prescriptive.follow_record import MEASURES, YEAR, Engagement, as_names, regroup
from analytics.schema import Dataset, Selection, dimensions_of

#: What is told of a segment.
TOLD = ("hausse", "hausse_observee", "effectif_attendu", "effectif_observe")


@dataclass(frozen=True)
class Sides:
    """Both sides of the comparison by segment: keys…, beneficiaires (person-months), cotisation, nette, prestation."""

    keys: tuple[str, ...]
    expected: pd.DataFrame
    observed: pd.DataFrame
    charges: float
    table: pd.DataFrame


def lay_sides(engagement: Engagement, dataset: Dataset, months: pd.DatetimeIndex) -> tuple[Sides, tuple[str, ...]]:
    """Expected and observed on the segments that both know, and what had to be left out."""
    tables = [t for t in (dataset.cotisation, dataset.prestation) if len(t)]
    keys = tuple(d for d in engagement.dimensions if all(d in dimensions_of(t) for t in tables))
    lost = [dataset.label(d) for d in engagement.dimensions if d not in keys]
    note = (f"Sans {', '.join(lost)} dans ce fichier : comparé sur des segments plus larges.",) if lost else ()
    table = regroup(engagement.segments, keys) if lost else engagement.segments
    share = engagement.saison.set_index("mois").loc[months.month, list(MEASURES)].sum()
    expected = table[list(keys)].assign(
        beneficiaires=YEAR * table["effectif"] * share["beneficiaires"],
        cotisation=table["cotisation"] * share["cotisation"],
        nette=table["nette"] * share["cotisation"],
        prestation=table["prestation"] * share["prestation"],
        cotisation_base=table["cotisation_base"] * share["cotisation"],
        effectif_base=YEAR * table["effectif_base"] * share["beneficiaires"],
    )
    observed = _observe(dataset, keys, engagement.filtres, months)
    charges = float(table["charges"].sum() * share["beneficiaires"])
    return Sides(keys, expected, _with_net(observed, table, keys), charges, table), note


def _observe(
    dataset: Dataset, keys: tuple[str, ...], filtres: Mapping[str, tuple[str, ...]], months: pd.DatetimeIndex
) -> pd.DataFrame:
    """keys…, then the measures that the file has, over some months."""
    seen = replace(
        dataset,
        cotisation=dataset.cotisation[dataset.cotisation["mois"].isin(months)],
        prestation=dataset.prestation[dataset.prestation["mois"].isin(months)],
    )
    scope = Selection(filtres=dict(filtres))
    parts = []
    for measure in (m for m in MEASURES if _has(dataset, m)):
        sums = compute_total(seen, measure, by=keys, selection=scope)
        parts.append(pd.DataFrame({**{k: as_names(sums[k]) for k in keys}, measure: sums["valeur"]}))
    if not keys:
        return pd.concat(parts, axis=1)
    found = functools.reduce(lambda a, b: a.merge(b, on=list(keys), how="outer"), parts)
    here = pd.MultiIndex.from_frame(found[list(keys)])
    for part in parts:
        # A segment without a row covered nobody, paid or cost nothing; one whose amount is not written stays unknown.
        measure = part.columns[-1]
        found.loc[~here.isin(pd.MultiIndex.from_frame(part[list(keys)])), measure] = 0.0
    return found


def _has(dataset: Dataset, measure: str) -> bool:
    table = dataset.prestation if measure == "prestation" else dataset.cotisation
    return measure in table.columns and bool(table[measure].notna().any())


def _with_net(observed: pd.DataFrame, table: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    """The premiums observed without the loading of the decision; that of the whole for a segment it did not know."""
    if "cotisation" not in observed.columns:
        return observed
    whole = table["nette"].sum() / table["cotisation"].sum()
    if not keys:
        return observed.assign(nette=observed["cotisation"] * whole)
    rates = table[list(keys)].assign(part=table["nette"] / table["cotisation"].where(table["cotisation"] > 0))
    part = observed[list(keys)].merge(rates, on=list(keys), how="left")["part"].fillna(whole)
    return observed.assign(nette=observed["cotisation"] * part.to_numpy())


def tell_segments(sides: Sides, n: int) -> pd.DataFrame:
    """Increase decided and increase seen, heads expected and seen."""
    keys, plan = list(sides.keys), sides.expected
    table = plan[keys].assign(
        hausse=sides.table["hausse"],
        avant=plan["cotisation_base"] / plan["effectif_base"].where(plan["effectif_base"] > 0),
        effectif_attendu=plan["beneficiaires"] / n,
    )
    seen = sides.observed.reindex(columns=[*keys, "beneficiaires", "cotisation"])
    if not keys:
        both = table.join(seen)
    else:
        both = table.merge(seen, on=keys, how="outer", indicator="cote")
        side = both.pop("cote")
        both.loc[side == "right_only", "effectif_attendu"] = 0.0
        if "beneficiaires" in sides.observed.columns:
            both.loc[side == "left_only", "beneficiaires"] = 0.0
    now = both["cotisation"] / both["beneficiaires"].where(both["beneficiaires"] > 0)
    both = both.assign(
        hausse_observee=now / both["avant"].where(both["avant"] > 0) - 1, effectif_observe=both["beneficiaires"] / n
    )
    return both[[*keys, *TOLD]]
