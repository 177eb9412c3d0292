import itertools
import math

import numpy as np
import pandas as pd
import pytest

from analytics.diagnostic import locate
from analytics.diagnostic.localise import COLUMNS
from analytics.diagnostic.robust import find_rounding, measure_tail, weighted_median
from analytics.diagnostic.scan import encode, find_best
from analytics.errors import InsufficientData, ParameterError, SchemaError

VALUES = {"region": 13, "formule": 4, "contrat": 2, "tranche_age": 6, "poste": 8, "panier": 3}
DIMS = list(VALUES)
COST = np.array([8.0, 22.0, 95.0, 60.0, 160.0, 1200.0, 300.0, 40.0])
SPREAD = np.array([1.0, 0.5, 0.8, 1.5, 0.9, 2.0, 1.2, 0.8])
FREQUENCY = np.array([1.0, 0.6, 0.12, 0.2, 0.05, 0.01, 0.02, 0.1])


def mutual(seed, causes=(), heads=120_000):
    """Last year and this one: Poisson actes with gamma costs, one drift of +4 % for all, and the causes planted."""
    rng = np.random.default_rng(seed)
    codes = np.indices(tuple(VALUES.values())).reshape(len(DIMS), -1)
    shares = [rng.dirichlet(np.full(n, 4.0)) for n in list(VALUES.values())[:4]]
    people = heads * np.prod([share[codes[i]] for i, share in enumerate(shares)], axis=0)
    poste = codes[4]
    acts = 3.0 * people * FREQUENCY[poste] * np.array([0.5, 0.35, 0.15])[codes[5]]
    frame = pd.DataFrame(dict(zip(DIMS, codes, strict=True))).astype("str")
    moved = np.ones(len(frame))
    for conditions, change in causes:
        moved[inside(frame, conditions)] *= 1.0 + change

    def draw(mean):
        count = rng.poisson(mean)
        shape = 1.0 / SPREAD[poste] ** 2
        return count, np.where(count > 0, rng.gamma(np.maximum(count, 1) * shape) * COST[poste] / shape, 0.0)

    (n0, frame["attendu"]), (n1, frame["reel"]) = draw(acts), draw(acts * moved)
    frame["reel"] *= 1.04
    return frame.assign(actes=(n0 + n1) / 2.0)[(n0 > 0) | (n1 > 0)]


def inside(frame, conditions):
    return np.logical_and.reduce([frame[dim] == value for dim, value in conditions.items()])


def search(frame, dims=DIMS, **options):
    return locate(frame, dims=dims, actual="reel", expected="attendu", **options)


CAUSES = [
    [({"region": "3", "poste": "4"}, 0.5)],
    [({"formule": "2"}, 0.15)],
    [({"poste": "2", "panier": "1"}, 0.3), ({"tranche_age": "5"}, -0.15)],
    [({"region": "7", "formule": "1"}, 0.4), ({"poste": "4"}, -0.25), ({"tranche_age": "0", "poste": "3"}, 0.6)],
]


@pytest.mark.parametrize("weight", [None, "actes"])
@pytest.mark.parametrize("causes", CAUSES)
def test_planted_causes_are_found_and_nothing_else(causes, weight):
    found = search(mutual(1, causes), weight=weight)
    assert {frozenset(c.items()) for c in found.table["conditions"]} == {frozenset(c.items()) for c, _ in causes}
    assert (found.table["q_value"] <= 1e-4).all()
    for conditions, change in causes:
        row = found.table[[c == conditions for c in found.table["conditions"]]].iloc[0]
        assert np.sign(row["ecart"]) == np.sign(change)
    assert found.drift == pytest.approx(1.04, abs=0.015)


@pytest.mark.parametrize(("heads", "weight"), [(120_000, None), (120_000, "actes"), (5_000, None)])
def test_pure_noise_shows_no_card(heads, weight):
    cards = [len(search(mutual(100 + seed, heads=heads), weight=weight).table) > 0 for seed in range(20)]
    assert sum(cards) <= 1


@pytest.mark.parametrize("dims", [["poste", "region"], ["poste", "region", "formule"]])
def test_pure_noise_on_few_leaves(dims):
    assert sum(len(search(mutual(300 + seed, heads=5_000), dims=dims).table) > 0 for seed in range(20)) <= 1


def test_uncertain_answers_on_request():
    frame = mutual(100)
    found = search(frame, only_certain=False, max_causes=2).table
    assert len(found) == 2
    assert found["q_value"].between(0.0, 1.0).all()
    cause = CAUSES[0][0]
    assert search(mutual(1, [cause]), only_certain=False).table["conditions"].iloc[0] == cause[0]


def test_gaps_add_up_and_parts_are_shares_of_the_gross():
    frame = mutual(2, CAUSES[3])
    found = search(frame)
    assert tuple(found.table.columns) == COLUMNS
    assert list(found.table["rang"]) == [1, 2, 3]
    assert found.total == pytest.approx((frame["reel"] - frame["attendu"]).sum())
    assert found.total == pytest.approx(found.commun + found.table["ecart"].sum() + found.reste)
    gross = found.table["ecart"].abs().sum() + abs(found.commun) + abs(found.reste)
    np.testing.assert_allclose(found.table["part"], found.table["ecart"] / gross)
    first = found.table.iloc[0]
    rows = frame[inside(frame, first["conditions"])]
    assert first["n"] == len(rows)
    assert first["ecart"] == pytest.approx((rows["reel"] - found.drift * rows["attendu"]).sum())


def test_rows_order_duplicates_unit_and_types_do_not_matter():
    frame = mutual(3, CAUSES[2])
    reference = search(frame).table
    halves = pd.concat([frame.assign(reel=frame["reel"] / 2, attendu=frame["attendu"] / 2)] * 2)
    for other in (frame.sample(frac=1.0, random_state=1), halves, frame.astype(dict.fromkeys(DIMS, "category"))):
        pd.testing.assert_frame_equal(search(other).table, reference, rtol=1e-6)
    cents = search(frame.assign(reel=frame["reel"] * 100, attendu=frame["attendu"] * 100)).table
    assert list(cents["conditions"]) == list(reference["conditions"])
    np.testing.assert_allclose(cents["score"], reference["score"], rtol=1e-6)
    coded = search(frame.astype(dict.fromkeys(DIMS, "int64"))).table
    assert [{k: str(v) for k, v in c.items()} for c in coded["conditions"]] == list(reference["conditions"])


def test_max_causes_and_unknown_amounts():
    frame = mutual(2, CAUSES[3]).reset_index(drop=True)
    assert len(search(frame, max_causes=1).table) == 1
    frame.loc[:4, "attendu"] = np.nan
    assert "5 ligne(s)" in search(frame).warnings[0]


def test_one_huge_cause_does_not_pass_for_the_common_drift():
    frame = mutual(4, [({"formule": "0"}, 6.0)])
    found = search(frame)
    assert found.table["conditions"].iloc[0] == {"formule": "0"}
    assert found.drift == pytest.approx(1.04, abs=0.03)


def test_scan_against_brute_force():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 3, (60, 3)), columns=list("abc")).drop_duplicates(ignore_index=True)
    top, bottom = rng.normal(size=len(frame)), rng.uniform(0.5, 2.0, len(frame))
    best = find_best(encode(frame, list("abc")), top, bottom, np.ones(len(frame)))
    scores, tests = [], 0
    for depth in (1, 2, 3):
        for dims in itertools.combinations("abc", depth):
            for _, rows in frame.groupby(list(dims)):
                tests += 1
                scores.append(top[rows.index].sum() ** 2 / (2.0 * bottom[rows.index].sum()))
    assert encode(frame, list("abc")).n_tests == tests
    assert best.score == pytest.approx(max(scores))
    p_values = sorted(math.erfc(math.sqrt(score)) for score in scores)
    assert best.q_value == pytest.approx(min(p * tests / rank for rank, p in enumerate(p_values, start=1)))


def test_scan_prefers_the_fewest_conditions():
    frame = pd.DataFrame({"poste": list("xxyyzz"), "panier": list("ppqrst")})
    top = np.array([3.0, 3.0, 0.0, 0.0, 0.0, 0.0])
    assert find_best(encode(frame, ["poste", "panier"]), top, np.ones(6), np.ones(6)).dims == (0,)


def test_tail_rounding_and_median():
    rng = np.random.default_rng(1)
    normal = rng.normal(size=20_000) ** 2 / 2.0
    assert measure_tail(normal) == pytest.approx(1.0, abs=0.35)
    assert measure_tail(rng.standard_t(3, 20_000) ** 2 / 2.0) > 3.0
    assert measure_tail(normal[:60]) == 1.0
    assert [find_rounding(np.array(v)) for v in ([3.0, 7.0], [3.25, 1.5], [np.pi])] == [1.0, 0.01, 0.0]
    assert weighted_median(np.array([5.0, 1.0, 3.0]), np.array([1.0, 1.0, 5.0])) == 3.0


def test_equal_amounts_show_nothing():
    frame = mutual(5)
    found = search(frame.assign(reel=frame["attendu"]))
    assert found.table.empty
    assert found.drift == pytest.approx(1.0)


def test_refusals():
    frame = mutual(6, heads=2_000)
    with pytest.raises(ParameterError, match="dimensions"):
        search(frame, dims=[])
    with pytest.raises(ParameterError, match="causes"):
        search(frame, max_causes=0)
    with pytest.raises(SchemaError, match="absente"):
        search(frame, dims=["departement"])
    with pytest.raises(SchemaError, match="numérique"):
        search(frame.assign(reel="12"))
    with pytest.raises(InsufficientData):
        search(frame[:2])
    with pytest.raises(InsufficientData):
        search(frame.assign(attendu=0.0))


@pytest.mark.parametrize(("name", "target"), [("S", 0.90), ("L", 0.99)])
def test_published_cubes(shared, name, target):
    cases = pd.read_csv(shared / "rootcause_sl" / "injection_info.csv").query("dataset == @name")
    right = answers = causes = 0
    for case in cases.itertuples():
        frame = pd.read_csv(shared / "rootcause_sl" / f"{name}_{case.timestamp}.csv.gz")
        dims = [c for c in frame.columns if c not in ("real", "predict")]
        found = locate(frame, dims=dims, actual="real", expected="predict", max_causes=20).table["conditions"]
        truth = {frozenset(part.split("=")[1] for part in cause.split("&")) for cause in case.set.split(";")}
        right += len({frozenset(c.values()) for c in found} & truth)
        answers, causes = answers + len(found), causes + len(truth)
    assert 2 * right / (answers + causes) >= target
