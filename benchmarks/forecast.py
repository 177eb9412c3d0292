"""Accuracy, coverage and cost of the forecasts, beside their peers in the same run.

``python -m benchmarks.forecast [--quick] [--only M3,PBS,…]`` prints, on the series of :mod:`benchmarks.forecast_data`:

- M3 monthly, official test: 1,428 series (--quick: the hundred drawn once for all); Tourism monthly (not with --quick);
- PBS: 106 nodes of a hierarchy, three origins, ours reconciled, the peers not;
- DAMIR: France and thirteen regions, working days and events known; Prophet also with the same regressors;
- what spoils a history: last months not fully paid, a step and a lockdown, two years only;
- cost: a hundred series with eight past origins, one series once warm, the same again.

Peers: seasonal naive, Naive2, Prophet as it comes, Prophet on logarithms, AutoETS and SCUM (statsforecast, in its own
environment). Each runs alone in its process. Last line: JSON.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import Absent, forecast_spoilt
from benchmarks.children import run_child
from benchmarks.forecast_data import Window, pbs_level, read_damir, read_m3, read_pbs, read_tourism
from benchmarks.forecast_scores import naive2, owa, score, seasonal_naive
from benchmarks.peers import find_python
from benchmarks.report import print_json, print_table, times

OURS = "Paliers"
SIMPLE: dict[str, Callable[[pd.DataFrame, int], pd.DataFrame]] = {
    "naïf saisonnier": seasonal_naive,
    "Naive2": naive2,
}
APART = {"Prophet": "prophet", "Prophet log": "prophet_log", "AutoETS": "autoets", "SCUM": "scum"}
ELSEWHERE = ("autoets", "scum")
SCORES = ("mase", "smape", "wape", "mape", "couverture_80", "couverture_95", "msis")
SECONDS = 7200


def run_apart(module: str, name: str, window: Window, *options: object) -> tuple[pd.DataFrame, dict]:
    """Forecast of a window by a method alone in its process, and its cost.

    Raises
    ------
    Absent
        The method is not on this machine, or stopped.
    """
    python = {"python": find_python()} if name in ELSEWHERE else {}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.csv"), Path(folder, "out.csv")
        window.train.to_csv(source, index=False)
        told = run_child(module, name, source, target, window.horizon, *options, seconds=SECONDS, **python)
        if "remarque" in told:
            raise Absent(told["remarque"])
        return pd.read_csv(target, parse_dates=["mois"]), told


def judge(windows: tuple[Window, ...], method: Callable[[Window], tuple[pd.DataFrame, dict]]) -> dict[str, float]:
    """Mean scores of a method over the windows, its processor seconds by series, its memory (MiB)."""
    scores, costs = [], []
    for window in windows:
        ahead, told = method(window)
        scores.append(score(window.train, window.test, ahead))
        costs.append({"cpu": told.get("cpu", 0.0) / window.train["serie"].nunique(), "ram": told.get("ram", np.nan)})
    costs_mean = pd.DataFrame(costs)
    return {**pd.DataFrame(scores).mean().to_dict(), "cpu": costs_mean["cpu"].mean(), "ram": costs_mean["ram"].max()}


def ours(window: Window) -> tuple[pd.DataFrame, dict]:
    """Our forecast, as the pages ask for it: a hierarchy when the window has one, two processes."""
    return run_apart("benchmarks.forecast_ours", window.name, window)


def compare(name: str, windows: tuple[Window, ...], *, peers: tuple[str, ...] = tuple(APART)) -> dict[str, dict]:
    """Table of one set: ours, then each peer; a peer that is absent says why."""
    methods: dict[str, Callable[[Window], tuple[pd.DataFrame, dict]]] = {OURS: ours}
    methods |= {k: lambda w, f=f: (f(w.train, w.horizon), {}) for k, f in SIMPLE.items()}
    methods |= {k: lambda w, m=APART[k]: run_apart("benchmarks.forecast_peers", m, w) for k in peers}
    found, absent = {}, []
    for method, call in methods.items():
        try:
            found[method] = judge(windows, call)
        except Absent as error:
            absent.append(f"{method} : {error}")
    _print(name, found)
    for line in absent:
        print(f"  {line}")
    return found


def _print(name: str, found: dict[str, dict]) -> None:
    reference, own = found["Naive2"], found[OURS]
    rows = []
    for method, figures in found.items():
        cells = [f"{figures[s]:.3f}" if s == "mase" else _percent(figures.get(s)) for s in SCORES]
        cost = [f"{figures['cpu']:.3f}" if figures["cpu"] else "–", _percent(figures["ram"])]
        rows.append([f"{name} {method}", *cells, f"{owa(figures, reference):.3f}", *cost,
                     times(own["mase"], figures["mase"])])  # fmt: skip
        figures["owa"] = owa(figures, reference)
    titles = ["", "MASE", "sMAPE", "WAPE", "MAPE", "couv. 80", "couv. 95", "MSIS", "OWA", "CPU s/série", "Mio",
              "Paliers/pair"]  # fmt: skip
    print_table(titles, rows)


def _percent(value: float | None) -> str:
    return "–" if value is None or not np.isfinite(value) else f"{value:.2f}"


def hierarchy_levels(windows: tuple[Window, ...]) -> dict[str, float]:
    """WAPE by level of our forecasts, reconciled and not, and the largest relative gap between a node and its sum."""
    rows, gap = [], 0.0
    for window in windows:
        for kind in ("reconcilie", "libre"):
            ahead, _ = run_apart("benchmarks.forecast_ours", window.name, window, kind)
            merged = window.test.merge(ahead, on=["serie", "mois"], suffixes=("_reel", ""))
            merged["niveau"] = merged["serie"].map(pbs_level)
            merged["erreur"] = (merged["valeur"] - merged["valeur_reel"]).abs()
            sums = merged.groupby("niveau")[["erreur", "valeur_reel"]].sum()
            rows.append((100 * sums["erreur"] / sums["valeur_reel"]).rename((window.name, kind)))
            if kind == "reconcilie":
                wide = ahead.pivot(index="mois", columns="serie", values="valeur")
                gap = max(gap, *(
                    float((wide[node] / wide[list(leaves)].sum(axis=1) - 1).abs().max())
                    for node, leaves in window.hierarchy.items()
                ))  # fmt: skip
                lowest = float(wide.min().min())
    table = pd.DataFrame(rows)
    means = table.groupby(level=1).mean()
    print_table(["PBS WAPE %", *means.columns], [[k, *(f"{v:.2f}" for v in r)] for k, r in means.iterrows()])
    print(f"  écart de somme le plus grand : {gap:.1e} ; plus petite valeur : {lowest:.3g}")
    return {"ecart_de_somme": gap, "plus_petite": lowest,
            **{f"wape_{kind}_{level}": v for kind, r in means.iterrows() for level, v in r.items()}}  # fmt: skip


def main() -> None:
    """Print the tables, then the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 series of M3, no Tourism, two PBS levels")
    parser.add_argument("--only", default="", help="parts asked for, separated by commas")
    options = parser.parse_args()
    few = ("Prophet", "Prophet log") if options.quick else tuple(APART)
    parts: dict[str, Callable[[], dict]] = {
        "M3": lambda: compare("M3-100", read_m3(sample=True)),
        "M3-tout": lambda: compare("M3", read_m3(sample=False)),
        "Tourism": lambda: compare("Tourism", read_tourism(), peers=("Prophet", "AutoETS", "SCUM")),
        "PBS": lambda: compare("PBS", read_pbs(), peers=few),
        "niveaux": lambda: hierarchy_levels(read_pbs()),
        "DAMIR": lambda: {level: compare(f"DAMIR {level}", read_damir(level), peers=("Prophet", "Prophet log"))
                          for level in ("france", "regions")},
        "abimes": lambda: forecast_spoilt.run(),
        "cout": lambda: run_child("benchmarks.forecast_cost", seconds=SECONDS),
    }  # fmt: skip
    wanted = [p for p in options.only.split(",") if p] or [
        p for p in parts if not (options.quick and p in ("M3-tout", "Tourism", "niveaux"))
    ]
    print_json("forecast", {name: parts[name]() for name in wanted})


if __name__ == "__main__":
    main()
