"""Which columns are values of one variable (months, quarters, postes, header levels), decided on the header alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data.readers.categories import belongs, is_total, is_unit, variable_of
from data.readers.periods import Period, read_periods, split_period
from data.vocabulary import guess, normalise

#: Name given to the amounts when the header does not name them.
VALUE = "valeur"
_LEAST_BARE = 3
_MANY_VALUES = 6
_NAMES = {
    "mois": "mois",
    "mois_nu": "mois",
    "trimestre": "trimestre",
    "trimestre_nu": "trimestre",
    "jour": "date",
    "annee": "annee",
}
_SUMMARY = re.compile(r"(moyennes?|moy|variations?|evolutions?|var|ecarts?)( .*)?|annee|annuel(le)?|exercice")


@dataclass(frozen=True)
class Shape:
    """How the columns of a wide table become rows.

    Attributes
    ----------
    variables : tuple of str
        Names of the variables whose values were in the header.
    combos : tuple of tuple of str
        Labels of each combination, one per variable, in the order of the columns.
    periods : tuple of Period
        Period of each combination, for the first variable; () when no variable is a period.
    values : tuple of str
        Names of the amounts.
    where : tuple of tuple of int
        For each combination, position of the column of each amount; -1 when the file has none.
    totals : dict of int to tuple of int
        Position of each column that says it adds up others -> positions of those others.
    """

    variables: tuple[str, ...]
    combos: tuple[tuple[str, ...], ...]
    periods: tuple[Period, ...]
    values: tuple[str, ...]
    where: tuple[tuple[int, ...], ...]
    totals: dict[int, tuple[int, ...]]

    @property
    def body(self) -> tuple[int, ...]:
        """Positions of the columns that become rows."""
        return tuple(sorted({at for row in self.where for at in row if at >= 0}))

    @property
    def kind(self) -> str:
        """Kind of the periods, "" when there is none."""
        return self.periods[0].kind if self.periods else ""


def find_shape(
    levels: Sequence[Sequence[str]], *, since_1904: bool = False, keep: frozenset[int] = frozenset()
) -> Shape | None:
    """Shape of a wide table, None when every column is a variable of its own.

    Parameters
    ----------
    levels : sequence of sequence of str
        Cells of each header row, merged cells repeated.
    since_1904 : bool
        Whether day numbers are counted from 1 January 1904.
    keep : frozenset of int
        Columns that look like totals and that the user keeps as values.
    """
    if not levels or len(levels[0]) < 2:
        return None
    rows = [row for row in ([c.strip() for c in level] for level in levels) if not _units(row)]
    if not rows:
        return None
    found = [read_periods(row, since_1904=since_1904) for row in rows]
    if not any(sum(p is not None for p in row) >= 2 for row in found):
        rows, found = _split_last(rows, found, since_1904)
    dated = _by_period(rows, found)
    if dated is not None:
        return dated
    return _by_levels(rows, keep) if len(rows) > 1 else _by_category(rows[0], keep)


def _units(row: Sequence[str]) -> bool:
    """Whether a header row only says in what each column is counted."""
    cells = [c for c in row if c]
    return bool(cells) and all(map(is_unit, cells))


def _split_last(
    rows: list[list[str]], found: list[list[Period | None]], since_1904: bool
) -> tuple[list[list[str]], list[list[Period | None]]]:
    """« Prestations janv. 2024 » in the last row as two rows: the measure, then the month."""
    pairs = [split_period(cell) for cell in rows[-1]]
    if sum(pair is not None for pair in pairs) < 2:
        return rows, found
    names = [pair[0] if pair else cell for pair, cell in zip(pairs, rows[-1], strict=True)]
    dates = [pair[1] if pair else "" for pair in pairs]
    return [*rows[:-1], names, dates], [*found[:-1], [None] * len(names), read_periods(dates, since_1904=since_1904)]


def _by_period(rows: list[list[str]], found: list[list[Period | None]]) -> Shape | None:
    """Months, quarters, days or years in the header; the year may stand on another row than the month."""
    merged = _merge(found)
    if merged is None:
        return None
    periods, used = merged
    body = [j for j, p in enumerate(periods) if p is not None]
    others = [row for k, row in enumerate(rows) if k not in used]
    texts = [" ".join(rows[k][j] for k in sorted(used) if rows[k][j]) for j in range(len(rows[0]))]
    shape = _assemble(body, others, ([texts[j] for j in body], [periods[j] for j in body]))
    if shape is None:
        return None
    totals = dict(shape.totals)
    for j in range(len(texts)):
        labels = [row[j] for row in rows if row[j]]
        if j not in body and any(is_total(c) or _SUMMARY.fullmatch(normalise(c)) for c in labels):
            totals[j] = _parts(j, texts[j], body, periods, others)
    return Shape(shape.variables, shape.combos, shape.periods, shape.values, shape.where, totals)


def _merge(found: list[list[Period | None]]) -> tuple[list[Period | None], set[int]] | None:
    """One period per column and the header rows that say it."""
    width = len(found[0])

    def of(kind: tuple[str, ...], k: int) -> list[Period | None]:
        return [p if p is not None and p.kind in kind else None for p in found[k]]

    def most(kind: tuple[str, ...]) -> tuple[int, int]:
        return max(((sum(p is not None for p in of(kind, k)), k) for k in range(len(found))), key=lambda c: c[0])

    for kind in (("mois",), ("trimestre",), ("jour",)):
        count, k = most(kind)
        if count >= 2:
            return of(kind, k), {k}
    years, top = most(("annee",))
    for kind in ("mois_nu", "trimestre_nu"):
        count, k = most((kind,))
        if years >= 2 and count >= 2 and k != top:
            bare, year = of((kind,), k), of(("annee",), top)
            both = [
                Period(kind.removesuffix("_nu"), year[j].year, bare[j].month) if bare[j] and year[j] else None
                for j in range(width)
            ]
            return both, {k, top}
        if count >= _LEAST_BARE:
            return of((kind,), k), {k}
    return (of(("annee",), top), {top}) if years >= 2 else None


def _parts(
    at: int, text: str, body: list[int], periods: list[Period | None], others: list[list[str]]
) -> tuple[int, ...]:
    """Columns that a total column adds up: same labels on the other rows, same year when it names one."""
    year = re.search(r"(?:19|20)\d\d", text)
    alike = [j for j in body if all(row[j] == row[at] or is_total(row[at]) for row in others)] or body
    return tuple(j for j in alike if year is None or not periods[j].year or periods[j].year == int(year[0]))


def _by_levels(rows: list[list[str]], keep: frozenset[int]) -> Shape | None:
    """Header rows that repeat the same labels under several others: Hommes / Femmes × tranches d’âge."""
    top, last = rows[-2], rows[-1]
    under: dict[str, set[str]] = {}
    for above, below in zip(top, last, strict=True):
        if above and below and above != below:
            under.setdefault(below, set()).add(above)
    body = [j for j in range(len(last)) if last[j] and top[j] and len(under.get(last[j], ())) >= 2]
    return _assemble(body, rows, None, keep) if len(body) >= 4 else None


def _by_category(header: list[str], keep: frozenset[int]) -> Shape | None:
    """One header row whose cells are values of a known variable: postes, tranches d’âge, sexes, régions."""
    for family in ("poste", "tranche_age", "region", "sexe"):
        body = [j for j, cell in enumerate(header) if cell and belongs(cell, family)]
        if len(body) < (2 if family == "sexe" else 3):
            continue
        body = sorted({*body, *keep})
        totals = {j: tuple(body) for j in range(len(header)) if j not in body and is_total(header[j])}
        combos = tuple((header[j],) for j in body)
        return Shape((family,), combos, (), (VALUE,), tuple((j,) for j in body), totals)
    return None


def _assemble(
    body: list[int],
    rows: list[list[str]],
    period: tuple[list[str], list[Period]] | None,
    keep: frozenset[int] = frozenset(),
) -> Shape | None:
    """Shape from the columns of the body: each header row is constant, a list of amounts or a variable."""
    names: list[str] = []
    labels: list[list[str]] = []
    values, single = None, ""
    for k, row in enumerate(rows):
        cells = [row[j] for j in body]
        distinct = list(dict.fromkeys(cells))
        if len(distinct) < 2:
            single = distinct[0] if distinct and _is_measure(distinct[0]) else single
        elif values is None and _are_values(distinct, period is not None):
            values = cells
        else:
            names.append(variable_of(distinct) or ("annee" if _years(distinct) else f"niveau {k + 1}"))
            labels.append(cells)
    if period is not None:
        names, labels = [_NAMES[period[1][0].kind], *names], [period[0], *labels]
    if not names:
        return None
    amounts = values or [single or VALUE] * len(body)
    return _index(body, names, labels, amounts, period[1] if period else None, keep)


def _is_measure(label: str) -> bool:
    hint = guess(label)
    return hint is not None and hint.kind in ("measure", "average")


def _are_values(labels: list[str], dated: bool) -> bool:
    """Whether the labels of a header row name different amounts rather than values of one variable."""
    if all(_is_measure(label) for label in labels):
        return True
    return dated and not variable_of(labels) and not _years(labels) and len(labels) <= _MANY_VALUES


def _years(labels: list[str]) -> bool:
    return all(p is not None and p.kind == "annee" for p in read_periods(labels))


def _index(
    body: list[int],
    names: list[str],
    labels: list[list[str]],
    values: list[str],
    periods: list[Period] | None,
    keep: frozenset[int],
) -> Shape | None:
    """Combinations and their columns; None when two columns are the same combination."""
    combos = list(zip(*labels, strict=True))
    wanted = list(dict.fromkeys(values))
    place: dict[tuple[str, ...], list[int]] = {}
    when: dict[tuple[str, ...], Period] = {}
    totals: dict[int, tuple[int, ...]] = {}
    first = 1 if periods else 0
    for i, (at, combo, value) in enumerate(zip(body, combos, values, strict=True)):
        summed = [k for k in range(first, len(combo)) if is_total(combo[k])]
        if at not in keep and summed and not all(is_total(c) for c in labels[summed[0]]):
            totals[at] = _siblings(i, summed, body, combos, values)
            continue
        spots = place.setdefault(combo, [-1] * len(wanted))
        if spots[wanted.index(value)] >= 0:
            return None
        spots[wanted.index(value)] = at
        if periods:
            when[combo] = periods[i]
    kept = tuple(place)
    where = tuple(tuple(place[c]) for c in kept)
    return Shape(tuple(names), kept, tuple(when[c] for c in kept) if periods else (), tuple(wanted), where, totals)


def _siblings(
    i: int, summed: list[int], body: list[int], combos: list[tuple[str, ...]], values: list[str]
) -> tuple[int, ...]:
    """Columns that a column of total adds up: the same labels elsewhere, no total on the level summed."""
    mine = combos[i]
    return tuple(
        at
        for at, combo, value in zip(body, combos, values, strict=True)
        if value == values[i]
        and not any(is_total(combo[k]) for k in summed)
        and all(combo[k] == mine[k] for k in range(len(mine)) if k not in summed)
    )
