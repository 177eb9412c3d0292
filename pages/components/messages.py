"""Words on the screen: errors in French with their place and remedy, and text of files made harmless."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from analytics.errors import PaliersError

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|$~:])")
_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=\S)(?=@\S)", re.IGNORECASE)
_JOINER = "\u2060"  # seen by nobody; what would be made a link is one no more


def safe(text: object) -> str:
    """Text that comes from a file, with every mark of Markdown and HTML made literal, and no address made a link."""
    return _MARKDOWN.sub(r"\\\1", _LINK.sub(_JOINER, str(text).replace("\n", " ")))


def show_error(error: PaliersError) -> None:
    """An error as a French message: what, where, what to do."""
    place = error.place()
    st.error(
        f"**{safe(error.message)}**"
        + (f"  \nOù : {safe(place)}." if place else "")
        + (f"  \nQue faire : {safe(error.remede)}" if error.remede else ""),
        icon=":material/error:",
    )


def show_unlocks(waiting: dict[str, list[str]]) -> None:
    """What a file cannot give yet, by the column that each figure waits for."""
    if not waiting:
        return
    lines = [f"- **{safe(column)}** : {safe(', '.join(figures))}" for column, figures in waiting.items()]
    st.info(
        "Avec une colonne de plus, votre fichier donnerait aussi :\n" + "\n".join(lines), icon=":material/lock_open:"
    )


@contextmanager
def told_in_french() -> Iterator[None]:
    """Turn a foreseen error of a section into a message; the rest of the page stays."""
    try:
        yield
    except PaliersError as error:
        show_error(error)
