"""Unicité: identical lines, and whole batches entered twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analytics.french import format_number
from analytics.schema import MONTHS, Dataset, dimensions_of, measures_of
from data.checks.places import place
from data.findings import euros, finding
from data.keys import pack

#: A batch is the lines of one value of each of these, those that the table has.
BATCH = ("region", "poste", "mois_paiement")
#: Fewer identical lines than this are a coincidence, not a batch.
MIN_LINES = 5
_SHOWN = 10


def check_unicite(dataset: Dataset) -> list[dict]:
    """Findings about rows that are several times in a table, with the euros counted once too many."""
    rows = []
    for name, frame in (("prestation", dataset.prestation), ("cotisation", dataset.cotisation)):
        if frame.empty:
            continue
        measures = measures_of(frame)
        keys = [c for c in frame.columns if c not in measures]
        copies = copies_of(frame, keys, measures)
        amount = dataset.main_measure if name == "prestation" else "cotisation"
        dims = dimensions_of(frame)
        rows += duplicate_findings(frame, copies, table=name, amount=amount, label=dataset.label, dims=dims)
    return rows


def copies_of(frame: pd.DataFrame, keys: Sequence[str], measures: Sequence[str]) -> np.ndarray:
    """True on the second and later copies of rows identical on keys and measures."""
    repeated = pd.Series(pack(frame, keys)).duplicated(keep=False).to_numpy()
    copies = np.zeros(len(frame), dtype=bool)
    if repeated.any():
        copies[repeated] = frame.loc[repeated, [*keys, *measures]].duplicated().to_numpy()
    return copies


def duplicate_findings(
    frame: pd.DataFrame,
    copies: np.ndarray,
    *,
    table: str,
    amount: str | None,
    label,
    lines: pd.Series | None = None,
    dims: Sequence[str] = BATCH[:2],
) -> list[dict]:
    """Findings for second copies: one per whole batch, then one for the others together.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows, with the columns of :data:`BATCH` that exist.
    copies : numpy.ndarray of bool
        Second and later copies.
    table, amount : str
        Table, and measure whose euros are counted too many.
    label : callable
        French label of a column.
    lines : pandas.Series of int, optional
        Line of the file of each row.
    dims : sequence of str
        Dimensions by which the euros are told; those of a batch alone before pseudonyms have replaced the others.
    """
    if not copies.any():
        return []
    keys = [k for k in BATCH if k in frame.columns] or ["mois"]
    batch = pack(frame, keys)
    counts = pd.DataFrame({"batch": batch, "copy": copies}).groupby("batch")["copy"].agg(["size", "sum"])
    # A batch sent twice has as many copies as originals.
    whole = counts.index[(counts["sum"] * 2 >= counts["size"]) & (counts["sum"] >= MIN_LINES)]
    rows, rest = [], copies.copy()
    for key in whole:
        mask = copies & (batch == key)
        rest &= ~mask
        first = frame[mask].iloc[0]
        shared = {k: (str(first[k]),) for k in keys if k not in MONTHS and pd.notna(first[k])}
        row = _batch_finding(frame[mask], keys, table, amount, label, lines, mask)
        rows.append(row | _placed(frame[mask], amount, shared, dims))
    if rest.any():
        row = _lines_finding(frame[rest], table, amount, lines, rest)
        rows.append(row | _placed(frame[rest], amount, {}, dims))
    return rows


def _placed(copies: pd.DataFrame, amount: str | None, shared: dict, dims: Sequence[str]) -> dict[str, str]:
    known = amount is not None and amount in copies.columns
    return place(copies, copies[amount] if known else None, filtres=shared, dims=dims)


def _amount(copies: pd.DataFrame, amount: str | None) -> float | None:
    return float(copies[amount].sum()) if amount is not None and amount in copies.columns else None


def _batch_finding(copies, keys, table, amount, label, lines, mask) -> dict:
    first, too_many = copies.iloc[0], _amount(copies, amount)
    where = ", ".join(f"{label(k)} : {_shown(first[k])}" for k in keys)
    cost = f", {euros(too_many)} comptés en trop" if too_many is not None else ""
    message = f"Un lot est présent deux fois ({where}), {format_number(len(copies))} lignes en double{cost}."
    return finding(
        "unicite.lot_double",
        "grave",
        message,
        table=table,
        ligne=None if lines is None else int(lines[mask].iloc[0]),
        valeur=" | ".join(_shown(first[k]) for k in keys),
        remede="Vérifiez cet envoi, puis déposez le fichier sans la seconde copie. Rien n’a été retiré.",
        euros=too_many,
    )


def _lines_finding(copies, table, amount, lines, mask) -> dict:
    too_many = _amount(copies, amount)
    message = f"Lignes identiques à une autre : {format_number(len(copies))}"
    if lines is not None:
        numbers = [str(n) for n in lines[mask].head(_SHOWN)]
        message += f" (n° {', '.join(numbers)}{'…' if len(copies) > _SHOWN else ''} du fichier)"
    return finding(
        "unicite.lignes_identiques",
        "attention",
        message + ".",
        table=table,
        ligne=None if lines is None else int(lines[mask].iloc[0]),
        remede="Vérifiez qu’elles ne sont pas saisies deux fois. Rien n’a été retiré.",
        euros=too_many,
    )


def _shown(value: object) -> str:
    return f"{value:%Y-%m}" if isinstance(value, pd.Timestamp) else str(value)
