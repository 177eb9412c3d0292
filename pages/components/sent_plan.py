"""A plan carried in the link, so that it is played among the scenarios."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from pages.components import state
from pages.components.cache import digest
from pages.components.hypotheses import RISES

PLAN, NAME = "plan", "Plan optimisé"
Row = tuple[str, str, str, float]
#: A rise is written in hundredths of a point above −100 %, on three figures of base 36: up to +366 %.
STEP, WIDTH, BASE = 1e-4, 3, 36
CHECK = 8
_FIGURES = "0123456789abcdefghijklmnopqrstuvwxyz"


def send_plan(segments: pd.Series, rises: np.ndarray) -> None:
    """Write a plan in the link; for a callback."""
    state.keep(PLAN, write_plan(segments, rises))


def forget_plan() -> None:
    """Take the plan out of the link; for a callback."""
    state.keep(PLAN, None)


def sent_plan(segments: pd.Series) -> dict[str, tuple[Row, ...]]:
    """The plan of the link as levers, under its name; nothing, and a word, when it is of other segments."""
    word = state.mirror(PLAN)
    if not word:
        return {}
    rises = read_plan(word, segments)
    if rises is None:
        st.caption(
            ":material/block: Le plan du lien porte sur d’autres segments, ou sur une hausse hors de −50 % à "
            "+100 % : il n’est pas joué."
        )
        st.button("Retirer ce plan du lien", key="plan_refuse", icon=":material/block:", on_click=forget_plan)
        return {}
    return {NAME: tuple((s, "hausse", "*", r) for s, r in zip(segments.astype(str), rises, strict=True) if r)}


def write_plan(segments: pd.Series, rises: np.ndarray) -> str:
    """A few letters by segment, after what identifies the segments."""
    steps = np.clip(np.rint((np.asarray(rises, dtype=float) + 1.0) / STEP), 0, BASE**WIDTH - 1).astype(int)
    return _mark(segments) + "".join(_letters(int(step)) for step in steps)


def read_plan(word: str, segments: pd.Series) -> list[float] | None:
    """Rise of each segment; None when the word is not of these segments, or out of what the page lets type."""
    body = word[CHECK:]
    if word[:CHECK] != _mark(segments) or len(body) != WIDTH * len(segments) or set(body) - set(_FIGURES):
        return None
    cells = [int(body[i : i + WIDTH], BASE) for i in range(0, len(body), WIDTH)]
    rises = [round(cell * STEP - 1.0, 4) for cell in cells]
    low, high = RISES
    return rises if all(low <= rise <= high for rise in rises) else None


def _mark(segments: pd.Series) -> str:
    return digest(*segments.astype(str))[:CHECK]


def _letters(step: int) -> str:
    return "".join(_FIGURES[step // BASE**place % BASE] for place in reversed(range(WIDTH)))
