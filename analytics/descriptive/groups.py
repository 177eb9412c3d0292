"""Groups of lines met in two periods, and those of one period only, followed on small integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.descriptive.lines import codes_of, lines_of, month_number, month_numbers
from analytics.descriptive.memory import remember
from analytics.schema import Dataset, Selection

Periods = tuple[Selection, Selection]
#: The two sides of a comparison: the period, then its reference.
SIDES = (0, 1)


@dataclass(frozen=True)
class Followed:
    """What two periods have in common.

    Attributes
    ----------
    arrives, partis : int
        Groups left out because the other period does not have them, for a month or for all.
    lines : mapping of (str, int) to numpy.ndarray
        By table and side, places of the lines that count; every line when nothing came or left.
    """

    arrives: int
    partis: int
    lines: Mapping[tuple[str, int], np.ndarray]


def exposure_of(dataset: Dataset) -> str | None:
    """Measure that says whether a group is covered in a month."""
    table = dataset.cotisation
    return next((m for m in ("beneficiaires", "cotisation") if m in table.columns), None) if len(table) else None


def follow_covered(dataset: Dataset, dims: tuple[str, ...], periods: Periods) -> Followed:
    """Lines of each period of the groups covered in a month and in its like, whatever the care looked at.

    A group is a combination of the values of `dims`, a missing value being a value.
    """
    scopes = [period.without_care() for period in periods]
    span = month_number(scopes[0].fin) - month_number(scopes[0].debut) + 1
    tables = {n: t for n, t in _tables(dataset).items() if set(dims) <= set(t.columns)}
    groups, count = group_numbers(list(tables.values()), dims)
    lines, slots = {}, {}
    for (name, table), numbers in zip(tables.items(), groups, strict=True):
        for side in SIDES:
            lines[name, side] = places = lines_of(table, scopes[side])
            rank = month_numbers(table)[codes_of(table, "mois")[0][places]] - month_number(scopes[side].debut)
            slots[name, side] = numbers[places] * np.int64(span) + rank
    exposure = dataset.cotisation[exposure_of(dataset)].fillna(0).to_numpy()
    covered = np.zeros((2, count * span), dtype=bool)
    for side in SIDES:
        covered[side, slots["cotisation", side][exposure[lines["cotisation", side]] != 0]] = True
    both = covered[0] & covered[1]
    came, gone = (int((alone & ~both).reshape(count, span).any(axis=1).sum()) for alone in covered)
    return Followed(came, gone, {place: found[both[slots[place]]] for place, found in lines.items()})


def follow_values(dataset: Dataset, dims: tuple[str, ...], periods: Periods) -> Followed:
    """Lines of each period whose every dimension has a value met in both; a missing value is no group."""
    tables = {n: t for n, t in _tables(dataset).items() if len(t)}
    met = {(n, side): lines_of(t, periods[side]) for n, t in tables.items() for side in SIDES}
    lines, came, gone = dict(met), 0, 0
    for dimension in dims:
        holders = [n for n, t in tables.items() if dimension in t.columns]
        values = [{v for n in holders for v in _met(tables[n], dimension, met[n, side])} for side in SIDES]
        came, gone = came + len(values[0] - values[1]), gone + len(values[1] - values[0])
        alone = values[0] ^ values[1]
        for place in [(n, side) for n in holders for side in SIDES] if alone else []:
            codes, known = codes_of(tables[place[0]], dimension)
            stays = np.array([text not in alone for text in _texts(known)] + [True])
            lines[place] = lines[place][stays[codes[lines[place]]]]
    return Followed(came, gone, lines)


def group_numbers(tables: list[pd.DataFrame], dims: tuple[str, ...]) -> tuple[list[np.ndarray], int]:
    """Number of the group of each line, the same in one or two tables, and how many groups there are."""
    return remember(
        tables[-1], ("groups", dims, len(tables)), lambda: _number_groups(tables, dims), beside=tables[0]
    )  # fmt: skip


def _number_groups(tables: list[pd.DataFrame], dims: tuple[str, ...]) -> tuple[list[np.ndarray], int]:
    cuts = np.cumsum([len(table) for table in tables])[:-1]
    key, count = np.zeros(sum(len(table) for table in tables), dtype=np.int64), 1
    for dimension in dims:
        coded = [codes_of(table, dimension) for table in tables]
        texts = [_texts(values) for _, values in coded]
        levels = pd.Index(sorted(set().union(*texts)), dtype="str")
        codes = [np.append(levels.get_indexer(t), -1)[c] for (c, _), t in zip(coded, texts, strict=True)]
        key, met = pd.factorize(key * (len(levels) + 1) + np.concatenate(codes) + 1)
        count = len(met)
    return np.split(key.astype(np.min_scalar_type(count)), cuts), count


def _tables(dataset: Dataset) -> dict[str, pd.DataFrame]:
    return {"cotisation": dataset.cotisation, "prestation": dataset.prestation}


def _met(table: pd.DataFrame, dimension: str, lines: np.ndarray) -> set[str]:
    """Values of a dimension in some lines, as texts."""
    codes, values = codes_of(table, dimension)
    texts = _texts(values)
    met = np.flatnonzero(np.bincount(codes[lines], minlength=len(texts) + 1)[: len(texts)])
    return {texts[i] for i in met}


def _texts(values: pd.api.extensions.ExtensionArray) -> list[str]:
    return [str(value) for value in values]
