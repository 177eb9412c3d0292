"""A crossed table on the screen: a heat map and the table itself, where a click filters every page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from analytics.descriptive.pivot_cube import MONTH, QUARTER, TIME, YEAR, Cube
from analytics.descriptive.pivot_layout import Line, Pivot
from analytics.french import format_euros, format_value
from charts.heatmap import CLICK, chart_heatmap
from charts.picture import Picture
from pages.components import state
from pages.components.messages import safe
from pages.components.sidebar import MAX_VALUES, View, last_month

#: Lines and columns of the picture; lines of the table.
_TILES, _TILE_COLUMNS, _SCREEN_LINES = 40, 48, 500
_SHADE = "background-color: rgba(47, 126, 188, {:.2f})"


def draw(view: View, pivot: Pivot, picture: Picture, *, key: str) -> None:
    """The heat map of the details, a click on which filters everything."""
    st.vega_lite_chart(
        picture.arrow, picture.spec, width="stretch", alt=picture.alt, key=key, selection_mode=CLICK,
        on_select=partial(_follow_tile, key, view, pivot),
    )  # fmt: skip


def picture_of(pivot: Pivot, cube: Cube, title: str) -> Picture:
    """Heat map of the first details, or of their total when nothing is in columns."""
    lines = [(i, line) for i, line in enumerate(pivot.lines) if line.niveau == "detail"][:_TILES]
    columns = [(j, c) for j, c in enumerate(pivot.columns) if c.niveau == "detail"]
    # Of time, the last ones: what is read is the present.
    columns = columns[-_TILE_COLUMNS:] if pivot.colonne in TIME else columns[:_TILE_COLUMNS]
    columns = columns or [(len(pivot.columns) - 1, pivot.columns[-1])]
    rows = [
        (i, j, " · ".join(line.labels), column.labels[0], pivot.valeur[i, j], bool(pivot.masque[i, j]))
        for i, line in lines
        for j, column in columns
    ]
    table = pd.DataFrame(rows, columns=["i", "j", "ligne", "colonne", "valeur", "secret"])
    heads = " · ".join(cube.label(a) for a in pivot.lignes)
    return chart_heatmap(
        table, title=title, unit=pivot.indicator.unit, rows=heads,
        columns=cube.label(pivot.colonne) if pivot.colonne else "Colonne", is_demo=cube.dataset.is_demo,
        missing=not_drawn(pivot),
    )  # fmt: skip


def not_drawn(pivot: Pivot) -> str:
    """What the picture leaves out of the table, in French; empty when it draws it all."""
    lines, columns = (sum(x.niveau == "detail" for x in part) for part in (pivot.lines, pivot.columns))
    told = []
    if columns > _TILE_COLUMNS:
        which = "dernières" if pivot.colonne in TIME else "premières"
        told.append(f"les {_TILE_COLUMNS} {which} colonnes sur {columns}")
    if lines > _TILES:
        told.append(f"les {_TILES} premières lignes sur {lines}")
    return f"Image : {' et '.join(told)} ; le tableau et les fichiers ont tout." if told else ""


def show_levels(view: View, pivot: Pivot, screen: Styler, *, key: str) -> None:
    """Every level with its total; shaded as the picture, a cell selected filters everything."""
    table = screen.data
    figures = {t: st.column_config.TextColumn(alignment="right") for t in table.columns[len(pivot.lignes) :]}
    st.dataframe(
        screen, hide_index=True, width="stretch", key=key, column_config=figures,
        selection_mode="single-cell", on_select=partial(_follow_cell, key, view, pivot, tuple(table.columns)),
    )  # fmt: skip
    if len(pivot.lines) > len(table):
        st.caption(f"Les {len(table) - 1} premières lignes sur {len(pivot.lines)} et le total ; les fichiers ont tout.")


def screen_of(pivot: Pivot, cube: Cube) -> Styler:
    """The table in French, each cell shaded by its place among the details, ready to be drawn at every run."""
    lines = [*range(min(len(pivot.lines) - 1, _SCREEN_LINES)), len(pivot.lines) - 1]
    heads = [cube.label(a) for a in pivot.lignes]
    unit = pivot.indicator.unit
    rows = [
        [*pivot.lines[i].labels]
        + ["secret" if m else _written(v, unit) for v, m in zip(pivot.valeur[i], pivot.masque[i], strict=True)]
        for i in lines
    ]
    titles = _unique([*heads, *(c.labels[0] for c in pivot.columns)])
    shades = pd.DataFrame(_shades(pivot, lines), columns=titles)
    return made_ready(pd.DataFrame(rows, columns=titles).style.apply(lambda _: shades, axis=None))


def made_ready(styler: Styler) -> Styler:
    """The same styler, its styles worked out once: Streamlit asks for them at every run.

    Every cell must be the text to show: Streamlit 1.67 then needs the styles of the cells, not their text again.
    """
    styles = {"cellstyle": styler._compute()._translate(False, False)["cellstyle"]}
    styler._compute, styler._translate = lambda: styler, lambda *_: styles
    return styler


def _written(value: float, unit: str) -> str:
    """A figure in full: amounts to the cent, so that totals are seen to add up."""
    return format_euros(value, compact=False) if unit == "EUR" else format_value(value, unit)


def _shades(pivot: Pivot, lines: Sequence[int]) -> list[list[str]]:
    """Style of each cell: the details shaded by their value, the totals in bold."""
    names, width = len(pivot.lignes), len(pivot.columns)
    shaded = width - 1 if pivot.colonne else 1
    details = [i for i in lines if pivot.lines[i].niveau == "detail"]
    known = pivot.valeur[details, :shaded]
    known = known[~np.isnan(known)]
    low, high = known.min(initial=np.inf), known.max(initial=-np.inf)
    styles = []
    for i in lines:
        if pivot.lines[i].niveau != "detail":
            styles.append(["font-weight: bold"] * (names + width))
            continue
        shares = (pivot.valeur[i, :shaded] - low) / (high - low) if high > low else np.full(shaded, np.nan)
        own = ["" if s != s else _SHADE.format(0.05 + 0.4 * s) for s in shares.tolist()]
        styles.append([""] * names + own + [""] * (width - shaded))
    return styles


def _unique(titles: list[str]) -> list[str]:
    return [t if titles.index(t) == i else f"{t} ({i + 1})" for i, t in enumerate(titles)]


def _follow_tile(key: str, view: View, pivot: Pivot) -> None:
    """What a click on the picture chose."""
    points = (state.get(key) or {})["selection"].get(CLICK) or []
    if points and {"i", "j"} <= set(points[0]):
        filter_everything(view, pivot.lines[int(points[0]["i"])], pivot.columns[int(points[0]["j"])])


def _follow_cell(key: str, view: View, pivot: Pivot, titles: tuple[str, ...]) -> None:
    """What a click on the table chose: a name of line filters by it, a figure by its line and column."""
    cells = (state.get(key) or {})["selection"].get("cells") or []
    if not cells:
        return
    row, title = cells[0]
    last = min(len(pivot.lines) - 1, _SCREEN_LINES)
    line = pivot.lines[-1] if row >= last else pivot.lines[row]
    place = titles.index(title) - len(pivot.lignes)
    filter_everything(view, line, pivot.columns[place if place >= 0 else -1])


def filter_everything(view: View, line: Line, column: Line) -> None:
    """Write the values of a cell in the perimeter of the sidebar, before it is drawn again."""
    ignored = []
    for axis, value in {**line.filtres, **column.filtres}.items():
        if axis in TIME:
            _choose_months(view, axis, value)
        elif 1 < len(view.opened.values[axis]) <= MAX_VALUES:
            state.put(state.filter_key(axis), [value])
        else:
            ignored.append(view.dataset.label(axis))
    if ignored:
        state.leave_notice("warning", f"Trop de valeurs pour filtrer par {safe(', '.join(ignored))}.")


def _months_of_year(view: View, year: str) -> list[pd.Timestamp]:
    """Months that the sidebar gives to a year: up to the last one known well enough."""
    last = last_month(view.opened)
    return list(pd.date_range(f"{year}-01-01", min(pd.Timestamp(int(year), 12, 1), last), freq="MS"))


def _choose_months(view: View, axis: str, value: str) -> None:
    """Make of a month, a quarter or a year the period of every page, within the one shown."""
    months = view.dataset.months
    months = months[(months >= view.selection.debut) & (months <= view.selection.fin)]
    names = {MONTH: lambda m: f"{m:%Y-%m}", QUARTER: lambda m: f"{m.year}-T{m.quarter}", YEAR: lambda m: str(m.year)}
    inside = [m for m in months if names[axis](m) == value]
    if not inside:
        return
    year = _months_of_year(view, value) if axis == YEAR else []
    if year and (inside[0], inside[-1]) == (year[0], year[-1]):
        state.put(state.PERIOD, value)  # a whole year is a period of the sidebar
    else:
        state.put(state.PERIOD, state.CHOSEN_MONTHS)
        state.put(state.FIRST_MONTH, inside[0])
        state.put(state.LAST_MONTH, inside[-1])
