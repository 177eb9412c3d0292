"""What a finding weighs in the portfolio that a decision is taken on."""

from __future__ import annotations

import pandas as pd

from analytics.constat import Constat


def finding_weight(constat: Constat | None, portfolio: pd.DataFrame) -> float:
    """Gap of a finding as a share of the yearly claims of the portfolio; 0 without a finding on claims.

    A period shorter than a year is taken as it is: the saving is that of the period observed.
    """
    if constat is None or constat.indicator not in ("prestation", "consommation") or constat.euros != constat.euros:
        return 0.0
    yearly = float((portfolio["prestation"] * portfolio["beneficiaires"]).sum())
    return float(constat.euros) / yearly if yearly > 0 else 0.0
