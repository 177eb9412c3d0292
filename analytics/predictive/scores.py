"""Scores of a backtest, and the only question that matters: does it beat the seasonal naive?

MASE and sMAPE: Hyndman and Koehler (2006), Makridakis et al. (2018); MSIS: Gneiting and Raftery (2007);
test of the difference: Diebold and Mariano (1995), with one lag because windows of a year overlap by half.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from analytics.predictive.menu import COMBINED, NAIVE
from analytics.verdict import Verdict

_MIN_GAIN = 0.02
_RISK = 0.10
_MIN_ORIGINS = 3


def compute_scores(backtest: pd.DataFrame, levels: tuple[int, ...]) -> pd.DataFrame:
    """Scores by series and model.

    Parameters
    ----------
    backtest : pandas.DataFrame
        As made by :func:`analytics.predictive.backtest.tabulate`.
    levels : tuple of int
        Levels of the bounds, in percent.

    Returns
    -------
    pandas.DataFrame
        serie, modele, n (months compared), origines, mase, wape, smape, biais, couverture_L for each level, msis (of
        the widest level). Rates are fractions (0.05 = 5 %); biais is positive when forecasts are too high.
    """
    error = backtest["valeur"] - backtest["reel"]
    size = backtest["valeur"].abs() + backtest["reel"].abs()
    work = pd.DataFrame(
        {
            "serie": backtest["serie"],
            "modele": backtest["modele"],
            "origine": backtest["origine"],
            "erreur": error,
            "absolue": error.abs(),
            "reel": backtest["reel"].abs(),
            "mase": error.abs() / backtest["echelle"],
            "smape": (2 * error.abs() / size).where(size > 0, 0.0),
        }
    )
    for level in levels:
        low, high = backtest[f"bas_{level}"], backtest[f"haut_{level}"]
        covered = ((backtest["reel"] >= low) & (backtest["reel"] <= high)).astype(float)
        work[f"couverture_{level}"] = covered.where(low.notna() & high.notna())
    work["msis"] = _interval_score(backtest, max(levels))
    grouped = work.groupby(["serie", "modele"], observed=True, sort=False)
    rates = ["mase", "smape", *(f"couverture_{level}" for level in sorted(levels)), "msis"]
    table = grouped[rates].mean()
    sums = grouped[["erreur", "absolue", "reel"]].sum()
    total = sums["reel"].where(sums["reel"] > 0)
    table["wape"], table["biais"] = sums["absolue"] / total, sums["erreur"] / total
    table["n"], table["origines"] = grouped.size(), grouped["origine"].nunique()
    first = ["n", "origines", "mase", "wape", "smape", "biais"]
    return table[[*first, *rates[2:]]].reset_index()


def _interval_score(backtest: pd.DataFrame, level: int) -> pd.Series:
    low, high, actual = backtest[f"bas_{level}"], backtest[f"haut_{level}"], backtest["reel"]
    penalty = 2 / (1 - level / 100)
    missed = (low - actual).clip(lower=0) + (actual - high).clip(lower=0)
    return ((high - low) + penalty * missed) / backtest["echelle"]


def judge(backtest: pd.DataFrame) -> Verdict:
    """Does the combined forecast beat the seasonal naive?

    Parameters
    ----------
    backtest : pandas.DataFrame
        Rows of one series or of several; each counts in proportion to its own scale.

    Returns
    -------
    Verdict
        score: share of the naive error removed (0.2 = 20 % less); p_value: one-sided test of no gain.
    """
    error = (backtest["valeur"] - backtest["reel"]).abs()
    unit = backtest["echelle"].where(backtest["echelle"] > 0)
    work = pd.DataFrame({"modele": backtest["modele"], "origine": backtest["origine"], "erreur": error / unit})
    kept = work[work["modele"].isin([COMBINED, NAIVE])]
    table = kept.pivot_table(index="origine", columns="modele", values="erreur", aggfunc="mean")
    if table.shape[1] < 2 or len(table.dropna()) < _MIN_ORIGINS:
        sentence = "On ne peut pas dire si la prévision bat le naïf saisonnier : trop peu d’essais dans le passé."
        return Verdict("on ne peut pas dire", np.nan, np.nan, sentence)
    table = table.dropna()
    gain = float(1 - table[COMBINED].mean() / table[NAIVE].mean())
    p_value = _test_gain((table[NAIVE] - table[COMBINED]).to_numpy())
    return _decide(gain, p_value, len(table))


def _test_gain(difference: np.ndarray) -> float:
    """One-sided p-value of a positive mean, with the autocovariance of neighbouring origins."""
    n = len(difference)
    centred = difference - difference.mean()
    variance = centred @ centred / n
    variance = max(variance + (centred[1:] @ centred[:-1]) / n, variance / 2)
    if variance <= 0:
        return 0.0 if difference.mean() > 0 else 1.0
    return float(stats.t.sf(difference.mean() / np.sqrt(variance / (n - 1)), n - 1))


def _decide(gain: float, p_value: float, n: int) -> Verdict:
    size = f"{abs(gain) * 100:.0f}".replace(".", ",")
    if gain >= _MIN_GAIN and p_value <= _RISK:
        phrase = f"La prévision bat le naïf saisonnier : {size} % d’erreur en moins sur {n} essais passés."
        return Verdict("oui", gain, p_value, phrase)
    if gain <= 0:
        phrase = f"La prévision ne bat pas le naïf saisonnier : {size} % d’erreur en plus sur {n} essais passés."
        return Verdict("non", gain, p_value, phrase)
    phrase = (
        f"On ne peut pas dire si la prévision bat le naïf saisonnier : {size} % d’erreur en moins sur {n} essais "
        "passés, un écart que le hasard explique."
    )
    return Verdict("on ne peut pas dire", gain, p_value, phrase)
