"""Lines of a large file whose month cannot be told: set apart with their numbers, as the reading in memory does."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from analytics.french import format_number
from data.findings import join, to_frame
from data.ingest.plan import Plan
from data.ingest.query import Groups, Source, lines_of
from data.ingest.stream import Unsuited
from data.mapping.calendar import months_of
from data.mapping.known import known_layout
from data.mapping.lines import canonical_lines
from data.mapping.propose import Mapping
from data.readers import Table

#: More lines without a month than this are not listed one by one.
MAX_UNDATED = 5_000_000
#: Combinations of cells (year, month) that give no month.
_MAX_CELLS = 1_000
_WITHOUT_MONTH = "exhaustivite.soins_sans_mois"


def without_months(
    source: Callable[[], Source],
    plan: Plan,
    both: Table,
    mapping: Mapping,
    groups: Groups,
    irregular: Collection[int],
) -> tuple[Groups, pd.DataFrame]:
    """The groups that have a month, and the lines of the others: ligne, colonne, valeur, raison.

    Parameters
    ----------
    source : callable
        Opens the queries on the text.
    plan : Plan
    both : Table
        The groups, then the irregular lines.
    mapping : Mapping
    groups : Groups
    irregular : collection of int
        Numbers of the lines that are in no group.

    Raises
    ------
    Unsuited
        Too many lines, or lines that cannot be told apart.
    """
    size = len(groups.counts)
    dated = months_of(both, mapping.header_of).iloc[:size].notna().to_numpy()
    if dated.all():
        return groups, both.rejected.iloc[:0]
    found = canonical_lines(both, mapping).rejected
    found = found[found["ligne"] == 0]
    expected = int(groups.counts[~dated].sum())
    if expected > MAX_UNDATED:
        raise Unsuited("trop de lignes sans mois")
    months = plan.of_role("mois")
    bad = {tuple(groups.keys[f.name][i] for _, f in months) for i in np.flatnonzero(~dated)}
    if len(bad) > _MAX_CELLS:
        raise Unsuited("trop de mois illisibles")
    numbers = lines_of(source(), [at for at, _ in months], sorted(bad))
    numbers = numbers[numbers >= plan.layout.first_line]
    numbers = numbers[~np.isin(numbers, np.fromiter(irregular, dtype=np.int64))]
    if len(numbers) != expected:
        raise Unsuited("lignes impossibles à distinguer")
    told = found.iloc[np.zeros(len(numbers), dtype=np.int64)].reset_index(drop=True)
    return groups.take(dated), told.assign(ligne=numbers)


def counted_layout(both: Table, mapping: Mapping, groups: Groups, rejected: pd.DataFrame) -> Mapping:
    """The mapping of a published layout, with what is said of its codes and months counted on the whole file.

    Parameters
    ----------
    both : Table
        Every group, those without a month included, then the irregular lines.
    mapping : Mapping
        As the sample says.
    groups : Groups
        The same groups.
    rejected : pandas.DataFrame
        Lines without a month.
    """
    known = known_layout(both) if mapping.layout else None
    if known is None:
        return mapping
    unknown = months_of(both, mapping.header_of).isna().to_numpy()
    weights = np.concatenate([groups.counts, np.ones(len(unknown) - len(groups.counts), dtype=np.int64)])
    rows, lines = (f" : {format_number(int(n))}, soit" for n in (unknown.sum(), weights[unknown].sum()))
    said = [
        {**found, "message": found["message"].replace(rows, lines), "ligne": int(rejected["ligne"].min())}
        if found["code"] == _WITHOUT_MONTH
        else found
        for found in known.findings
    ]
    codes = {_WITHOUT_MONTH, *(found["code"] for found in said)}
    others = mapping.findings[~mapping.findings["code"].isin(codes)]
    return replace(mapping, findings=join(others, to_frame(said)))
