"""A report of what somebody kept on the way: constats and charts, whatever pages they come from."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analytics.constat import Constat, Sentence, describe, describe_perimeter
from analytics.french import format_period
from analytics.indicators import get_indicator, label_with_base
from analytics.schema import Dataset
from charts.picture import Picture
from reports.model import CHANGE, GAP, Cell, Number, Report, Section, Table
from reports.version import version

CONSTATS = "Constats"
_UNIT = "nombre"


def build_basket(
    dataset: Dataset,
    *,
    constats: Sequence[Constat] = (),
    pictures: Sequence[Picture] = (),
    title: str = "Constats retenus",
    filters: str = "",
) -> Report:
    """Report of findings and pictures, in the order given.

    Parameters
    ----------
    dataset : Dataset
        Completed data, that the constats were measured on.
    constats : sequence of Constat
        As measured by the pages: their values are printed, not computed again.
    pictures : sequence of Picture
        As drawn by the pages; the figures under each become its table.
    title, filters : str
        Title, and what the footer says of the perimeter.
    """
    sections = [constat_section(dataset, constats)] if constats else []
    sections += [Section(p.title, pictures=(p,), tables=(table_of_picture(p),), notes=(p.alt,)) for p in pictures]
    indicators = [get_indicator(key, dataset) for key in dict.fromkeys(c.indicator for c in constats)]
    definitions = tuple((label_with_base(i, dataset), i.definition) for i in indicators)
    subtitle = " · ".join(part for part in (dataset.source, filters) if part)
    return Report(
        title,
        subtitle,
        tuple(sections),
        dataset.source,
        dataset.as_of,
        filters,
        definitions,
        version(),
        dataset.is_demo,
    )


def constat_section(dataset: Dataset, constats: Sequence[Constat]) -> Section:
    """The sentence of each finding, over the table of their numbers."""
    heads = ("Périmètre", "Indicateur", "Période", "Valeur", "Référence", "Écart", "Évolution", "En euros")
    table = Table("Les constats", heads, tuple(_row(c, dataset) for c in constats))
    told: tuple[Sentence, ...] = tuple(describe(c, dataset) for c in constats)
    return Section(CONSTATS, told, tables=(table,))


def _row(constat: Constat, dataset: Dataset) -> tuple[Cell, ...]:
    indicator, chosen = get_indicator(constat.indicator, dataset), constat.selection
    unit = indicator.unit
    change = float("nan") if unit == "taux" else constat.evolution
    return (
        describe_perimeter(chosen, dataset), label_with_base(indicator, dataset),
        format_period(chosen.debut, chosen.fin), Number(constat.valeur, unit), Number(constat.reference, unit),
        Number(constat.ecart, unit, GAP), Number(change, "taux", CHANGE), Number(constat.euros, "EUR", GAP),
    )  # fmt: skip


def table_of_picture(picture: Picture) -> Table:
    """The figures under a picture."""
    frame = picture.table
    rows = tuple(tuple(map(_cell, row)) for row in frame.itertuples(index=False, name=None))
    return Table(picture.title, tuple(map(str, frame.columns)), rows)


def _cell(value: object) -> Cell:
    if isinstance(value, pd.Timestamp):
        return value
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, (int, float)) or hasattr(value, "item"):
        return Number(float(value), _UNIT)
    return "" if value is None or value is pd.NA or value is pd.NaT else str(value)
