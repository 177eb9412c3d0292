"""Our forecast of a file, in a process of its own: ``python -m benchmarks.forecast_ours NAME IN OUT HORIZON [libre]``.

Series without a hierarchy are shared between two processes; « libre » forgets the hierarchy. The last line is JSON.
"""

from __future__ import annotations

import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd

from analytics.predictive import forecast
from benchmarks.children import measure
from benchmarks.forecast_data import pbs_nodes
from benchmarks.report import print_json
from data.references import load_events

PROCESSES, FEW = 2, 40
COLUMNS = ["serie", "mois", "valeur", "bas_80", "haut_80", "bas_95", "haut_95"]


def run(part: pd.DataFrame, name: str, horizon: int, free: bool) -> pd.DataFrame:
    """Table of the forecast of some series, as the pages ask for it."""
    french = name.startswith("DAMIR")
    events = load_events() if french else None
    hierarchy = pbs_nodes()[1] if name.startswith("PBS") and not free else None
    return forecast(
        part, horizon=horizon, calendar="FR" if french else None, events=events, hierarchy=hierarchy, prophet=False
    ).table[COLUMNS]


def run_all(train: pd.DataFrame, name: str, horizon: int, free: bool) -> pd.DataFrame:
    """Everything at once when series depend on each other or are few, else by halves."""
    series = train["serie"].unique()
    if name.startswith("PBS") or len(series) <= FEW:
        return run(train, name, horizon, free)
    halves = [train[train["serie"].isin(part)] for part in np.array_split(series, PROCESSES)]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        return pd.concat(pool.map(run, halves, *([v] * PROCESSES for v in (name, horizon, free))))


def main() -> None:
    """Forecast a file into another, then print the cost, that of the processes included."""
    name, source, target, horizon, *free = sys.argv[1:]
    train = pd.read_csv(source, parse_dates=["mois"])

    def call() -> dict:
        run_all(train, name, int(horizon), bool(free and free[0] == "libre")).to_csv(target, index=False)
        return {"series": int(train["serie"].nunique())}

    told = measure(call)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print_json("Paliers", {**told, "cpu": told["cpu"] + spent.ru_utime + spent.ru_stime})


if __name__ == "__main__":
    main()
