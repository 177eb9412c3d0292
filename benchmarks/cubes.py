"""Cubes whose truth is known: RiskLoc's rules, mutuals with and without a cause, and long lists of segments.

Everything is drawn from a seed; no figure of :mod:`analytics.diagnostic` was set on a seed that the measure uses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

Answers = set[frozenset[tuple[str, str]]]

SIZES = {"region": 13, "formule": 4, "contrat": 2, "tranche_age": 6, "poste": 8, "panier": 3}
COST = np.array([8.0, 22.0, 95.0, 60.0, 160.0, 1200.0, 300.0, 40.0])
SPREAD = np.array([1.0, 0.5, 0.8, 1.5, 0.9, 2.0, 1.2, 0.8])
FREQUENCY = np.array([1.0, 0.6, 0.12, 0.2, 0.05, 0.01, 0.02, 0.1])


@dataclass(frozen=True)
class Rules:
    """Bounds that the RiskLoc paper (arXiv 2205.10004, section on synthetic data) draws its cases from."""

    sizes: dict[str, int]
    noise: float
    severity: tuple[float, float]
    deviation: float
    anomalies: int
    elements: int
    deepest_only: bool


RULES = {
    "S": Rules({"a": 10, "b": 12, "c": 10, "d": 8, "e": 5}, 0.25, (0.2, 1.0), 0.1, 3, 3, False),
    "L": Rules({"a": 10, "b": 24, "c": 10, "d": 15}, 0.10, (0.5, 1.0), 0.0, 5, 1, True),
}


def make_synthetic(name: str, seed: int) -> tuple[pd.DataFrame, list[str], Answers]:
    """A case of the shape S or L: Weibull values, a share of zeros, forecast errors, elements scaled down or up.

    Each anomaly has its own dimensions, depth, severity and spread; its elements share them. Values of a dimension are
    used by one anomaly only. The side that is scaled is the one that the noise already leans to.
    """
    rules, rng = RULES[name], np.random.default_rng(seed)
    dims = list(rules.sizes)
    codes = np.indices(tuple(rules.sizes.values())).reshape(len(dims), -1)
    noise = rng.uniform(0.0, rules.noise)
    base = rng.weibull(rng.uniform(0.5, 1.0), codes.shape[1]) * 100.0
    base *= rng.uniform(size=len(base)) > rng.uniform(0.0, 0.25)
    strayed, swapped = base * (1.0 + noise * rng.normal(size=len(base))), rng.random(len(base)) < 0.5
    real = np.where(swapped, strayed, base)
    expected = np.maximum(np.where(swapped, base, strayed), 0.0)
    falling = real.sum() <= expected.sum()
    causes: Answers = set()
    for elements in _draw_anomalies(rules, codes, base > 0, rng):
        severity, deviation = rng.uniform(*rules.severity) + noise, rng.uniform(0.0, rules.deviation)
        for element in elements:
            inside = np.logical_and.reduce([codes[dims.index(d)] == v for d, v in element.items()])
            kept = np.maximum(1.0 - rng.normal(severity, deviation, int(inside.sum())), 0.0)
            if falling:
                real[inside] = expected[inside] * kept
            else:
                expected[inside] = real[inside] * kept
            causes.add(frozenset((d, f"{d}{v}") for d, v in element.items()))
    named = {d: np.char.add(d, codes[i].astype(str)) for i, d in enumerate(dims)}
    alive = (real != 0) | (expected != 0)
    frame = pd.DataFrame(named | {"reel": real.round(3), "attendu": expected.round(3)})[alive]
    return frame, dims, causes


def _draw_anomalies(
    rules: Rules, codes: np.ndarray, filled: np.ndarray, rng: np.random.Generator
) -> list[list[dict[str, int]]]:
    """Elements of each anomaly; drawn again until dimensions and values are free and no deepest element is empty."""
    dims, drawn = list(rules.sizes), []
    used: dict[str, set[int]] = {d: set() for d in dims}
    for _ in range(rng.integers(1, rules.anomalies, endpoint=True)):
        depth = len(dims) if rules.deepest_only else rng.integers(1, len(dims), endpoint=True)
        number = rng.integers(1, rules.elements, endpoint=True)
        for _ in range(200):
            chosen = sorted(rng.choice(dims, depth, replace=False))
            free = {d: sorted(set(range(rules.sizes[d])) - used[d]) for d in chosen}
            if any(chosen == sorted(old[0]) for old in drawn) and depth < len(dims):
                continue
            if not all(free.values()):
                continue
            columns = [rng.choice(free[d], number) for d in chosen]
            elements = [dict(zip(chosen, map(int, row), strict=True)) for row in zip(*columns, strict=True)]
            whole = [np.logical_and.reduce([codes[dims.index(d)] == v for d, v in e.items()]) for e in elements]
            if len({tuple(e.items()) for e in elements}) == number and all(filled[w].any() for w in whole):
                break
        else:
            continue
        drawn.append(elements)
        for element in elements:
            for d, v in element.items():
                used[d].add(v)
    return drawn


@dataclass(frozen=True)
class Shape:
    """What a simulated mutual looks like.

    Attributes
    ----------
    heads : int
        People covered.
    dims : tuple of str
        Dimensions of the cube, poste among them.
    law : {"count", "gamma", "lognormal"}
        Poisson actes, alone or with the cost of each one.
    last_year : bool
        Expected amount drawn like the actual one (noisy), or exact.
    drift : float
        Common ratio actual / expected.
    sizes : dict
        Number of values of a dimension, where it is not the usual one.
    """

    heads: int = 120_000
    dims: tuple[str, ...] = tuple(SIZES)
    law: str = "gamma"
    last_year: bool = True
    drift: float = 1.05
    sizes: tuple[tuple[str, int], ...] = ()


FOUR = ("region", "tranche_age", "poste", "panier")
#: Quiet shapes, from the whole mutual to a dozen cells.
QUIET = {
    "6 dim.": Shape(),
    "6 dim., attendu exact": Shape(last_year=False),
    "6 dim., 3 000 têtes": Shape(heads=3_000),
    "6 dim., actes": Shape(heads=20_000, law="count", last_year=False, drift=1.0),
    "6 dim., actes rares, +30 %": Shape(heads=1_000, law="count", drift=1.3),
    "6 dim., lognormal": Shape(heads=40_000, law="lognormal"),
    "4 dim., lognormal exact": Shape(heads=20_000, dims=FOUR, law="lognormal", last_year=False),
    "4 dim., actes": Shape(heads=10_000, dims=FOUR, law="count", drift=1.0),
    "104 cellules": Shape(heads=5_000, dims=("region", "poste")),
    "48 cellules, 3 dim.": Shape(heads=4_000, dims=("contrat", "panier", "poste")),
    "32 cellules": Shape(heads=3_000, dims=("formule", "poste")),
    "32 cell., lognormal": Shape(heads=3_000, dims=("formule", "poste"), law="lognormal", last_year=False),
    "32 cell., actes exact": Shape(heads=2_000, dims=("formule", "poste"), law="count", last_year=False, drift=1.0),
    "13 régions": Shape(heads=5_000, dims=("region",)),
}


@dataclass(frozen=True)
class Planted:
    """One planted cause: its conditions, its share of the expected total, and its gap over its standard deviation."""

    conditions: frozenset[tuple[str, str]]
    share: float
    sigmas: float
    uneven: bool


def make_mutual(
    seed: int, shape: Shape, causes: int = 0, *, offset: bool = False
) -> tuple[pd.DataFrame, list[Planted]]:
    """A mutual with `causes` segments that moved; dims…, reel, attendu and actes (weight).

    One cause in two is uneven: each of its leaves moves by its own share, 0 to twice the mean. `offset` makes every
    other cause fall, so that the total hardly moves.
    """
    rng = np.random.default_rng(seed)
    sizes = {d: dict(shape.sizes).get(d, SIZES[d]) for d in shape.dims}
    codes = dict(zip(sizes, np.indices(tuple(sizes.values())).reshape(len(sizes), -1), strict=True))
    poste = codes["poste"] if "poste" in codes else np.zeros(len(codes[shape.dims[0]]), dtype=int)
    acts = shape.heads * FREQUENCY[poste] * 3.0
    for dim in shape.dims:
        if dim != "poste":
            acts = acts * rng.dirichlet(np.full(sizes[dim], 4.0))[codes[dim]]
    mean = acts * (1.0 if shape.law == "count" else COST[poste])
    moved, planted = np.ones(len(acts)), []
    for rank, inside in enumerate(_draw_causes(rng, codes, mean, causes)):
        sign = (-1.0) ** rank if offset else rng.choice([-1.0, 1.0])
        change, uneven = sign * rng.uniform(0.08, 0.6), bool(rng.integers(2))
        leaves = np.logical_and.reduce([codes[d] == v for d, v in inside.items()])
        each = change * (rng.uniform(0.0, 2.0, int(leaves.sum())) if uneven else 1.0)
        gap = shape.drift * (mean[leaves] * np.maximum(each, -1.0)).sum()
        moved[leaves] *= 1.0 + np.maximum(each, -1.0)
        planted.append((inside, leaves, gap, uneven))
    factor = np.ones(len(acts)) if shape.law == "count" else COST[poste] ** 2 * (1.0 + SPREAD[poste] ** 2)
    # The drift is one of prices, or of numbers when there are no prices.
    prices, numbers = (1.0, shape.drift) if shape.law == "count" else (shape.drift, 1.0)
    variance = factor * acts * (prices**2 * numbers * moved + (shape.drift**2 if shape.last_year else 0.0))
    real, count = _draw(rng, acts * moved * numbers, poste, shape.law)
    before, past = _draw(rng, acts, poste, shape.law) if shape.last_year else (mean, acts)
    frame = pd.DataFrame({d: c.astype(str) for d, c in codes.items()})
    frame = frame.assign(reel=prices * real, attendu=before)
    frame["actes"] = (count + past) / (2.0 if shape.last_year else 1.0) if shape.last_year else acts
    truth = [
        Planted(
            frozenset((d, str(v)) for d, v in inside.items()),
            float(mean[leaves].sum() / mean.sum()),
            float(abs(gap) / np.sqrt(variance[leaves].sum())),
            uneven,
        )
        for inside, leaves, gap, uneven in planted
    ]
    return frame[(frame["reel"] != 0) | (frame["attendu"] != 0)], truth


def _draw(rng: np.random.Generator, acts: np.ndarray, poste: np.ndarray, law: str) -> tuple[np.ndarray, np.ndarray]:
    """Amount and number of actes of each leaf."""
    count = rng.poisson(acts)
    if law == "count":
        return count.astype(float), count
    if law == "gamma":
        scale = SPREAD[poste] ** 2
        return np.where(count > 0, rng.gamma(np.maximum(count, 1) / scale) * scale * COST[poste], 0.0), count
    spread = np.sqrt(np.log1p(SPREAD**2))
    owner = np.repeat(np.arange(len(acts)), count)
    each = COST[poste[owner]] * np.exp(
        spread[poste[owner]] * rng.normal(size=len(owner)) - spread[poste[owner]] ** 2 / 2
    )
    return np.bincount(owner, each, len(acts)), count


def _draw_causes(
    rng: np.random.Generator, codes: dict[str, np.ndarray], mean: np.ndarray, number: int
) -> list[dict[str, int]]:
    """Segments of one to three conditions worth 1 to 30 % of the whole, no one inside another."""
    dims, drawn = list(codes), []
    depths = [1, 2, 2, 3]
    while len(drawn) < number:
        chosen = rng.choice(dims, min(int(rng.choice(depths)), len(dims)), replace=False)
        inside = {str(d): int(rng.integers(codes[d].max() + 1)) for d in chosen}
        leaves = np.logical_and.reduce([codes[d] == v for d, v in inside.items()])
        nested = any(inside.items() <= old.items() or old.items() <= inside.items() for old in drawn)
        if 0.01 <= mean[leaves].sum() / mean.sum() <= 0.3 and not nested:
            drawn.append(inside)
    return drawn


def make_segments(
    seed: int, *, law: str = "gaussian", correlation: float = 0.3, number: int = 2_000, true: int = 40
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Segments of which `true` moved by 3 to 6 of their standard deviations; the frame, who moved, and the true z.

    `correlation` is that of the errors of two segments: one factor common to all, in units of each one's deviation. The
    laws are gaussian (expected 500 to 1,500, deviation 3 to 8 %), poisson (50 to 2,000 actes) and gamma (as many, with
    the cost of each).
    """
    rng = np.random.default_rng(seed)
    moved = np.zeros(number, dtype=bool)
    moved[rng.choice(number, true, replace=False)] = True
    shift = np.where(moved, rng.uniform(3.0, 6.0, number) * rng.choice([-1.0, 1.0], number), 0.0)
    common = np.sqrt(correlation) * rng.normal()
    own = np.sqrt(1.0 - correlation)
    if law == "gaussian":
        expected = rng.uniform(500.0, 1_500.0, number)
        deviation = expected * 0.05
        z = common + own * rng.normal(size=number) + shift
        real = expected + deviation * z
    else:
        acts = np.exp(rng.uniform(np.log(100.0), np.log(2_000.0), number))
        spread = 1.0 if law == "poisson" else 2.0
        cost = 1.0 if law == "poisson" else 40.0
        expected, deviation = acts * cost, np.sqrt(spread * acts) * cost
        aim = np.maximum(acts + np.sqrt(spread * acts) * (common + shift), 1.0)
        count = rng.poisson(aim)
        drawn = count if law == "poisson" else rng.gamma(np.maximum(count, 1)) * (count > 0)
        real = expected + (drawn * cost - aim * cost) * own + (aim - acts) * cost
        z = (real - expected) / deviation
    frame = pd.DataFrame({"segment": [f"s{i:04d}" for i in range(number)], "reel": real, "attendu": expected})
    return frame, moved, z
