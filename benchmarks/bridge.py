"""Exactness, invariance and speed of the bridges, beside named peers in the same run.

``python -m benchmarks.bridge [--quick]``: random cubes of 2,000 cells × 4 factors, 10 % of rows missing and 10 % of
zeros. Bars: identity ≤ 1e-12 of the amounts at every level and under every filter, ≤ 50 ms of clock (the shortest of
the repeats: a busy machine stretches the others) and of processor (the median); the same effects when time is reversed,
rows or factors shuffled, a segment split in two halves. Peers: the Shapley value by its definition, order by order in
plain Python, and LMDI-I with its analytic limits at zeros (Ang and Liu 2007). The last line is JSON.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from analytics.diagnostic import Bridge, decompose, decompose_ratio
from analytics.diagnostic.shapley import shapley_product
from benchmarks.report import print_json, print_table, times

KEYS = ["contrat", "poste"]
LEVELS = ([], ["contrat"], ["poste"], KEYS)
FACTORS = ("effectif", "mix", "frequence", "cout_moyen")
DETAILED = (*FACTORS[:3], "frais_moyens", "part_amc", "part_connue")
MEASURES = ["beneficiaires", "cotisation", "actes", "frais_reels", "ultime", "prestation"]
SWAP = {"ouverture": "fermeture", "fermeture": "ouverture"}
CELLS, POSTES = 2_000, 20
#: What is held: the largest residual, in parts of the amounts, and the time of one bridge.
BAR, BAR_MS = 1e-12, 50.0


def make_period(seed: int, cells: int = CELLS, postes: int = POSTES) -> pd.DataFrame:
    """One period: exposure and premium repeated on the postes of a contract, holes and zeros included."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(cells // postes), range(postes)], names=KEYS)
    frame = index.to_frame(index=False).astype("str")
    heads = rng.gamma(2.0, 500.0, cells // postes) * (rng.random(cells // postes) >= 0.1)
    frame["beneficiaires"] = np.repeat(heads, postes)
    frame["cotisation"] = frame["beneficiaires"] * 40.0 * rng.gamma(50.0, 0.02)
    frame["actes"] = np.where(rng.random(len(frame)) < 0.1, 0.0, rng.poisson(frame["beneficiaires"] * 0.1))
    frame["frais_reels"] = frame["actes"] * rng.gamma(3.0, 40.0, len(frame))
    frame["ultime"] = frame["frais_reels"] * rng.beta(5.0, 5.0, len(frame)) * (rng.random(len(frame)) >= 0.1)
    frame["prestation"] = frame["ultime"] * rng.beta(30.0, 1.0)
    return frame[rng.random(len(frame)) >= 0.1]


def euros(before: pd.DataFrame, after: pd.DataFrame, **options) -> Bridge:
    """Bridge of the prestations."""
    return decompose(before, after, keys=KEYS, exposure_keys=["contrat"], **options)


def detailed(before: pd.DataFrame, after: pd.DataFrame, **options) -> Bridge:
    """The same with six factors."""
    return euros(before, after, **({"factors": DETAILED} | options))


def points(before: pd.DataFrame, after: pd.DataFrame) -> Bridge:
    """Bridge of P/C, its rate split."""
    return decompose_ratio(before, after, keys=KEYS, exposure_keys=["contrat"], split_rate=True)


BRIDGES = {"prestations": euros, "six facteurs": detailed, "P/C": points}


def scale_of(name: str, before: pd.DataFrame, after: pd.DataFrame) -> float:
    """What a residual is told in parts of: the amounts, or the ratios."""
    if name != "P/C":
        return float(before["prestation"].sum() + after["prestation"].sum())
    return sum(f["prestation"].sum() / f.groupby("contrat")["cotisation"].first().sum() for f in (before, after))


def worst_identity(bridge: Bridge, before: pd.DataFrame, after: pd.DataFrame) -> float:
    """Largest gap, over every level and value of it, between the effects and the change of the amounts."""
    worst = 0.0
    for level in LEVELS:
        got, sums = bridge.by(*level), [f["prestation"].sum() for f in (before, after)]
        if not level:
            worst = max(worst, abs(float(got["montant"].sum()) - (sums[1] - sums[0])))
            continue
        sums = [f.groupby(level)["prestation"].sum() for f in (before, after)]
        change = sums[1].sub(sums[0], fill_value=0.0)
        found = got.groupby(level)["montant"].sum().reindex(change.index, fill_value=0.0)
        worst = max(worst, float((found - change).abs().max()))
    return worst


def worst_gap(bridge: Bridge, other: Bridge, *, by: tuple[str, ...] = tuple(KEYS), sign: float = 1.0) -> float:
    """Largest gap between the effects of two bridges, an effect that is absent being null."""
    one, two = (b.by(*by).set_index([*by, "effet"])["montant"] for b in (bridge, other))
    return float(one.sub(sign * two, fill_value=0.0).abs().max())


def halve(frame: pd.DataFrame, contracts: set[str]) -> pd.DataFrame:
    """Some contracts in two halves alike."""
    cut = frame["contrat"].isin(contracts)
    half = frame[cut].assign(**{m: frame.loc[cut, m] / 2 for m in MEASURES})
    return pd.concat([frame[~cut], *(half.assign(contrat=half["contrat"] + side) for side in "ab")])


def check(name: str, make: Callable[..., Bridge], seed: int) -> Iterator[tuple[str, float]]:
    """Residuals of one pair of random cubes, in parts of their amounts."""
    before, after = make_period(2 * seed), make_period(2 * seed + 1)
    bridge, scale = make(before, after), scale_of(name, before, after)
    rng = np.random.default_rng(seed)
    if name == "P/C":
        yield "identité", abs(float(bridge.table["montant"].sum()) - (bridge.after - bridge.before)) / scale
    else:
        yield "identité", worst_identity(bridge, before, after) / scale
        kept = [f[f["poste"].isin(("1", "2", "3"))] for f in (before, after)]
        yield "identité sous un filtre", worst_identity(make(*kept), *kept) / scale_of(name, *kept)
    back = make(after, before)
    reversed_table = back.table.assign(effet=back.table["effet"].replace(SWAP))
    yield "temps renversé", worst_gap(bridge, Bridge(reversed_table, -back.total, back.keys), sign=-1.0) / scale
    shuffled = make(*(f.sample(frac=1.0, random_state=rng.integers(2**31)) for f in (before, after)))
    yield "ordre des lignes", worst_gap(bridge, shuffled) / scale
    if name != "P/C":
        factors = [bridge.factors[i] for i in rng.permutation(len(bridge.factors))]
        yield "ordre des facteurs", worst_gap(bridge, make(before, after, factors=factors)) / scale
    contracts = set(rng.choice(before["contrat"].unique(), 10, replace=False))
    halves = make(halve(before, contracts), halve(after, contracts))
    yield "segment en deux moitiés", worst_gap(bridge, halves, by=("poste",)) / scale


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


def lmdi(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """LMDI-I: L(V1, V0)·ln(x1 / x0); a product that opens or closes is shared by the factors that were null."""
    values = before.prod(axis=1), after.prod(axis=1)
    both = (values[0] > 0) & (values[1] > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(after / before)
        near = values[1] / values[0] - 1.0
        mean = np.where(np.abs(near) > 1e-3, (values[1] - values[0]) / np.log(values[1] / values[0]),
                        (values[1] - values[0]) / np.log1p(near))  # fmt: skip
    mean = np.where(values[1] == values[0], values[0], mean)
    effects = np.zeros_like(before)
    effects[both] = mean[both, None] * logs[both]
    moved = (before == 0) != (after == 0)
    parts = moved / np.maximum(moved.sum(axis=1), 1)[:, None]
    return np.where(both[:, None], effects, (values[1] - values[0])[:, None] * parts)


def measure_ms(function: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Shortest clock time and median processor time, in milliseconds, after one call to warm up."""
    function()
    clock, cpu = [], []
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        function()
        clock.append(1000.0 * (time.perf_counter() - start[0]))
        cpu.append(1000.0 * (time.process_time() - start[1]))
    return min(clock), statistics.median(cpu)


def run_checks(cubes: int) -> dict[str, dict[str, float]]:
    """Largest residual of each property over the random cubes, by bridge."""
    worst: dict[str, dict[str, float]] = {}
    for name, make in BRIDGES.items():
        found = worst.setdefault(name, {})
        for seed in range(cubes):
            for what, residual in check(name, make, seed):
                found[what] = max(found.get(what, 0.0), residual)
    return worst


def run_peers(repeats: int) -> dict[str, dict[str, float]]:
    """The product of factors alone: residual, gap to the definition and time of Shapley, of its definition, of LMDI."""
    rng = np.random.default_rng(0)
    factors = rng.gamma(2.0, 1.0, (2, CELLS, 4)) * (rng.random((2, CELLS, 4)) >= 0.1)
    before, after = factors
    change = after.prod(axis=1) - before.prod(axis=1)
    amounts = float(before.prod(axis=1).sum() + after.prod(axis=1).sum())
    plain = shapley_by_orders(before, after)
    found = {}
    for name, (split, calls) in {
        "Paliers": (shapley_product, repeats),
        "Shapley ordre par ordre": (shapley_by_orders, 1),
        "LMDI-I": (lmdi, repeats),
    }.items():
        effects = split(before, after)
        turned = split(before[:, ::-1], after[:, ::-1])[:, ::-1]
        back = split(after, before)
        clock, cpu = measure_ms(lambda split=split: split(before, after), calls)
        found[name] = {
            "residu": float(np.abs(effects.sum(axis=1) - change).max() / amounts),
            "temps_renverse": float(np.abs(effects + back).max() / amounts),
            "ordre_des_facteurs": float(np.abs(effects - turned).max() / amounts),
            "ecart_a_la_definition": float(np.abs(effects.sum(axis=0) - plain.sum(axis=0)).max() / amounts),
            "ms": clock, "cpu_ms": cpu,
        }  # fmt: skip
    return found


def main() -> None:
    """Print the tables, then the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cubes and repeats")
    is_quick = parser.parse_args().quick
    cubes, repeats = (10, 3) if is_quick else (200, 20)
    checks = run_checks(cubes)
    rows = [
        [f"{name}, {what}", f"{residual:.1e}", "tenu" if residual <= BAR else "manqué"]
        for name, found in checks.items()
        for what, residual in found.items()
    ]
    print_table([f"pire résidu relatif, {cubes} cubes de {CELLS} cellules (barre {BAR:.0e})", "résidu", ""], rows)
    before, after = make_period(1), make_period(2)
    speeds = {name: measure_ms(lambda make=make: make(before, after), repeats) for name, make in BRIDGES.items()}
    print()
    print_table(
        [f"temps d’un pont (barre {BAR_MS:.0f} ms)", "ms", "ms de processeur", ""],
        [
            [name, f"{clock:.1f}", f"{cpu:.1f}", "tenu" if max(clock, cpu) <= BAR_MS else "manqué"]
            for name, (clock, cpu) in speeds.items()
        ],
    )
    peers = run_peers(repeats)
    own = peers["Paliers"]["cpu_ms"]
    print()
    print_table(
        [
            "produit seul",
            "résidu",
            "temps renversé",
            "ordre des facteurs",
            "écart à la définition",
            "ms cpu",
            "rapport",
        ],
        [
            [
                name,
                *(f"{v:.1e}" for v in list(found.values())[:4]),
                f"{found['cpu_ms']:.2f}",
                times(found["cpu_ms"], own),
            ]
            for name, found in peers.items()
        ],
    )
    speeds_told = {name: {"ms": clock, "cpu_ms": cpu} for name, (clock, cpu) in speeds.items()}
    print_json("bridge", {"cubes": cubes, "cellules": CELLS, "residus": checks, "temps": speeds_told, "pairs": peers})


if __name__ == "__main__":
    main()
