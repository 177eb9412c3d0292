"""The optimum against brute force, against SLSQP, and against the finite differences of its own prices."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit

from analytics.prescriptive import Constraints, optimise

BOUNDS = (-0.05, 0.15)


def portfolio(n: int, seed: int, **columns: object) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    premium = rng.uniform(300, 1500, n)
    frame = pd.DataFrame(
        {
            "segment": [f"S{i}" for i in range(n)],
            "beneficiaires": rng.gamma(2.0, 200.0, n),
            "cotisation": premium,
            "prestation": premium * rng.uniform(0.55, 1.05, n),
            "chargement": rng.uniform(0.1, 0.25, n),
            "retention": rng.uniform(0.8, 0.97, n),
            "elasticite": rng.uniform(0.5, 8.0, n),
            "hausse_min": BOUNDS[0],
            "hausse_max": BOUNDS[1],
        }
    )
    return frame.assign(**columns)


def totals(frame: pd.DataFrame, x: np.ndarray) -> dict[str, np.ndarray]:
    """The definitions of the contract, written again; `x` is (…, S)."""
    n, q, c, load = (frame[k].to_numpy() for k in ("beneficiaires", "cotisation", "prestation", "chargement"))
    kept = n * expit(logit(frame["retention"].to_numpy()) - frame["elasticite"].to_numpy() * x)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "resultat": (kept * ((1 - load) * q * (1 + x) - c)).sum(-1),
            "effectif": kept.sum(-1),
            "pc": (kept * c).sum(-1) / (kept * q * (1 + x)).sum(-1),
            "retention": kept.sum(-1) / n.sum(),
            "hausse": (kept * q * x).sum(-1) / (kept * q).sum(-1),
            "pire_hausse": x.max(-1),
        }


def is_met(frame: pd.DataFrame, x: np.ndarray, c: Constraints, tolerance: float = 1e-9) -> np.ndarray:
    t = totals(frame, x)
    ok = np.ones(x.shape[:-1], dtype=bool)
    for level, value, sign in (
        (c.pc_max, t["pc"], 1), (c.hausse_moyenne_max, t["hausse"], 1), (c.retention_min, t["retention"], -1),
        (c.effectif_min, t["effectif"] / 1e3, -1e3), (c.resultat_min, t["resultat"] / 1e6, -1e6),
    ):  # fmt: skip
        if level is not None:
            ok &= np.sign(sign) * (value - level / abs(sign)) <= tolerance
    place = {s: i for i, s in enumerate(frame["segment"])}
    for low, high in c.ordre or ():
        ok &= x[..., place[low]] <= x[..., place[high]] + tolerance
    if c.widest() is not None:
        ok &= np.ptp(x, axis=-1) <= c.widest() + tolerance
    return ok


CASES = {
    "libre": {},
    "pc": {"pc_max": 0.78},
    "maintien": {"retention_min": 0.89},
    "hausse": {"hausse_moyenne_max": 0.03},
    "hausse et maintien": {"hausse_moyenne_max": 0.04, "retention_min": 0.885},
    "resultat": {"resultat_min": 20_000.0, "retention_min": 0.87},
    "ordre": {"ordre": (("S0", "S1"), ("S1", "S2")), "hausse_moyenne_max": 0.05},
    "ecart": {"ecart_max": 0.04, "retention_min": 0.88},
    "uniforme": {"hausse_uniforme": True, "hausse_moyenne_max": 0.05},
}


@pytest.mark.parametrize("goal", ["resultat", "effectif", "pire_hausse"])
@pytest.mark.parametrize("case", CASES)
def test_equal_to_brute_force(case, goal):
    """Nothing on a fine grid beats the plan, nothing exceeds the bound, and the verdict is the same."""
    constraints = Constraints(**CASES[case])
    sign = -1.0 if goal == "pire_hausse" else 1.0
    for seed in range(2):
        frame = portfolio(3, 100 * seed + 7)
        steps = np.linspace(*BOUNDS, 61)
        grid = np.array(list(itertools.product(steps, repeat=3)))
        if constraints.hausse_uniforme:
            grid = np.repeat(np.linspace(*BOUNDS, 4_001)[:, None], 3, axis=1)
        grid = grid[is_met(frame, grid, constraints)]
        plan = optimise(frame, objective=goal, constraints=constraints)
        if plan.status == "infaisable":
            assert not len(grid)
            continue
        x = plan.table["hausse"].to_numpy()
        assert is_met(frame, x, constraints)
        assert (x >= BOUNDS[0] - 1e-12).all()
        assert (x <= BOUNDS[1] + 1e-12).all()
        assert plan.objective == pytest.approx(totals(frame, x)[goal], rel=1e-9, abs=1e-9)
        size = max(abs(plan.objective), 1.0)
        assert sign * plan.bound >= sign * plan.objective - 1e-12 * size
        if len(grid):
            best = (sign * totals(frame, grid)[goal]).max()
            assert sign * plan.objective >= best - 1e-6 * size, (case, goal, seed)
            assert sign * plan.bound >= best - 1e-9 * size
        assert plan.gap <= 1e-5, (case, goal, seed, plan.gap)


def slsqp(frame: pd.DataFrame, constraints: Constraints, start: np.ndarray) -> tuple[float, np.ndarray]:
    unit = abs(totals(frame, start)["resultat"]) + 1.0
    rows = []
    if constraints.pc_max is not None:
        rows.append({"type": "ineq", "fun": lambda x: constraints.pc_max - totals(frame, x)["pc"]})
    if constraints.retention_min is not None:
        rows.append({"type": "ineq", "fun": lambda x: totals(frame, x)["retention"] - constraints.retention_min})
    if constraints.hausse_moyenne_max is not None:
        rows.append({"type": "ineq", "fun": lambda x: constraints.hausse_moyenne_max - totals(frame, x)["hausse"]})
    found = minimize(
        lambda x: -totals(frame, x)["resultat"] / unit,
        start,
        bounds=[BOUNDS] * len(frame),
        constraints=rows,
        method="SLSQP",
        options={"maxiter": 100, "ftol": 1e-10},
    )
    return float(totals(frame, found.x)["resultat"]), found.x


def test_never_worse_than_slsqp():
    """Random problems, random starts: SLSQP never finds a better plan that meets the constraints."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        frame = portfolio(int(rng.integers(3, 9)), seed + 500)
        flat = totals(frame, np.zeros(len(frame)))
        constraints = Constraints(
            retention_min=flat["retention"] - rng.uniform(-0.005, 0.02) if rng.random() < 0.6 else None,
            hausse_moyenne_max=rng.uniform(0.0, 0.06) if rng.random() < 0.6 else None,
            pc_max=flat["pc"] + rng.uniform(-0.02, 0.02) if rng.random() < 0.5 else None,
        )
        plan = optimise(frame, constraints=constraints)
        value, x = slsqp(frame, constraints, rng.uniform(*BOUNDS, len(frame)))
        if is_met(frame, x, constraints):
            assert plan.status == "optimal", seed
            assert plan.objective >= value - 1e-6 * max(abs(value), 1.0), seed
            assert plan.bound >= value - 1e-7 * max(abs(value), 1.0), seed


def test_bound_holds_against_every_feasible_point():
    """Adversary: random and extreme points that meet the constraints never exceed the bound."""
    rng = np.random.default_rng(3)
    for seed in range(6):
        frame = portfolio(20, seed, prestation=lambda f: f["cotisation"] * 0.9)
        constraints = Constraints(hausse_moyenne_max=0.03, ordre=(("S0", "S1"),) if seed % 2 else None)
        plan = optimise(frame, constraints=constraints)
        points = np.clip(rng.normal(0.03, 0.1, (2000, 20)), *BOUNDS)
        points = np.concatenate([points, plan.table["hausse"].to_numpy() + rng.normal(0, 1e-4, (2000, 20))])
        points = np.clip(points, *BOUNDS)
        points = points[is_met(frame, points, constraints)]
        assert len(points)
        assert totals(frame, points)["resultat"].max() <= plan.bound


@pytest.mark.parametrize(
    ("asked", "name", "step"),
    [
        ({"hausse_moyenne_max": 0.03}, "hausse_moyenne_max", 1e-4),
        ({"retention_min": 0.89}, "retention_min", 1e-4),
        ({"retention_min": 0.885, "hausse_moyenne_max": 0.04}, "retention_min", 1e-5),
        ({"resultat_min": 6e6}, "resultat_min", 100.0),
        ({"pc_max": 0.71}, "pc_max", 1e-5),
        ({"effectif_min": 70_000.0}, "effectif_min", 1.0),
        ({"retention_min": 0.88, "ecart_max": 0.06}, "retention_min", 1e-5),
    ],
)
def test_shadow_prices_are_finite_differences(asked, name, step):
    frame = portfolio(200, 11, prestation=lambda f: f["cotisation"] * np.linspace(0.5, 0.9, 200))
    frame["elasticite"] = np.linspace(3.0, 8.0, 200)
    goal = "effectif" if name in ("resultat_min", "pc_max") else "resultat"
    frame["beneficiaires"] *= 82_000 / frame["beneficiaires"].sum()
    plan = optimise(frame, objective=goal, constraints=Constraints(**asked))
    assert name in plan.binding
    around = [
        optimise(frame, objective=goal, constraints=replace(Constraints(**asked), **{name: asked[name] + d})).objective
        for d in (-step, step)
    ]
    assert plan.shadow_prices[name] == pytest.approx((around[1] - around[0]) / (2 * step), rel=1e-3)
    assert name in plan.price_words()


def test_price_of_the_smallest_worst_rise():
    frame = portfolio(50, 4)
    asked, step = totals(frame, np.zeros(50))["pc"] - 0.02, 1e-5
    plan = optimise(frame, objective="pire_hausse", constraints=Constraints(pc_max=asked))
    around = [
        optimise(frame, objective="pire_hausse", constraints=Constraints(pc_max=asked + d)).objective
        for d in (-step, step)
    ]
    assert plan.shadow_prices["pc_max"] == pytest.approx((around[1] - around[0]) / (2 * step), rel=1e-3)
