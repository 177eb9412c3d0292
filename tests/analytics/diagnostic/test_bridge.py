import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.diagnostic import decompose
from analytics.diagnostic.shapley import shapley_product
from analytics.errors import InsufficientData, ParameterError, SchemaError

KEYS = ["contrat", "poste"]
MEASURES = ["beneficiaires", "actes", "prestation"]
EXPOSURES = (None, ["contrat"], [])


def cube(seed, cells=12, postes=5, zeros=0.1):
    """Random period: exposure shared by the postes of a contract, some rows missing, some measures null."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(cells), range(postes)], names=KEYS)
    frame = index.to_frame(index=False).astype({"contrat": "str", "poste": "str"})
    frame["beneficiaires"] = np.repeat(np.where(rng.random(cells) < zeros, 0.0, rng.gamma(2.0, 500.0, cells)), postes)
    frame["actes"] = np.where(rng.random(len(frame)) < zeros, 0.0, rng.poisson(40.0, len(frame)))
    money = frame["actes"] * rng.gamma(3.0, 20.0, len(frame))
    frame["prestation"] = np.where(rng.random(len(frame)) < zeros, 0.0, money)
    frame["prestation"] += np.where(rng.random(len(frame)) < zeros / 2, rng.normal(0.0, 500.0, len(frame)), 0.0)
    return frame[rng.random(len(frame)) >= zeros].sample(frac=1.0, random_state=seed)


def whole(frame):
    """The same period without hole, so that every factor is defined."""
    return frame.assign(beneficiaires=frame["beneficiaires"] + 10.0, actes=frame["actes"] + 1.0)


def amounts(bridge):
    return bridge.table.set_index([*bridge.keys, "effet"])["montant"].sort_index()


def permutation_shapley(before, after):
    """The definition: each factor's step, averaged over the orders in which the factors may move."""
    effects = np.zeros(len(before))
    for order in itertools.permutations(range(len(before))):
        state = list(before)
        for factor in order:
            start = math.prod(state)
            state[factor] = after[factor]
            effects[factor] += math.prod(state) - start
    return effects / math.factorial(len(before))


@given(st.lists(st.tuples(*[st.floats(-50, 50)] * 2), min_size=1, max_size=5))
def test_closed_form_is_the_average_over_orders(pairs):
    before, after = np.array(pairs).T
    np.testing.assert_allclose(
        shapley_product(before[None], after[None])[0], permutation_shapley(before, after), rtol=1e-9, atol=1e-6
    )


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from(EXPOSURES), st.sampled_from([0, 1, 2, 3]))
def test_sums_to_the_change_exactly_whatever_the_zeros(seed, exposure_keys, level):
    drop = [[], ["actes"], ["beneficiaires"], ["actes", "beneficiaires"]][level]
    before, after = (cube(s).drop(columns=drop) for s in (seed, seed + 1))
    bridge = decompose(before, after, keys=KEYS, exposure_keys=exposure_keys)
    change = after["prestation"].sum() - before["prestation"].sum()
    scale = before["prestation"].abs().sum() + after["prestation"].abs().sum()
    assert abs(bridge.table["montant"].sum() - change) <= 1e-12 * scale
    assert bridge.total == pytest.approx(bridge.after - bridge.before, abs=1e-12 * scale)
    leaf = after.groupby(KEYS)["prestation"].sum().sub(before.groupby(KEYS)["prestation"].sum(), fill_value=0.0)
    got = bridge.by(*KEYS).groupby(KEYS)["montant"].sum()
    np.testing.assert_allclose(got.reindex(leaf.index), leaf, rtol=0, atol=1e-12 * scale)
    assert bridge.table["montant"].notna().all()


@pytest.mark.parametrize("exposure_keys", EXPOSURES)
@pytest.mark.parametrize("seed", range(5))
def test_time_reversal(seed, exposure_keys):
    before, after = cube(seed), cube(seed + 100)
    there = amounts(decompose(before, after, keys=KEYS, exposure_keys=exposure_keys)).unstack(fill_value=0.0)
    back = amounts(decompose(after, before, keys=KEYS, exposure_keys=exposure_keys)).unstack(fill_value=0.0)
    back = back.rename(columns={"ouverture": "fermeture", "fermeture": "ouverture"})
    np.testing.assert_allclose(back[there.columns], -there, rtol=1e-9, atol=1e-7)


def test_row_order_factor_order_and_duplicates_do_not_matter():
    before, after = cube(1), cube(2)
    reference = amounts(decompose(before, after, keys=KEYS))
    shuffled = amounts(decompose(before.sample(frac=1.0, random_state=5), after[::-1], keys=KEYS))
    pd.testing.assert_series_equal(shuffled, reference, rtol=1e-12)
    factors = ("cout_moyen", "mix", "frequence", "effectif")
    reordered = decompose(before, after, keys=KEYS, factors=factors)
    pd.testing.assert_series_equal(amounts(reordered), reference, rtol=1e-12)
    assert tuple(reordered.table["effet"].iloc[:4]) == factors
    halves = pd.concat([after.assign(**{m: after[m] * part for m in MEASURES}) for part in (0.25, 0.75)])
    pd.testing.assert_series_equal(amounts(decompose(before, halves, keys=KEYS)), reference, rtol=1e-9)


def test_splitting_a_segment_in_two_identical_halves_changes_nothing():
    before, after = whole(cube(3, zeros=0.0)), whole(cube(4, zeros=0.0))

    def split(frame):
        half = frame.assign(**{m: frame[m] / 2 for m in MEASURES})
        return pd.concat([half.assign(contrat=half["contrat"] + suffix) for suffix in "ab"])

    reference = decompose(before, after, keys=KEYS).by("poste")
    got = decompose(split(before), split(after), keys=KEYS).by("poste")
    pd.testing.assert_frame_equal(got, reference, rtol=1e-9)


def test_exposure_counted_once_against_brute_force():
    before, after = (whole(cube(s, cells=4, postes=3, zeros=0.0)) for s in (5, 6))
    after = after[~((after["contrat"] == "1") & (after["poste"] == "2"))]
    bridge = decompose(before, after, keys=KEYS, exposure_keys=["contrat"])
    heads = [f.groupby("contrat")["beneficiaires"].first() for f in (before, after)]
    for contrat, poste in itertools.product("0123", "012"):
        rows = [f[(f["contrat"] == contrat) & (f["poste"] == poste)] for f in (before, after)]
        factors = []
        for period, row in enumerate(rows):
            exposed, total = heads[period][contrat], heads[period].sum()
            cost = (row if len(row) else rows[1 - period])[["prestation", "actes"]].sum()
            factors.append([total, exposed / total, row["actes"].sum() / exposed, cost["prestation"] / cost["actes"]])
        expected = permutation_shapley(*factors)
        got = amounts(bridge).loc[(contrat, poste)]
        np.testing.assert_allclose(got[["effectif", "mix", "frequence", "cout_moyen"]], expected, rtol=1e-9, atol=1e-7)
        assert got[["ouverture", "fermeture"]].eq(0.0).all()


@pytest.mark.parametrize(
    ("measure", "effect"), [("beneficiaires", "effectif"), ("actes", "frequence"), ("prestation", "cout_moyen")]
)
def test_one_known_cause_moves_one_effect_only(measure, effect):
    before = whole(cube(7, zeros=0.0))
    moved = MEASURES[MEASURES.index(measure) :]
    after = before.assign(**{m: before[m] * 1.1 for m in moved})
    effects = decompose(before, after, keys=KEYS).by().set_index("effet")["montant"]
    assert effects[effect] == pytest.approx(0.1 * before["prestation"].sum())
    assert effects.drop(effect).abs().max() < 1e-7


def test_pure_mix():
    before = pd.DataFrame({"formule": ["a", "b"], "beneficiaires": [100.0, 100.0], "actes": [100.0, 300.0]})
    before["prestation"] = before["actes"] * 10.0
    after = before.assign(**{m: before[m] * [0.5, 1.5] for m in MEASURES})
    effects = decompose(before, after, keys=["formule"]).by().set_index("effet")["montant"]
    assert effects["mix"] == pytest.approx(1000.0)
    assert effects.drop("mix").abs().max() < 1e-9


def test_openings_and_closings_stay_apart():
    columns = ["c", *MEASURES]
    before = pd.DataFrame([("a", 10.0, 20.0, 200.0), ("b", 5.0, 5.0, 50.0)], columns=columns)
    after = pd.DataFrame([("a", 10.0, 20.0, 200.0), ("d", 7.0, 9.0, 90.0)], columns=columns)
    effects = decompose(before, after, keys=["c"]).by().set_index("effet")["montant"]
    assert effects["ouverture"] == 90.0
    assert effects["fermeture"] == -50.0
    assert effects.drop(["ouverture", "fermeture"]).abs().max() < 1e-12
    null = after.assign(beneficiaires=[10.0, 0.0], actes=[20.0, 0.0], prestation=[200.0, 0.0])
    assert decompose(null, after, keys=["c"]).by().set_index("effet")["montant"]["ouverture"] == 90.0


def row(**values):
    return pd.DataFrame([{"c": "a", "beneficiaires": 10.0, "actes": 4.0, "prestation": 40.0} | values])


@pytest.mark.parametrize(
    ("before", "after", "effect", "amount"),
    [
        (row(actes=0.0, prestation=0.0), row(), "frequence", 40.0),
        (row(actes=0.0), row(prestation=60.0), "consommation", 20.0),
        (row(actes=np.nan), row(prestation=60.0), "consommation", 20.0),
        (row(prestation=-40.0), row(prestation=20.0), "cout_moyen", 60.0),
        (row(beneficiaires=0.0), row(beneficiaires=0.0, prestation=70.0), "sans_exposition", 30.0),
        (row(beneficiaires=np.nan), row(prestation=70.0), "sans_exposition", 30.0),
        (row(beneficiaires=-1.0), row(prestation=70.0), "sans_exposition", 30.0),
        (row(beneficiaires=0.0, actes=0.0, prestation=0.0), row(), "ouverture", 40.0),
        (row(), row(beneficiaires=0.0, prestation=5.0), "fermeture", -35.0),
    ],
)
def test_rules_for_what_cannot_be_split(before, after, effect, amount):
    others = row(c="z", prestation=100.0)
    bridge = decompose(pd.concat([before, others]), pd.concat([after, others]), keys=["c"])
    effects = bridge.by().set_index("effet")["montant"]
    assert effects[effect] == pytest.approx(amount)
    assert effects.drop(effect).abs().max() < 1e-9
    assert bool(bridge.warnings) == (effect in ("consommation", "sans_exposition"))


def test_unknown_money_is_left_out_and_said():
    before, after = cube(8, zeros=0.0), cube(9, zeros=0.0)
    hidden = after.assign(prestation=after["prestation"].where(after["contrat"] != "3"))
    bridge = decompose(before, hidden, keys=KEYS, exposure_keys=["contrat"])
    kept = [f.loc[f["contrat"] != "3", "prestation"].sum() for f in (before, after)]
    assert bridge.total == pytest.approx(kept[1] - kept[0])
    assert "3" not in set(bridge.table["contrat"])
    assert "inconnue" in bridge.warnings[0]


def test_by_only_sums():
    bridge = decompose(cube(10), cube(11), keys=KEYS, exposure_keys=["contrat"])
    for poste, part in bridge.table.groupby("poste"):
        got = bridge.by("poste").set_index("poste").loc[poste].set_index("effet")["montant"]
        np.testing.assert_allclose(got.sort_index(), part.groupby("effet")["montant"].sum(), rtol=1e-12)
    with pytest.raises(ParameterError, match="décomposition"):
        bridge.by("region")


def test_coarser_products():
    before, after = cube(12, zeros=0.0), cube(13, zeros=0.0)
    for drop, factors in [
        (["actes"], ("effectif", "mix", "consommation")),
        (["beneficiaires"], ("actes", "cout_moyen")),
        (["actes", "beneficiaires"], ("prestation",)),
    ]:
        bridge = decompose(before.drop(columns=drop), after.drop(columns=drop), keys=KEYS)
        assert bridge.factors == factors
        assert len(bridge.warnings) == 1
        asked = decompose(before, after, keys=KEYS, factors=factors)
        assert not asked.warnings
        pd.testing.assert_series_equal(amounts(bridge), amounts(asked), rtol=1e-12)
    merged = decompose(before, after, keys=KEYS).total
    assert decompose(before, after, keys=KEYS, factors=("prestation",)).total == pytest.approx(merged)


def test_refusals():
    frame = row()
    with pytest.raises(ParameterError, match="demandent une mesure") as refused:
        decompose(frame.drop(columns="actes"), frame, keys=["c"], factors=("actes", "cout_moyen"))
    assert refused.value.colonne == "actes"
    with pytest.raises(ParameterError, match="ne se multiplient pas"):
        decompose(frame, frame, keys=["c"], factors=("effectif", "cout_moyen"))
    with pytest.raises(ParameterError, match="clé d’exposition"):
        decompose(frame, frame, keys=["c"], exposure_keys=["region"])
    with pytest.raises(SchemaError):
        decompose(frame, frame, keys=["region"])
    with pytest.raises(SchemaError):
        decompose(frame.assign(prestation="12"), frame, keys=["c"])
    with pytest.raises(InsufficientData):
        decompose(frame[:0], frame[:0], keys=["c"])


def test_one_cell_and_missing_key_value():
    before = pd.DataFrame([(None, 5.0, 1.0, 9.0), ("a", 5.0, 2.0, 8.0)], columns=["c", *MEASURES])
    bridge = decompose(before, before.assign(prestation=[18.0, 8.0]), keys=["c"])
    assert bridge.table.loc[bridge.table["c"].isna(), "montant"].sum() == 9.0
    assert decompose(before, before[:1], keys=[]).total == -8.0
