"""The cost per acte told in more factors, and what must not change a bridge."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.diagnostic import decompose
from analytics.errors import ParameterError

KEYS = ["contrat", "poste"]
MEASURES = ["beneficiaires", "actes", "frais_reels", "ultime", "prestation"]
HEADS = ("effectif", "mix", "frequence")
AMC = (*HEADS, "frais_moyens", "part_amc")
KNOWN = (*HEADS, "cout_moyen", "part_connue")
BOTH = (*HEADS, "frais_moyens", "part_amc", "part_connue")
CHAINS = (None, AMC, KNOWN, BOTH, ("actes", "frais_moyens", "part_amc"), ("actes", "cout_moyen", "part_connue"))
SWAP = {"ouverture": "fermeture", "fermeture": "ouverture"}


def cube(seed, cells=6, postes=3, zeros=0.1):
    """Random period, holes and zeros at every step of the product."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(cells), range(postes)], names=KEYS)
    frame = index.to_frame(index=False).astype("str")

    def kept():
        return rng.random(len(frame)) >= zeros

    frame["beneficiaires"] = np.repeat(rng.gamma(2.0, 500.0, cells) * (rng.random(cells) >= zeros), postes)
    frame["actes"] = rng.poisson(40.0, len(frame)) * kept() * 1.0
    frame["frais_reels"] = frame["actes"] * rng.gamma(3.0, 40.0, len(frame)) * kept()
    frame["ultime"] = frame["frais_reels"] * rng.beta(5.0, 5.0, len(frame)) * kept()
    frame["prestation"] = frame["ultime"] * rng.beta(9.0, 1.0, len(frame)) * kept()
    frame.loc[rng.random(len(frame)) < zeros / 2, "prestation"] = 50.0  # money whose way to the cost is not known
    return frame[kept()].reset_index(drop=True)


def bridge_of(before, after, factors=None, keys=KEYS, exposure_keys=("contrat",)):
    chosen = {} if factors is None else {"factors": factors}
    return decompose(before, after, keys=keys, exposure_keys=exposure_keys, **chosen)


def scale_of(before, after):
    return before["prestation"].abs().sum() + after["prestation"].abs().sum()


def gap_between(one, two, by=KEYS, sign=1.0):
    a, b = (bridge.by(*by).set_index([*by, "effet"])["montant"] for bridge in (one, two))
    return a.sub(sign * b, fill_value=0.0).abs().max()


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 10**6), st.sampled_from(CHAINS))
def test_sums_to_the_change_at_every_level(seed, factors):
    before, after = cube(seed), cube(seed + 1)
    bridge = bridge_of(before, after, factors)
    limit = 1e-12 * scale_of(before, after)
    for level in ([], ["contrat"], ["poste"], KEYS):
        if not level:
            change = after["prestation"].sum() - before["prestation"].sum()
            assert abs(bridge.by()["montant"].sum() - change) <= limit
            continue
        sums = [f.groupby(level)["prestation"].sum() for f in (before, after)]
        change = sums[1].sub(sums[0], fill_value=0.0)
        got = bridge.by(*level).groupby(level)["montant"].sum().reindex(change.index)
        np.testing.assert_allclose(got, change, rtol=0, atol=limit)


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 10**6), st.sampled_from(CHAINS), st.randoms(use_true_random=False))
def test_time_rows_factors_and_halves_change_nothing(seed, factors, random):
    before, after = cube(seed), cube(seed + 1)
    bridge, limit = bridge_of(before, after, factors), 1e-12 * scale_of(before, after)
    back = bridge_of(after, before, factors)
    turned = type(back)(back.table.assign(effet=back.table["effet"].replace(SWAP)), -back.total, back.keys)
    assert gap_between(bridge, turned, sign=-1.0) <= limit
    rows = [f.sample(frac=1.0, random_state=random.randrange(1000)) for f in (before, after)]
    assert gap_between(bridge, bridge_of(*rows, factors)) <= limit
    order = random.sample(bridge.factors, len(bridge.factors))
    assert gap_between(bridge, bridge_of(before, after, order)) <= limit
    for key, exposed in (("contrat", True), ("poste", False)):
        value = random.choice(sorted(before[key].unique()))
        shared = [m for m in MEASURES if exposed or m != "beneficiaires"]  # a poste shares the heads of its contract

        def halve(frame, key=key, value=value, shared=shared):
            cut = frame[key] == value
            half = frame[cut].assign(**{m: frame.loc[cut, m] / 2 for m in shared})
            return pd.concat([frame[~cut], *(half.assign(**{key: value + side}) for side in "ab")])

        other = next(k for k in KEYS if k != key)
        assert gap_between(bridge, bridge_of(halve(before), halve(after), factors), by=(other,)) <= limit


def test_lines_that_cancel_out_weigh_nothing_in_any_order():
    """An amount and its reversal leave a rounding that depends on the order of the lines: the rule must not."""
    amounts = [0.1, 0.2, -0.3, 45.6, -45.6]
    lines = pd.DataFrame({"c": "a", "beneficiaires": 10.0, "actes": [1.0, 1.0, -2.0, 1.0, -1.0], "prestation": amounts})
    lines["beneficiaires"] = 2.0
    after = pd.DataFrame([{"c": "a", "beneficiaires": 10.0, "actes": 4.0, "prestation": 40.0}])
    for order in itertools.permutations(range(len(lines))):
        effects = decompose(lines.iloc[list(order)], after, keys=["c"]).by().set_index("effet")["montant"]
        assert effects["frequence"] == pytest.approx(40.0)
        assert "consommation" not in effects


def test_each_factor_against_the_definition():
    before, after = cube(1, zeros=0.0), cube(2, zeros=0.0)
    before, after = (f.assign(beneficiaires=f["beneficiaires"] + 5.0) for f in (before, after))
    got = bridge_of(before, after, BOTH).table.set_index([*KEYS, "effet"])["montant"]
    heads = [f.groupby("contrat")["beneficiaires"].first() for f in (before, after)]
    tables = [f.set_index(KEYS) for f in (before, after)]
    for leaf in tables[0].index:
        factors = []
        for table, people in zip(tables, heads, strict=True):
            row, own = table.loc[leaf], people[leaf[0]]
            steps = [row["actes"], row["frais_reels"], row["ultime"], row["prestation"]]
            costs = [b / a for a, b in itertools.pairwise(steps)]
            factors.append([people.sum(), own / people.sum(), row["actes"] / own, *costs])
        effects = np.zeros(6)
        for order in itertools.permutations(range(6)):
            state = list(factors[0])
            for place in order:
                level = math.prod(state)
                state[place] = factors[1][place]
                effects[place] += (math.prod(state) - level) / math.factorial(6)
        np.testing.assert_allclose(got.loc[leaf][list(BOTH)], effects, rtol=1e-9, atol=1e-7)
        if leaf == ("1", "0"):
            break


def test_one_cause_moves_its_own_factor():
    before = cube(3, zeros=0.0)
    for moved, effect in ((["frais_reels", "ultime", "prestation"], "frais_moyens"),
                          (["ultime", "prestation"], "part_amc"), (["prestation"], "part_connue")):  # fmt: skip
        after = before.assign(**{m: before[m] * 0.9 for m in moved})
        effects = bridge_of(before, after, BOTH).by().set_index("effet")["montant"]
        assert effects[effect] == pytest.approx(-0.1 * before["prestation"].sum())
        assert effects.drop(effect).abs().max() < 1e-7


def test_what_cannot_be_detailed_keeps_its_cost_whole_and_is_said():
    row = {"c": "a", "beneficiaires": 10.0, "actes": 4.0, "frais_reels": 80.0, "prestation": 40.0}
    before = pd.DataFrame([row, row | {"c": "b", "frais_reels": np.nan}])
    after = before.assign(prestation=[60.0, 50.0])
    bridge = decompose(before, after, keys=["c"], factors=AMC)
    effects = bridge.by().set_index("effet")["montant"]
    assert effects["part_amc"] == pytest.approx(20.0)
    assert effects["cout_moyen"] == pytest.approx(10.0)
    assert "ne se détaille pas" in bridge.warnings[0]
    assert tuple(bridge.table["effet"].iloc[:5]) == AMC
    with pytest.raises(ParameterError, match="demandent une mesure"):
        decompose(before.drop(columns="frais_reels"), after, keys=["c"], factors=AMC)
