"""Lines that add up the others of their month: recognised by their words and by arithmetic, then left out."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from analytics.schema import MONTHS
from data.vocabulary import normalise

_WORDS = re.compile(r"(tou(s|te|tes)|ensemble|global|cumul|(grand |sous )?tota(l|ux)|non renseigne)( .*)?")
_TOLERANCE = 1e-4


def total_lines(frame: pd.DataFrame, dimensions: tuple[str, ...], measures: tuple[str, ...]) -> np.ndarray:
    """Lines whose every dimension says « tous » or nothing, and whose amount is the sum of the others of the month.

    Parameters
    ----------
    frame : pandas.DataFrame
        Canonical lines.
    dimensions, measures : tuple of str
        Its dimensions and its measures.

    Returns
    -------
    numpy.ndarray of bool
        All False unless the sums agree, to 0,01 %, for every such line on the first measure that varies.
    """
    none = np.zeros(len(frame), dtype=bool)
    if not dimensions or not measures or frame.empty:
        return none
    says_all = none | True
    for dimension in dimensions:
        words = {v for v in frame[dimension].cat.categories if _WORDS.fullmatch(normalise(str(v)))}
        says_all &= frame[dimension].isin(words).to_numpy()
    if not says_all.any() or says_all.all():
        return none
    keys = [c for c in MONTHS if c in frame.columns]
    return says_all if any(_adds_up(frame, says_all, keys, m) for m in measures) else none


def _adds_up(frame: pd.DataFrame, says_all: np.ndarray, keys: list[str], measure: str) -> bool:
    """Whether, month by month, the lines that say « tous » equal the sum of the others."""
    told = frame.loc[says_all].groupby(keys, dropna=False)[measure].sum(min_count=1)
    others = frame.loc[~says_all].groupby(keys, dropna=False)[measure].sum(min_count=1)
    both = pd.concat({"told": told, "others": others}, axis=1).dropna()
    if both.empty or len(both) < len(told.dropna()) or not (both["told"] != 0).any():
        return False
    gap = (both["told"] - both["others"]).abs()
    return bool((gap <= _TOLERANCE * both["told"].abs().clip(lower=1.0)).all())
