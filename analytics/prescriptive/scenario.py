"""A named scenario in the words of a board, turned into levers on the segments of a portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from analytics.constat import Constat
from analytics.prescriptive.levers import ALL


@dataclass(frozen=True)
class Scenario:
    """What a board decides.

    Attributes
    ----------
    nom : str
        Name shown.
    hausses : mapping of str to float
        Premium increase by value of the dimension of the levers (0.03 = +3 %); the key "*" stands for everyone.
    prestation : float
        Change of claims per head for everyone (network, prevention, cover).
    constat : float
        Share of the gap of the finding that is absorbed, 0 to 1.
    chargement : float
        Change of the loading, in points of premium (-0.01 = one point less).
    """

    nom: str
    hausses: Mapping[str, float] = field(default_factory=dict)
    prestation: float = 0.0
    constat: float = 0.0
    chargement: float = 0.0


def to_levers(
    scenario: Scenario, portfolio: pd.DataFrame, *, dimension: str | None, weight: float = 0.0
) -> pd.DataFrame:
    """Levers of a scenario on a portfolio.

    Parameters
    ----------
    scenario : Scenario
        What is decided.
    portfolio : pandas.DataFrame
        segment, and `dimension` when it is given.
    dimension : str or None
        Column of the portfolio that the increases are given by.
    weight : float
        Weight of the gap of the finding in all claims, from `finding_weight`.
    """
    rows = [(ALL, "hausse", rate) for value, rate in scenario.hausses.items() if value == ALL]
    if dimension is not None:
        rates = portfolio[dimension].astype("str").map(scenario.hausses).fillna(0.0)
        rows += [(segment, "hausse", rate) for segment, rate in zip(portfolio["segment"], rates, strict=True)]
    rows.append((ALL, "prestation", scenario.prestation - scenario.constat * weight))
    rows.append((ALL, "chargement", scenario.chargement))
    return pd.DataFrame(rows, columns=["segment", "levier", "valeur"])


def finding_weight(constat: Constat | None, portfolio: pd.DataFrame) -> float:
    """Gap of a finding as a share of the yearly claims of the portfolio; 0 without a finding on claims.

    A period shorter than a year is taken as it is: the saving is that of the period observed.
    """
    if constat is None or constat.indicator not in ("prestation", "consommation") or constat.euros != constat.euros:
        return 0.0
    yearly = float((portfolio["prestation"] * portfolio["beneficiaires"]).sum())
    return float(constat.euros) / yearly if yearly > 0 else 0.0
