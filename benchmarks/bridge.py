"""Exactness and speed of the bridges, beside the Shapley value computed order by order in plain Python.

``python -m benchmarks.bridge [--quick]``: 2,000 cells × 4 factors with 10 % of rows missing and 10 % of zeros.
Bars: residual ≤ 1e-12 of the amounts, ≤ 50 ms of processor. The last line is JSON.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from analytics.diagnostic import decompose, decompose_ratio
from analytics.diagnostic.shapley import shapley_product
from benchmarks.report import print_json, print_table, times

KEYS = ["contrat", "poste"]


def make_period(seed: int, cells: int, postes: int = 20) -> pd.DataFrame:
    """One period: exposure and premium repeated on the postes of a contract, holes and zeros included."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(cells // postes), range(postes)], names=KEYS)
    frame = index.to_frame(index=False).astype("str")
    frame["beneficiaires"] = np.repeat(rng.gamma(2.0, 500.0, cells // postes), postes)
    frame["cotisation"] = frame["beneficiaires"] * 40.0
    frame["actes"] = np.where(rng.random(len(frame)) < 0.1, 0.0, rng.poisson(frame["beneficiaires"] * 0.1))
    frame["prestation"] = frame["actes"] * rng.gamma(3.0, 20.0, len(frame))
    return frame[rng.random(len(frame)) >= 0.1]


def shapley_by_orders(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The definition, factor by factor over every order."""
    effects = np.zeros_like(before)
    orders = list(itertools.permutations(range(before.shape[1])))
    for cell, (start, end) in enumerate(zip(before, after, strict=True)):
        for order in orders:
            state = list(start)
            for factor in order:
                level = math.prod(state)
                state[factor] = end[factor]
                effects[cell, factor] += (math.prod(state) - level) / len(orders)
    return effects


def measure_ms(function: Callable[[], object], repeats: int) -> float:
    """Median processor time, in milliseconds, after one call to warm up."""
    function()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(1000.0 * (time.process_time() - start))
    return statistics.median(times)


def run(cells: int, repeats: int) -> dict[str, float]:
    """Figures of the table: residuals, largest difference with the definition, processor times."""
    before, after = make_period(1, cells), make_period(2, cells)
    bridge = decompose(before, after, keys=KEYS, exposure_keys=["contrat"])
    amounts = before["prestation"].sum() + after["prestation"].sum()
    change = after["prestation"].sum() - before["prestation"].sum()
    ratio = decompose_ratio(before, after, keys=KEYS, exposure_keys=["contrat"])
    rng = np.random.default_rng(0)
    factors = rng.gamma(2.0, 1.0, (2, cells, 4))
    plain_start = time.process_time()
    plain = shapley_by_orders(*factors)
    plain_ms = 1000.0 * (time.process_time() - plain_start)
    closed_ms = measure_ms(lambda: shapley_product(*factors), repeats)
    return {
        "cellules": cells,
        "residu_relatif": float(abs(bridge.table["montant"].sum() - change) / amounts),
        "residu_ratio": float(abs(ratio.table["montant"].sum() - (ratio.after - ratio.before))),
        "ecart_aux_ordres": float(np.abs(shapley_product(*factors) - plain).max()),
        "decompose_ms": measure_ms(lambda: decompose(before, after, keys=KEYS, exposure_keys=["contrat"]), repeats),
        "ratio_ms": measure_ms(lambda: decompose_ratio(before, after, keys=KEYS, exposure_keys=["contrat"]), repeats),
        "shapley_ms": closed_ms,
        "shapley_par_ordres_ms": plain_ms,
        "rapport": plain_ms / closed_ms,
    }


def main() -> None:
    """Print the table, then the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    figures = run(2_000, 3 if parser.parse_args().quick else 20)
    peers = {"shapley_ms": "shapley_par_ordres_ms"}
    rows = []
    for name, value in figures.items():
        peer = figures.get(peers.get(name, ""))
        beside = [f"{peer:.4g}", times(peer, value)] if peer else []
        if name not in (*peers.values(), "rapport"):
            rows.append([name, f"{value:.4g}", *beside])
    print_table(["", "Paliers", "ordre par ordre", "rapport"], rows)
    print_json("bridge", figures)


if __name__ == "__main__":
    main()
