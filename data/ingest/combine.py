"""Groups of regular lines and the other lines side by side, as one table that the mapping reads like any other."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import replace

import numpy as np
import pandas as pd

from data.findings import join, to_frame
from data.ingest.plan import Plan
from data.ingest.query import Groups
from data.ingest.stream import Unsuited
from data.mapping.calendar import first_of_month
from data.mapping.propose import Mapping
from data.mapping.roles import Role
from data.mapping.spelling import recodes_of
from data.readers import Table
from data.readers.dates import parse_dates

_SPELLING = "conformite.orthographe_reunie"
_IDENTIFIER = "conformite.identifiant"


def combine(table: Table, odd: MappingABC[int, str], groups: Groups, plan: Plan) -> Table:
    """A table of one row per group (line 0), then one per irregular line accepted.

    Raises
    ------
    Unsuited
        A month that the readers do not read.
    """
    kept = table.lines.isin(list(odd)).to_numpy()
    size = len(groups.counts)
    texts, typed = {}, {}
    for field in plan.fields:
        cells = groups.keys.get(field.name, [""] * size)
        values = groups.sums.get(field.name)
        texts[field.name] = pd.concat([_as_text(cells), table.frame.loc[kept, field.name]], ignore_index=True)
        rest = table.tidy.loc[kept, field.name]
        if field.role == "mois":
            order = table.dialect["ordres"].get(field.name, "jour_mois")
            typed[field.name] = pd.concat([_months(cells, table.tidy[field.name], order), rest], ignore_index=True)
        elif field.role == "dimension":
            typed[field.name] = _values(texts[field.name])
        elif values is not None:
            typed[field.name] = pd.concat([pd.Series(values), rest.astype("float64")], ignore_index=True)
        else:
            typed[field.name] = np.nan
    lines = pd.concat([pd.Series(np.zeros(size, dtype=np.int64)), table.lines[kept]], ignore_index=True)
    return replace(table, frame=pd.DataFrame(texts), tidy=pd.DataFrame(typed), lines=lines.rename("ligne"))


def _as_text(cells: list[str]) -> pd.Series:
    return pd.Series(pd.array(cells, dtype="str"))


def _months(cells: list[str], column: pd.Series, order: str) -> pd.Series:
    """Months of the groups, read as the readers did in the same column."""
    trimmed = _as_text(cells).str.strip()
    codes, distinct = pd.factorize(trimmed)
    if pd.api.types.is_datetime64_any_dtype(column):
        values = parse_dates(pd.Series(distinct, dtype="str"), named=True, order=order).values
        wrong = np.isnat(values) & (np.asarray(distinct) != "")
    else:
        values = pd.to_numeric(pd.Series(distinct), errors="coerce").to_numpy()
        wrong = np.isnan(values)
    if wrong.any():
        raise Unsuited("mois illisibles")
    return pd.Series(values[codes])


def _values(texts: pd.Series) -> pd.Series:
    trimmed = texts.str.strip()
    codes, distinct = pd.factorize(trimmed.where(trimmed != ""), use_na_sentinel=True)
    return pd.Series(pd.Categorical.from_codes(codes, categories=distinct))


def value_counts(table: Table, counts: np.ndarray, header: str) -> dict[str, int]:
    """Lines of the file that hold each value of a dimension of a combined table."""
    weights = np.concatenate([counts, np.ones(len(table.lines) - len(counts), dtype=np.int64)])
    column = table.tidy[header]
    totals = pd.Series(weights).groupby(column.cat.codes.to_numpy()).sum()
    return {str(column.cat.categories[code]): int(n) for code, n in totals.items() if code >= 0}


def counted_mapping(mapping: Mapping, table: Table, groups: Groups) -> Mapping:
    """The mapping of a sample, with the spellings of the whole file.

    Raises
    ------
    Unsuited
        A month of zeros: whether it is a missing month is a question about the whole file.
    """
    _refuse_empty_months(mapping, table)
    mapping = replace(mapping, findings=_at_least(mapping.findings))
    if mapping.layout:
        return mapping
    stand_in, roles = {}, {}
    for header in mapping.headers("dimension"):
        counts = value_counts(table, groups.counts, header)
        # Only the order of the counts matters: ranks are enough, and a few rows.
        ranks = {n: i + 1 for i, n in enumerate(sorted(set(counts.values())))}
        repeated = [v for v, n in counts.items() for _ in range(ranks[n])]
        stand_in[header] = pd.Series(pd.Categorical(repeated, categories=list(counts)))
        roles[header] = Role(header, "dimension", mapping.columns[header])
    found = {}
    notes = []
    for header, column in stand_in.items():
        alone = replace(table, tidy=pd.DataFrame({header: column}))
        spelled = recodes_of(alone, {header: roles[header]})
        found |= spelled.labels
        notes += spelled.findings
    others = mapping.findings[mapping.findings["code"] != _SPELLING]
    return replace(mapping, recodes=found, findings=join(others, to_frame(notes)))


def _at_least(findings: pd.DataFrame) -> pd.DataFrame:
    """Identifiers were counted on the sample: the file has more of them."""
    told = findings["message"].str.replace("elle a ", "elle a plus de ", regex=False)
    return findings.assign(message=findings["message"].where(findings["code"] != _IDENTIFIER, told))


def _refuse_empty_months(mapping: Mapping, table: Table) -> None:
    header = mapping.header_of("mois")
    if header is None or not pd.api.types.is_datetime64_any_dtype(table.tidy[header]):
        return
    values = table.tidy[list(mapping.headers("mesure"))].to_numpy(dtype="float64")
    filled = (np.nan_to_num(values) != 0).any(axis=1)
    by_month = pd.Series(filled).groupby(first_of_month(table.tidy[header]).to_numpy()).any()
    if not by_month.all():
        raise Unsuited("mois sans montant")
