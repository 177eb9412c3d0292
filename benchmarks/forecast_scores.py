"""How forecasts are judged, as in the M competitions: MASE, sMAPE, OWA, WAPE, MAPE, coverage, MSIS.

Sources: Hyndman and Koehler (2006); Makridakis, Spiliotis and Assimakopoulos (2020); Gneiting and Raftery (2007).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

YEAR = 12


def score(train: pd.DataFrame, test: pd.DataFrame, ahead: pd.DataFrame) -> dict[str, float]:
    """Means over the series of a window, each worth the same; WAPE over all months.

    Parameters
    ----------
    train, test : pandas.DataFrame
        serie, mois, valeur.
    ahead : pandas.DataFrame
        serie, mois, valeur, and when the method has them bas_80, haut_80, bas_95, haut_95.

    Returns
    -------
    dict of str to float
        mase, smape, mape, wape (percent except mase), couverture_80, couverture_95 (percent), msis (95 %); a bound that
        is absent gives no coverage. « absent » counts the months that the method does not forecast.
    """
    scale = scales(train)
    rows = test.merge(ahead, on=["serie", "mois"], how="left", suffixes=("_reel", ""))
    error = (rows["valeur"] - rows["valeur_reel"]).abs()
    size = rows["valeur"].abs() + rows["valeur_reel"].abs()
    unit = rows["serie"].map(scale)
    work = pd.DataFrame({"serie": rows["serie"], "mase": error / unit, "smape": 200 * error / size,
                         "mape": 100 * error / rows["valeur_reel"].abs()})  # fmt: skip
    for level in (80, 95):
        if f"bas_{level}" in rows and rows[f"bas_{level}"].notna().any():
            low, high = rows[f"bas_{level}"], rows[f"haut_{level}"]
            work[f"couverture_{level}"] = 100.0 * rows["valeur_reel"].between(low, high).where(low.notna())
            if level == 95:
                missed = (low - rows["valeur_reel"]).clip(lower=0) + (rows["valeur_reel"] - high).clip(lower=0)
                work["msis"] = (high - low + 40 * missed) / unit
    usable = work["serie"].map(scale) > 0
    means = work[usable].groupby("serie").mean().mean()
    wape = 100 * error.sum() / rows["valeur_reel"].abs().sum()
    return {**{k: float(v) for k, v in means.items()}, "wape": float(wape), "absent": int(rows["valeur"].isna().sum())}


def scales(train: pd.DataFrame) -> pd.Series:
    """Mean absolute change over twelve months of each series, the unit of MASE."""
    ordered = train.sort_values(["serie", "mois"])
    change = ordered.groupby("serie")["valeur"].diff(YEAR).abs()
    return change.groupby(ordered["serie"]).mean()


def owa(found: dict[str, float], naive2: dict[str, float]) -> float:
    """Mean of the sMAPE and of the MASE, each relative to those of Naive2 on the same series."""
    return (found["smape"] / naive2["smape"] + found["mase"] / naive2["mase"]) / 2


def seasonal_naive(train: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """The same months of the last year."""
    return _each(train, horizon, lambda y: np.resize(y[-YEAR:], horizon) if len(y) >= YEAR else np.full(horizon, y[-1]))


def naive2(train: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Last value of the series without its season, the season put back when a 90 % test finds one (M4 rules)."""
    return _each(train, horizon, lambda y: _naive2(y, horizon))


def _each(train: pd.DataFrame, horizon: int, method) -> pd.DataFrame:
    parts = []
    for serie, rows in train.sort_values("mois").groupby("serie"):
        months = pd.date_range(rows["mois"].iloc[-1], periods=horizon + 1, freq="MS")[1:]
        parts.append(pd.DataFrame({"serie": serie, "mois": months, "valeur": method(rows["valeur"].to_numpy(float))}))
    return pd.concat(parts, ignore_index=True)


def _naive2(y: np.ndarray, horizon: int) -> np.ndarray:
    if not _is_seasonal(y):
        return np.full(horizon, y[-1])
    kernel = np.array([0.5, *np.ones(YEAR - 1), 0.5]) / YEAR
    trend = np.convolve(y, kernel, mode="valid")
    ratios = y[YEAR // 2 : YEAR // 2 + len(trend)] / trend
    month = (np.arange(len(trend)) + YEAR // 2) % YEAR
    index = np.array([ratios[month == m].mean() for m in range(YEAR)])
    index *= YEAR / index.sum()
    level = y[-1] / index[(len(y) - 1) % YEAR]
    return level * index[(len(y) + np.arange(horizon)) % YEAR]


def _is_seasonal(y: np.ndarray) -> bool:
    if len(y) < 3 * YEAR or (y <= 0).any():
        return False
    centred = y - y.mean()
    total = centred @ centred
    if total == 0:
        return False
    r = np.array([(centred[k:] @ centred[:-k]) / total for k in range(1, YEAR + 1)])
    limit = 1.645 * np.sqrt((1 + 2 * (r[:-1] ** 2).sum()) / len(y))
    return bool(abs(r[-1]) > limit)
