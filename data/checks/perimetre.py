"""Exhaustivité: the population covered changes at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.french import format_month, format_number
from analytics.schema import dimensions_of
from data.checks.facts import Facts
from data.checks.places import place
from data.findings import finding

#: Change of the number of members from a month to the next that is no ordinary life; of one value of a dimension, and
#: the share of the members from which one counts.
JUMP, JUMP_OF_VALUE, _MIN_SHARE = 0.15, 0.3, 0.05
#: A change that ends within so many months is one of these months, and not of those after.
_BRIEF = 12
#: A value makes the change of the whole from this share of it.
_MOST = 0.8
_MIN_MONTHS = 6
_SHOWN = 5


@dataclass(frozen=True)
class Jump:
    """A number of members that changes at once.

    Attributes
    ----------
    month : pandas.Timestamp
        First month of the new level.
    last : pandas.Timestamp or None
        Last month of it; None when it lasts.
    before, after : float
        Members of the month before, and of the first month.
    """

    month: pd.Timestamp
    last: pd.Timestamp | None
    before: float
    after: float

    @property
    def change(self) -> float:
        """Relative change."""
        return self.after / self.before - 1


def check_perimetre(facts: Facts) -> list[dict]:
    """Findings about jumps of the number of members from a month to the next, of the whole or of one value."""
    frame = facts.cotisation
    if frame.empty or "beneficiaires" not in frame.columns:
        return []
    whole = find_jumps(frame.groupby("mois")["beneficiaires"].sum(min_count=1), JUMP)[:_SHOWN]
    by_value = [(d, v, jump) for d in _dimensions(frame) for v, jump in _jumps_by_value(frame, d)]
    rows = [_finding(facts, jump, _makers(jump, by_value)) for jump in whole]
    told = {jump.month for jump in whole}
    rows += [_finding(facts, jump, {d: v}) for d, v, jump in by_value if jump.month not in told]
    return rows[: 2 * _SHOWN]


def find_jumps(members: pd.Series, least: float) -> list[Jump]:
    """Changes of a monthly number beyond `least` from a month to the next; back and forth is one change."""
    members = members[members > 0].dropna()
    if len(members) < _MIN_MONTHS:
        return []
    values, months = members.to_numpy(dtype=float), members.index
    found, at = [], 1
    while at < len(values):
        if abs(values[at] / values[at - 1] - 1) > least:
            base = values[at - 1]
            back = [
                j for j in range(at + 1, min(at + _BRIEF, len(values)))
                if abs(values[j] / values[j - 1] - 1) > least and abs(values[j] / base - 1) <= least / 2
            ]  # fmt: skip
            found.append(Jump(months[at], months[back[0] - 1] if back else None, base, values[at]))
            at = back[0] if back else at
        at += 1
    return found


def _dimensions(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(d for d in dimensions_of(frame) if d in frame.columns)


def _jumps_by_value(frame: pd.DataFrame, dimension: str) -> Iterator[tuple[str, Jump]]:
    members = frame.groupby([dimension, "mois"], observed=True)["beneficiaires"].sum(min_count=1).unstack("mois")
    least = _MIN_SHARE * members.sum().median()
    for value, series in members.iterrows():
        if series.median() >= least:
            yield from ((str(value), jump) for jump in find_jumps(series, JUMP_OF_VALUE))


def _makers(jump: Jump, by_value: list[tuple[str, str, Jump]]) -> dict[str, str]:
    """The value that makes most of a change of the whole, when one does."""
    for dimension, value, other in by_value:
        gap = jump.after - jump.before
        if other.month == jump.month and (other.after - other.before) / gap >= _MOST:
            return {dimension: value}
    return {}


def _finding(facts: Facts, jump: Jump, filtres: dict[str, str]) -> dict:
    dataset, sign = facts.dataset, "+" if jump.change > 0 else "−"
    where = "".join(f"{dataset.label(d)} : {dataset.value_label(d, v)}, " for d, v in filtres.items())
    until = "" if jump.last is None else f", jusqu’en {format_month(jump.last)}"
    message = (
        f"{where}Les bénéficiaires changent de {sign}{format_number(abs(jump.change) * 100)}\u00a0% en un mois, "
        f"en {format_month(jump.month)}{until} : le périmètre n’est plus le même."
    )
    rows, effect = _effect(facts, jump, filtres)
    return finding(
        "exhaustivite.perimetre", "attention", message, table="cotisation", colonne="beneficiaires",
        valeur=f"{jump.month:%Y-%m}",
        remede="Dites s’il s’agit d’une reprise ou d’une perte de portefeuille, ou d’un fichier incomplet.",
        euros=None if effect is None else float(np.nansum(effect)),
        **place(
            rows, effect, filtres={d: (v,) for d, v in filtres.items()}, debut=jump.month, lasting=jump.last is None
        ),
    )  # fmt: skip


def _effect(facts: Facts, jump: Jump, filtres: dict[str, str]) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Amounts since the change above what the members of before would have cost, person for person."""
    frame, measure = facts.prestation, facts.dataset.main_measure
    if filtres and not set(filtres) <= set(frame.columns):
        frame = facts.dataset.prestation
    last = jump.last if jump.last is not None else pd.Timestamp.max
    if frame.empty or not set(filtres) <= set(frame.columns) or measure is None:
        months = facts.cotisation["mois"].drop_duplicates()
        return pd.DataFrame({"mois": months[(months >= jump.month) & (months <= last)]}), None
    kept = ((frame["mois"] >= jump.month) & (frame["mois"] <= last)).to_numpy()
    for dimension, value in filtres.items():
        kept = kept & (frame[dimension] == value).to_numpy()
    rows = frame[kept]
    return rows, rows[measure].to_numpy(dtype=float) * (1 - jump.before / jump.after)
