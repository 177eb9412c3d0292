"""Months counted from January 1970, named in the sentences of this folder."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from analytics.french import format_month

SHOWN = 3


def month_name(number: int) -> str:
    """« mars 2024 » from months since January 1970."""
    return format_month(pd.Timestamp(np.datetime64(int(number), "M")), short=False)


def list_months(numbers: Iterable[int]) -> str:
    """The first months by name, then how many are left."""
    names = [month_name(n) for n in sorted(numbers)]
    left = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" et {left} autres" if left > 1 else " et 1 autre" if left == 1 else "")
