"""The rate of a ratio P/C between fréquence, coût moyen and cotisation moyenne."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.diagnostic import decompose_ratio

KEYS = ["contrat", "poste"]
RATE = ["frequence", "cout_moyen", "cotisation_moyenne"]
SWAP = {"ouverture": "fermeture", "fermeture": "ouverture"}


def period(seed, cells=6, postes=3, zeros=0.1):
    rng = np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product([range(cells), range(postes)], names=KEYS).to_frame(index=False).astype("str")
    frame["beneficiaires"] = np.repeat(rng.gamma(2.0, 500.0, cells), postes)
    premium = rng.gamma(9.0, 5.0, cells) * (rng.random(cells) >= zeros)
    frame["cotisation"] = frame["beneficiaires"] * np.repeat(premium, postes)
    frame["actes"] = rng.poisson(40.0, len(frame)) * (rng.random(len(frame)) >= zeros) * 1.0
    frame["prestation"] = frame["actes"] * rng.gamma(3.0, 20.0, len(frame))
    frame.loc[rng.random(len(frame)) < zeros / 2, "prestation"] = 70.0  # money that may have no acte
    return frame[rng.random(len(frame)) >= zeros]


def bridges(before, after, exposure_keys=("contrat",)):
    return [
        decompose_ratio(before, after, keys=KEYS, exposure_keys=exposure_keys, split_rate=split) for split in (0, 1)
    ]


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from([None, ("contrat",)]))
def test_the_parts_of_the_rate_sum_to_it_leaf_by_leaf(seed, exposure_keys):
    plain, split = bridges(period(seed), period(seed + 1), exposure_keys)
    assert split.table["montant"].sum() == pytest.approx(split.after - split.before, abs=1e-13)
    wide = [b.table.pivot(index=KEYS, columns="effet", values="montant") for b in (plain, split)]
    told = wide[1].reindex(columns=[*RATE, "taux"]).fillna(0.0).sum(axis=1)
    np.testing.assert_allclose(told.reindex(wide[0].index), wide[0]["taux"], rtol=0, atol=1e-13)
    for effect in ("mix", "ouverture", "fermeture"):
        np.testing.assert_allclose(wide[1][effect].reindex(wide[0].index), wide[0][effect], rtol=0, atol=1e-13)


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_time_rows_and_halves_change_nothing(seed, random):
    before, after = period(seed), period(seed + 1)
    split = bridges(before, after)[1].by("poste").set_index(["poste", "effet"])["montant"]
    back = bridges(after, before)[1].by("poste").replace({"effet": SWAP}).set_index(["poste", "effet"])["montant"]
    assert split.add(back, fill_value=0.0).abs().max() <= 1e-12
    value, measures = (
        random.choice(sorted(before["contrat"].unique())),
        ["beneficiaires", "cotisation", "actes", "prestation"],
    )

    def halve(frame):
        cut = frame["contrat"] == value
        half = frame[cut].assign(**{m: frame.loc[cut, m] / 2 for m in measures})
        halves = pd.concat([frame[~cut], *(half.assign(contrat=value + side) for side in "ab")])
        return halves.sample(frac=1.0, random_state=random.randrange(1000))

    halves = bridges(halve(before), halve(after))[1].by("poste").set_index(["poste", "effet"])["montant"]
    assert split.sub(halves, fill_value=0.0).abs().max() <= 1e-12


def test_against_the_definition():
    before, after = period(1, zeros=0.0), period(2, zeros=0.0)
    got = bridges(before, after)[1].table.set_index([*KEYS, "effet"])["montant"]
    premiums = [f.groupby("contrat")["cotisation"].first() for f in (before, after)]
    weight = {c: np.mean([p[c] / p.sum() for p in premiums]) for c in premiums[0].index}
    tables = [f.set_index(KEYS) for f in (before, after)]
    for leaf in tables[0].index:
        factors = []
        for table in tables:
            row = table.loc[leaf]
            heads = row["beneficiaires"]
            factors.append([row["actes"] / heads, row["prestation"] / row["actes"], heads / row["cotisation"]])
        effects = np.zeros(3)
        for order in itertools.permutations(range(3)):
            state = list(factors[0])
            for place in order:
                level = math.prod(state)
                state[place] = factors[1][place]
                effects[place] += (math.prod(state) - level) / 6
        np.testing.assert_allclose(got.loc[leaf][RATE], weight[leaf[0]] * effects, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    ("moved", "effect", "sign"),
    [
        (["actes", "prestation"], "frequence", 1),
        (["prestation"], "cout_moyen", 1),
        (["cotisation"], "cotisation_moyenne", -1),
    ],
)
def test_one_cause_moves_its_own_factor(moved, effect, sign):
    before = period(3, zeros=0.0)
    after = before.assign(**{m: before[m] * 1.25 for m in moved})
    bridge = bridges(before, after)[1]
    effects = bridge.by().set_index("effet")["montant"]
    assert effects[effect] == pytest.approx(bridge.total)
    assert np.sign(bridge.total) == sign
    assert effects.drop(effect).abs().max() < 1e-12


def test_without_actes_the_rate_stays_whole_and_it_is_said():
    before, after = period(4), period(5)
    plain = decompose_ratio(before, after, keys=KEYS, exposure_keys=["contrat"])
    assert plain.factors == ("taux", "mix")
    told = decompose_ratio(before.drop(columns="actes"), after, keys=KEYS, exposure_keys=["contrat"], split_rate=True)
    pd.testing.assert_frame_equal(told.table, plain.table)
    assert "ne se détaille pas" in told.warnings[0]


def test_money_without_acte_keeps_its_rate():
    before = pd.DataFrame({"c": ["a"], "beneficiaires": 10.0, "cotisation": 100.0, "actes": 0.0, "prestation": [50.0]})
    bridge = decompose_ratio(before, before.assign(prestation=60.0), keys=["c"], split_rate=True)
    assert bridge.by().set_index("effet")["montant"]["taux"] == pytest.approx(0.1)
    assert "1 cellule" in bridge.warnings[0]
