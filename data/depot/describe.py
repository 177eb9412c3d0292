"""What a person reads of a file before accepting it, as bounded JSON without anybody's personal data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from analytics.errors import PaliersError
from analytics.french import MISSING, format_month, format_number
from analytics.schema import LABELS, Dataset
from data import checks
from data.depot.counting import Used, count_dataset, count_lines
from data.depot.gate import DROPPED, REPLACED, hidden_values
from data.mapping import Mapping as Roles
from data.mapping import preview
from data.personal import Personal, masked
from data.readers import Table
from data.sandbox.messages import clean, error_fields

PREVIEW_ROWS, EXAMPLES = 8, 3
_CELL = 200
_MAX_COLUMNS, _MAX_LINES, _MAX_FINDINGS = 300, 1000, 500
_IGNORED = "ignorer"
HIDDEN = "•••"
_FATES = {
    DROPPED: "non utilisée : rien n’en est gardé",
    REPLACED: "remplacée par un pseudonyme avant d’être gardée",
}
_UNDECIDED = "rien n’en est gardé tant que les questions attendent"


def describe_table(
    table: Table,
    mapping: Roles | None,
    personal: Mapping[str, Personal],
    fates: Mapping[str, str],
    *,
    whole: bool = True,
) -> dict[str, Any]:
    """Dialect, columns, first lines and lines not read of a table.

    Parameters
    ----------
    table : Table
    mapping : Mapping or None
        None when its columns could not be given a meaning.
    personal, fates : mapping
        Title -> what identifies people in a column, and what becomes of it.
    whole : bool
        False for the beginning of a large file: its lines are then not counted yet.
    """
    before, after = _previews(table, mapping, personal)
    return {
        **(count_lines(table) if whole else {}),
        "dialect": {str(k): _plain(v) for k, v in table.dialect.items()},
        "columns": _columns(table.texts, mapping, personal),
        "before": before,
        "after": after,
        "personal": [
            {"colonne": _cell(h), "contenu": p.label, "devenir": _FATES.get(fates.get(h, ""), _UNDECIDED)}
            for h, p in personal.items()
        ],
        "findings": _records(table.findings, _MAX_FINDINGS),
        "rejected_lines": _lines(table.rejected, personal),
        "left_out_lines": _lines(table.left_out, personal),
    }


def describe_dataset(dataset: Dataset, told: Mapping[str, Any], used: Used) -> dict[str, Any]:
    """Quality of what the file became, its period, and the counts that its lines without a month change.

    Parameters
    ----------
    dataset : Dataset
    told : mapping
        What :func:`describe_table` said.
    used : set of int, int or None
        Lines read, or how many lines of a large file were written; None when none were.
    """
    findings = checks.run_checks(dataset)
    months = dataset.months
    return {
        **count_dataset(dataset, told.get("lines"), used),
        "findings": _records(findings, _MAX_FINDINGS),
        "score": _records(checks.score(findings), 20),
        "unlocks": _records(checks.unlocks(dataset), 50),
        "rejected_lines": _lines(dataset.rejected),
        "left_out_lines": _lines(dataset.left_out),
        "rows": {"cotisation": len(dataset.cotisation), "prestation": len(dataset.prestation)},
        "period": [format_month(m) for m in (months.min(), months.max())] if len(months) else [],
    }


def describe_error(error: PaliersError) -> dict[str, Any]:
    """An error without personal data in the value it quotes."""
    fields = error_fields(error)
    for name in ("valeur", "message", "remede"):
        if fields[name]:
            fields[name] = str(masked(pd.Series([fields[name]])).iloc[0])
    return fields


def _previews(
    table: Table, mapping: Roles | None, personal: Mapping[str, Personal]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """First lines as written and as understood; as typed only, while a question leaves their meaning open."""
    if mapping is None or mapping.blocking:
        return _preview(table.frame, personal), _preview(table.tidy, personal)
    before, after = preview(table, mapping, PREVIEW_ROWS)
    return _preview(before, personal), _preview(after, {*personal, *(mapping.columns.get(h) for h in personal)})


def _columns(texts: pd.DataFrame, mapping: Roles | None, personal: Collection[str]) -> list[dict[str, Any]]:
    rows = []
    for header in list(texts.columns)[:_MAX_COLUMNS]:
        role = mapping.columns.get(header, _IGNORED) if mapping is not None else ""
        rows.append(
            {
                "colonne": _cell(header),
                "role": role,
                "libelle": _label(role, mapping),
                "nature": mapping.kinds.get(header, _IGNORED) if mapping is not None else "",
                "confiance": float(mapping.confidence.get(header, 0.0)) if mapping is not None else None,
                "exemples": "" if header in personal else _examples(texts[header]),
            }
        )
    return rows


def _label(role: str, mapping: Roles | None) -> str:
    if mapping is None:
        return ""
    return "non utilisée" if role == _IGNORED else LABELS.get(role) or mapping.labels.get(role, role)


def _examples(column: pd.Series) -> str:
    values = column.iloc[:2000].astype("str").str.strip()
    first = values[values != ""].drop_duplicates().head(EXAMPLES)
    return ", ".join(_cell(v)[:60] for v in masked(first))


def _preview(frame: pd.DataFrame, personal: Collection[str]) -> dict[str, Any]:
    """First rows as French text."""
    shown = frame.iloc[:PREVIEW_ROWS, :_MAX_COLUMNS]
    columns = [
        [HIDDEN] * len(shown) if name in personal else [_cell(v) for v in masked(_texts(shown[name]))]
        for name in shown.columns
    ]
    return {"columns": [_cell(c) for c in shown.columns], "rows": [list(r) for r in zip(*columns, strict=True)]}


def _texts(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.strftime("%d/%m/%Y").astype("str").fillna(MISSING)
    if pd.api.types.is_numeric_dtype(column):
        whole = bool((column.dropna() % 1 == 0).all())
        return column.astype("float64").map(lambda v: format_number(v, 0 if whole else 2)).astype("str")
    return column.astype("object").where(column.notna(), MISSING).astype("str")


def _lines(frame: pd.DataFrame, personal: Collection[str] = ()) -> list[dict[str, Any]]:
    """First lines not used, with their place and reason."""
    return _records(hidden_values(frame.head(_MAX_LINES), personal=bool(personal)), _MAX_LINES)


def _records(frame: pd.DataFrame, most: int) -> list[dict[str, Any]]:
    return [{str(k): _plain(v) for k, v in row.items()} for row in frame.head(most).to_dict("records")]


def _plain(value: Any) -> Any:
    """A JSON value: numbers stay, missing is null, everything else is bounded text."""
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value[:50]]
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, (bool, int, float)):
        return value
    if hasattr(value, "item"):
        return _plain(value.item())
    return _cell(value)


def _cell(value: object) -> str:
    return clean(value, _CELL)
