"""A picture on a page: the chart, its alternative text, the figures under it and the files of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pandas as pd
import streamlit as st

from analytics.descriptive.memory import remember
from analytics.french import MISSING, format_month, format_number
from charts.export import to_csv, to_png
from charts.picture import Picture
from pages.components.messages import safe

STATIC_ROWS = 30


def show(picture: Picture, *, key: str, is_demo: bool = False, on_select: Callable[[], None] | None = None) -> None:
    """Draw a picture, with its table and downloads folded under it; `on_select` hears its clicks."""
    heard = {} if on_select is None else {"on_select": on_select}
    st.vega_lite_chart(picture.arrow, picture.spec, width="stretch", key=key, alt=picture.alt, **heard)
    with folded("Chiffres et téléchargements", icon=":material/table:", key=f"{key}_more") as is_open:
        if not is_open:
            return
        show_table(picture.table)
        with st.container(horizontal=True):
            name = slug(picture.title)
            st.download_button(
                "CSV", lambda: to_csv(picture.table, is_demo=is_demo), f"{name}.csv", "text/csv",
                key=f"{key}_csv", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Image", lambda: to_png(picture), f"{name}.png", "image/png",
                key=f"{key}_png", icon=":material/image:", on_click="ignore",
            )  # fmt: skip


@contextmanager
def folded(label: str, *, icon: str, key: str) -> Iterator[bool]:
    """A section whose content is only made once it is open: yields whether it is."""
    with st.expander(label, icon=icon, key=key, on_change="rerun") as section:
        yield section.open


def show_table(table: pd.DataFrame) -> None:
    """A table written in French: static and read aloud when short, scrollable when long."""
    if len(table) > STATIC_ROWS:
        st.dataframe(remember(table, "french", lambda: french_cells(table)), hide_index=True, width="stretch")
        return
    st.table(remember(table, "harmless", lambda: _harmless(table)), hide_index=True, border="horizontal")


def _harmless(table: pd.DataFrame) -> pd.DataFrame:
    """The same in French, nothing of it being read as Markdown."""
    shown = french_cells(table).map(safe)
    shown.columns = [safe(column) for column in shown.columns]
    return shown


def french_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Every cell as French text: months, numbers with their separators, a dash for what is missing."""
    return table.apply(_french_column)


def _french_column(column: pd.Series) -> pd.Series:
    whole = _is_whole(column)
    return column.map(lambda cell: _text(cell, whole=whole))


def slug(title: str) -> str:
    """A file name made from a title."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "graphique"


def _is_whole(column: pd.Series) -> bool:
    if column.dtype.kind not in "fiu":
        return False
    known = column.dropna()
    return bool((known == known.round()).all())


def _text(cell: object, *, whole: bool) -> str:
    if cell is None or cell is pd.NA or cell != cell:
        return MISSING
    if isinstance(cell, pd.Timestamp):
        return format_month(cell)
    if isinstance(cell, bool):
        return "oui" if cell else "non"
    if isinstance(cell, (int, float)):
        return format_number(cell, 0 if whole or abs(cell) >= 1000 else 4 if abs(cell) < 1 else 2)
    return str(cell)
