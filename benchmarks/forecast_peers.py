"""The peers of a forecast, each in a process of its own: ``python -m benchmarks.forecast_peers MODEL IN OUT HORIZON``.

Prophet runs with our pins; statsforecast (AutoETS, and the median of AutoARIMA, AutoETS, CES and Theta of Petropoulos
and Svetunkov, « SCUM ») in the environment of :mod:`benchmarks.peers`. This module imports nothing of ours. IN is a CSV
of serie, mois, valeur; OUT one of serie, mois, valeur, bas_80, haut_80, bas_95, haut_95. The last line is JSON.
"""

from __future__ import annotations

import logging
import sys

import numpy as np
import pandas as pd

from benchmarks.children import measure
from benchmarks.report import print_json

BOUNDS = ("bas_80", "haut_80", "bas_95", "haut_95")


def prophet_of(rows: pd.DataFrame, horizon: int, *, log: bool, exog: pd.DataFrame | None = None) -> pd.DataFrame:
    """Prophet as it comes, or on logarithms with five harmonics (and regressors when given), for one series."""
    from prophet import Prophet

    y = rows["valeur"].to_numpy(float)
    log = log and bool((y > 0).all())
    options = {"yearly_seasonality": 5, "weekly_seasonality": False, "daily_seasonality": False} if log else {}
    model = Prophet(**options)
    for name in () if exog is None else exog.columns:
        model.add_regressor(name, standardize=False, prior_scale=1.0)
    known = pd.DataFrame({"ds": rows["mois"].to_numpy(), "y": np.log(y) if log else y})
    months = pd.date_range(rows["mois"].iloc[-1], periods=horizon + 1, freq="MS")[1:]
    ahead = pd.DataFrame({"ds": months})
    if exog is not None:
        known, ahead = known.join(exog, on="ds"), ahead.join(exog, on="ds")
    model.fit(known, seed=1)
    np.random.seed(1)  # noqa: NPY002  # the draws of Prophet come from there
    draws, point = model.predictive_samples(ahead)["yhat"], model.predict(ahead)["yhat"].to_numpy()
    bounds = np.quantile(draws, [0.1, 0.9, 0.025, 0.975], axis=1)
    point, bounds = (np.exp(point), np.exp(bounds)) if log else (point, bounds)
    return pd.DataFrame({"mois": months, "valeur": point, **dict(zip(BOUNDS, bounds, strict=True))})


def run_prophet(train: pd.DataFrame, horizon: int, *, log: bool, exog: pd.DataFrame | None = None) -> pd.DataFrame:
    """Prophet on every series."""
    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    logging.getLogger("prophet").setLevel(logging.ERROR)
    parts = [
        prophet_of(rows, horizon, log=log, exog=exog).assign(serie=serie)
        for serie, rows in train.sort_values("mois").groupby("serie")
    ]
    return pd.concat(parts, ignore_index=True)


def run_statsforecast(train: pd.DataFrame, horizon: int, names: tuple[str, ...]) -> pd.DataFrame:
    """Median over the models of their point forecasts and of their bounds."""
    from statsforecast import StatsForecast, models

    options = {"AutoARIMA": {"approximation": True}}
    chosen = [getattr(models, n)(season_length=12, **options.get(n, {})) for n in names]
    data = train.rename(columns={"serie": "unique_id", "mois": "ds", "valeur": "y"})
    engine = StatsForecast(models=chosen, freq="MS", fallback_model=models.SeasonalNaive(season_length=12))
    table = engine.forecast(df=data, h=horizon, level=[80, 95]).reset_index(drop=True)
    labels = [m.alias for m in chosen]
    ends = {"valeur": "", "bas_80": "-lo-80", "haut_80": "-hi-80", "bas_95": "-lo-95", "haut_95": "-hi-95"}
    values = {name: table[[f"{label}{end}" for label in labels]].median(axis=1) for name, end in ends.items()}
    return pd.DataFrame({"serie": table["unique_id"], "mois": table["ds"], **values})


SCUM = ("AutoARIMA", "AutoETS", "AutoCES", "DynamicOptimizedTheta")
MODELS = {
    "prophet": lambda train, h: run_prophet(train, h, log=False),
    "prophet_log": lambda train, h: run_prophet(train, h, log=True),
    "autoets": lambda train, h: run_statsforecast(train, h, ("AutoETS",)),
    "scum": lambda train, h: run_statsforecast(train, h, SCUM),
}


def main() -> None:
    """Forecast a file of series into another, then print the cost."""
    model, source, target, horizon = sys.argv[1:5]
    train = pd.read_csv(source, parse_dates=["mois"])

    def call() -> dict:
        MODELS[model](train, int(horizon)).to_csv(target, index=False)
        return {"series": int(train["serie"].nunique())}

    print_json(model, measure(call))


if __name__ == "__main__":
    main()
