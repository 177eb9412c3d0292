"""A picture on a page: the chart, its alternative text, the figures under it and the files of it."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd
import streamlit as st

from charts.export import to_csv, to_png
from charts.picture import Picture


def show(picture: Picture, *, key: str, is_demo: bool = False) -> None:
    """Draw a picture, with its table and downloads folded under it."""
    st.vega_lite_chart(picture.data, picture.spec, width="stretch", key=key, alt=picture.alt)
    with st.expander("Chiffres et téléchargements", icon=":material/table:", key=f"{key}_more"):
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


def show_table(table: pd.DataFrame, **options) -> None:
    """A table with French headers, months and missing values."""
    st.dataframe(french_cells(table), hide_index=True, width="stretch", placeholder="—", **options)


def french_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Months written in French; numbers stay numbers, so that the reader can sort them."""
    shown = table.copy()
    for column in shown.select_dtypes("datetime"):
        shown[column] = shown[column].dt.strftime("%m/%Y")
    return shown


def slug(title: str) -> str:
    """A file name made from a title."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "graphique"
