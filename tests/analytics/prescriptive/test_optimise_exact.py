"""The optimum against brute force, against SLSQP, and against the finite differences of its own prices."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import OptimizeResult, minimize
from scipy.special import expit, logit

from analytics.errors import ParameterError
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
    """The same by scipy, with exact gradients; rows are multiplied out: Σ R(x)·(A + B·x) ≥ rhs."""
    n, q, c, load, b = (
        frame[k].to_numpy() for k in ("beneficiaires", "cotisation", "prestation", "chargement", "elasticite")
    )
    a = logit(frame["retention"].to_numpy())

    def level(x: np.ndarray, alpha: np.ndarray, beta: np.ndarray) -> float:
        return float(expit(a - b * x) @ (alpha + beta * x))

    def slope(x: np.ndarray, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
        kept = expit(a - b * x)
        return kept * (beta - b * (1 - kept) * (alpha + beta * x))

    rows = []
    if constraints.pc_max is not None:
        rows.append((n * (constraints.pc_max * q - c), n * constraints.pc_max * q, 0.0))
    if constraints.retention_min is not None:
        rows.append((n, 0.0 * n, constraints.retention_min * n.sum()))
    if constraints.hausse_moyenne_max is not None:
        rows.append((n * q * constraints.hausse_moyenne_max, -n * q, 0.0))
    gain = n * ((1 - load) * q - c), n * (1 - load) * q
    unit = np.abs(gain[0]).sum()
    found = minimize(
        lambda x: -level(x, *gain) / unit,
        start,
        jac=lambda x: -slope(x, *gain) / unit,
        bounds=[BOUNDS] * len(frame),
        constraints=[
            {
                "type": "ineq",
                "fun": lambda x, r=r: (level(x, r[0], r[1]) - r[2]) / np.abs(r[0] + r[1]).sum(),
                "jac": lambda x, r=r: slope(x, r[0], r[1]) / np.abs(r[0] + r[1]).sum(),
            }
            for r in rows
        ],
        method="SLSQP",
        options={"maxiter": 100, "ftol": 1e-12},
    )
    x = np.clip(found.x, *BOUNDS)
    return float(totals(frame, x)["resultat"]), x


def test_never_worse_than_slsqp():
    """Random problems, random starts: SLSQP never finds a better plan that meets the constraints."""
    met = 0
    for seed in range(40):
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
            met += 1
            assert plan.status == "optimal", seed
            assert plan.objective >= value - 1e-6 * max(abs(value), 1.0), seed
            assert plan.bound >= value - 1e-7 * max(abs(value), 1.0), seed
    assert met > 15


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


def test_price_after_a_branching_holds_the_plan_still():
    """One segment that loses: the dual has a kink, and the price is that of the plan, not of the kink."""
    frame = pd.DataFrame(
        {"segment": ["S"], "beneficiaires": [127.24], "cotisation": [2890.3], "prestation": [5059.0],
         "chargement": [0.0822], "retention": [0.8056], "elasticite": [2.294], "hausse_min": [-0.05],
         "hausse_max": [0.0734]}
    )  # fmt: skip
    asked, step = -0.0289, 1e-5
    plan, *around = (optimise(frame, constraints=Constraints(hausse_moyenne_max=asked + d)) for d in (0.0, -step, step))
    expected = (around[1].objective - around[0].objective) / (2 * step)
    assert plan.shadow_prices["hausse_moyenne_max"] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("goal", ["resultat", "effectif", "pire_hausse"])
def test_one_rise_for_all_is_certified_and_never_wrongly_impossible(goal):
    """Narrow windows of feasible rises are found; the bound holds against a fine grid."""
    for seed in range(12):
        frame = portfolio(4, seed + 900, elasticite=np.linspace(0.5, 15.0, 4))
        at = np.full(4, np.random.default_rng(seed).uniform(-0.04, 0.14))
        t = totals(frame, at)
        constraints = Constraints(
            hausse_uniforme=True, pc_max=t["pc"] * (1 + 1e-9), hausse_moyenne_max=t["hausse"] + 1e-9
        )
        plan = optimise(frame, objective=goal, constraints=constraints)
        assert plan.status == "optimal", seed
        assert plan.table["hausse"].to_numpy() == pytest.approx(at, abs=1e-6)
        loose = optimise(frame, objective=goal, constraints=Constraints(hausse_uniforme=True, pc_max=t["pc"]))
        grid = np.repeat(np.linspace(*BOUNDS, 4_001)[:, None], 4, axis=1)
        grid = grid[is_met(frame, grid, loose.constraints, 0.0)]
        found = totals(frame, grid)[goal]
        if goal == "pire_hausse":
            assert loose.bound <= found.min() + 1e-12
            assert 0 <= loose.objective - loose.bound <= 1e-8
        else:
            assert loose.bound >= found.max()
            assert loose.gap <= 1e-6


def test_spread_on_a_grid_is_brute_force():
    """Windows of the grid, one after the other, beside every plan there is."""
    steps = np.linspace(-0.05, 0.15, 9)
    for seed in range(4):
        frame = portfolio(4, seed + 40)
        constraints = Constraints(ecart_max=0.05, hausse_moyenne_max=0.04, grille=tuple(steps), ordre=(("S0", "S1"),))
        points = np.array(list(itertools.product(steps, repeat=4)))
        points = points[is_met(frame, points, constraints)]
        plan = optimise(frame, constraints=constraints)
        best = totals(frame, points)["resultat"].max()
        assert plan.objective == pytest.approx(best, rel=1e-9)
        assert plan.bound >= best - 1e-9 * abs(best)


def test_a_search_that_stops_is_not_said_impossible(monkeypatch):
    """No plan found in time is not a proof: a French error, never « infaisable »."""
    monkeypatch.setattr("analytics.prescriptive.mixed_integer.milp", lambda *_, **__: OptimizeResult(x=None, status=1))
    frame = portfolio(6, 1)
    with pytest.raises(ParameterError, match="on ne sait pas s’il en existe un"):
        optimise(
            frame, constraints=Constraints(hausse_moyenne_max=0.03, grille=(0.0, 0.05, 0.1), ordre=(("S0", "S1"),))
        )


def test_prices_that_are_not_known_are_missing_not_free():
    frame = portfolio(12, 5)
    asked = totals(frame, np.zeros(12))["pc"] - 0.02
    ruled = Constraints(pc_max=asked, ordre=(("S0", "S1"), ("S1", "S2")))
    plan = optimise(frame, objective="pire_hausse", constraints=ruled)
    assert plan.status == "optimal"
    assert np.isnan(plan.shadow_prices["pc_max"])
    assert plan.price_words() == {}
    steps = optimise(
        frame, constraints=Constraints(hausse_moyenne_max=0.03, grille=tuple(np.linspace(-0.05, 0.15, 41)))
    )
    smooth = optimise(frame, constraints=Constraints(hausse_moyenne_max=0.03))
    assert steps.shadow_prices["hausse_moyenne_max"] == pytest.approx(
        smooth.shadow_prices["hausse_moyenne_max"], rel=0.1
    )


def test_nothing_is_written_on_the_standard_output(capfd):
    frame = portfolio(30, 2)
    optimise(frame, constraints=Constraints(retention_min=0.87, grille=tuple(np.linspace(-0.05, 0.15, 41))))
    os.write(1, b"seen\n")
    assert capfd.readouterr().out == "seen\n"


def few(rows: dict[str, list[float]]) -> pd.DataFrame:
    size = len(rows["cotisation"])
    return pd.DataFrame({"segment": [f"s{i}" for i in range(size)], **rows})


SINGULAR = few(
    {
        "beneficiaires": [50.0, 1000.0, 1.0], "cotisation": [932.262636417445, 1575.8706111133451, 292.0486232145305],
        "prestation": [1810.5459938254405, 1958.790563786909, 1477.3119982255982],
        "chargement": [0.16624410053555932, 0.003663260190569151, 0.20323381102395977],
        "retention": [0.5, 0.8, 0.95], "elasticite": [0.0, 0.0, 0.0],
        "hausse_min": [-0.08376552519839989, -0.004532882789588549, -0.050379026733644666],
        "hausse_max": [0.06650042920430367, 0.19981917984099126, 0.2049109861129656],
    }
)  # fmt: skip
BENT = few(
    {
        "beneficiaires": [50.0, 50.0], "cotisation": [1409.1245954031492, 104.59807242829199],
        "prestation": [1055.6406083309143, 170.52990265521794], "chargement": [0.37973148641604326, 0.175708559850449],
        "retention": [0.8, 0.95], "elasticite": [20.0, 0.5], "hausse_min": [-0.009299553675994054, -0.1397712350629661],
        "hausse_max": [0.26360060613992664, 0.10591321631505238],
    }
)  # fmt: skip
TIED = few(
    {
        "beneficiaires": [1000.0, 50.0, 1000.0], "cotisation": [1618.98371459608, 321.188154892991, 916.753797652898],
        "prestation": [211.49326790841275, 1317.155623769509, 787.7400051466389],
        "chargement": [0.09520106336684214, 0.22831121672381044, 0.2919411433167422],
        "retention": [0.95, 0.5, 0.5], "elasticite": [4.0, 4.0, 20.0],
        "hausse_min": [-0.10493971879165537, -0.18828988312439837, -0.023666022116267282],
        "hausse_max": [0.228857087584508, 0.2386267848278466, 0.2421253901129412],
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("frame", "goal", "asked"),
    [
        (SINGULAR, "resultat",
         {"hausse_moyenne_max": 0.03872646551859923, "resultat_min": -291169.1357711203, "solidarite_max": 0.375696068,
          "ordre": [("s0", "s1"), ("s1", "s2")]}),
        (BENT, "resultat", {"effectif_min": 55.978945686445066, "hausse_moyenne_max": 0.09789093595959857}),
        (TIED, "effectif",
         {"pc_max": 0.1676936556321128, "effectif_min": 1024.9887720567233, "ecart_max": 0.10976527653731703,
          "ordre": [("s0", "s1")]}),
    ],
    ids=["singular", "bent", "tied"],
)  # fmt: skip
def test_a_handful_of_segments_is_closed(frame, goal, asked):
    """Cases that once crashed or left a gap: closed, and no feasible point of a fine grid does better."""
    plan = optimise(frame, objective=goal, constraints=Constraints(**asked))
    assert plan.status == "optimal"
    assert plan.gap <= 1e-6
    size = 300 if len(frame) == 2 else 61
    axes = [np.linspace(a, b, size) for a, b in zip(frame["hausse_min"], frame["hausse_max"], strict=True)]
    points = np.stack([axis.ravel() for axis in np.meshgrid(*axes)], axis=1)

    p = plan.programme
    fits = ((points >= p.low) & (points <= p.high)).all(axis=1)
    for k in range(len(p.rows)):
        fits &= (p.kept(points) * (p.A[k] + p.B[k] * points)).sum(axis=1) >= p.rhs[k]
    for low, high in asked.get("ordre", []):
        fits &= points[:, int(low[1])] <= points[:, int(high[1])]
    if "ecart_max" in asked:
        fits &= np.ptp(points, axis=1) <= asked["ecart_max"]
    values = (p.kept(points) * (p.alpha + p.beta * points)).sum(axis=1)
    assert not fits.any() or values[fits].max() <= plan.bound
    assert not fits.any() or values[fits].max() <= plan.objective + 1e-6 * abs(plan.objective)


def test_a_singular_step_stops_the_climb_and_keeps_the_bound(monkeypatch):

    def refuse(*_):
        raise RuntimeError("Factor is exactly singular")

    monkeypatch.setattr("analytics.prescriptive.interior.splu", refuse)
    frame, rules = portfolio(6, 3), Constraints(hausse_moyenne_max=0.05, ordre=(("S0", "S1"),))
    plan = optimise(frame, constraints=rules)
    monkeypatch.undo()
    best = optimise(frame, constraints=rules)
    assert plan.bound >= best.objective * (1 - 1e-9)
