import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.diagnostic import decompose_ratio
from analytics.errors import InsufficientData

KEYS = ["contrat", "poste"]


def period(seed, cells=10, postes=4, zeros=0.1):
    rng = np.random.default_rng(seed)
    frame = pd.MultiIndex.from_product([range(cells), range(postes)], names=KEYS).to_frame(index=False).astype("str")
    frame["cotisation"] = np.repeat(np.where(rng.random(cells) < zeros, 0.0, rng.gamma(2.0, 5e4, cells)), postes)
    frame["prestation"] = frame["cotisation"] * rng.gamma(4.0, 0.05, len(frame)) + rng.normal(0.0, 50.0, len(frame))
    return frame[rng.random(len(frame)) >= zeros]


def ratio(frame, premiums=None):
    return frame["prestation"].sum() / (frame["cotisation"].sum() if premiums is None else premiums)


def premiums(frame):
    return frame.groupby("contrat")["cotisation"].first().sum()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6))
def test_exact_with_own_premiums(seed):
    before, after = period(seed), period(seed + 1)
    bridge = decompose_ratio(before, after, keys=KEYS)
    assert bridge.table["montant"].sum() == pytest.approx(ratio(after) - ratio(before), abs=1e-14)
    assert (bridge.before, bridge.after) == pytest.approx((ratio(before), ratio(after)))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6))
def test_shared_premiums_counted_once_and_each_poste_exact(seed):
    before, after = period(seed), period(seed + 1)
    bridge = decompose_ratio(before, after, keys=KEYS, exposure_keys=["contrat"])
    p0, p1 = premiums(before), premiums(after)
    assert bridge.table["montant"].sum() == pytest.approx(ratio(after, p1) - ratio(before, p0), abs=1e-14)
    parts = [f.groupby("poste")["prestation"].sum() / p for f, p in ((before, p0), (after, p1))]
    got = bridge.by("poste").groupby("poste")["montant"].sum()
    np.testing.assert_allclose(got, parts[1].sub(parts[0], fill_value=0.0), rtol=0, atol=1e-13)


def test_time_reversal():
    for exposure_keys in (None, ["contrat"]):
        there = decompose_ratio(period(1), period(2), keys=KEYS, exposure_keys=exposure_keys)
        back = decompose_ratio(period(2), period(1), keys=KEYS, exposure_keys=exposure_keys)
        swap = {"ouverture": "fermeture", "fermeture": "ouverture"}
        index = [*KEYS, "effet"]
        a = there.table.set_index(index)["montant"]
        b = back.table.replace({"effet": swap}).set_index(index)["montant"]
        np.testing.assert_allclose(b.reindex(a.index), -a, rtol=0, atol=1e-13)


def effects(before, after):
    return decompose_ratio(before, after, keys=["c"]).by().set_index("effet")["montant"]


def test_pure_rate_and_pure_mix():
    before = pd.DataFrame({"c": ["a", "b"], "prestation": [50.0, 90.0], "cotisation": [100.0, 100.0]})
    rate = effects(before, before.assign(prestation=[60.0, 100.0]))
    assert rate["taux"] == pytest.approx(0.1)
    assert rate["mix"] == pytest.approx(0.0, abs=1e-15)
    mix = effects(before, before.assign(prestation=[25.0, 135.0], cotisation=[50.0, 150.0]))
    assert mix["taux"] == pytest.approx(0.0, abs=1e-15)
    assert mix["mix"] == pytest.approx(0.1)


def test_entries_count_for_what_they_add_beyond_the_others():
    before = pd.DataFrame({"c": ["a"], "prestation": [80.0], "cotisation": [100.0]})
    same = pd.DataFrame({"c": ["a", "n"], "prestation": [80.0, 160.0], "cotisation": [100.0, 200.0]})
    assert effects(before, same).abs().max() < 1e-15
    worse = same.assign(prestation=[80.0, 220.0])
    assert effects(before, worse)["ouverture"] == pytest.approx(0.2)
    assert effects(worse, before)["fermeture"] == pytest.approx(-0.2)


def test_money_without_premium_is_named():
    before = pd.DataFrame({"c": ["a", "z"], "prestation": [80.0, 0.0], "cotisation": [100.0, 0.0]})
    after = before.assign(prestation=[80.0, 5.0])
    assert effects(before, after)["sans_cotisation"] == pytest.approx(0.05)
    assert effects(before, after).drop("sans_cotisation").abs().max() < 1e-15


def test_unknown_cells_are_left_out_and_no_premium_is_refused():
    frame = pd.DataFrame({"c": ["a", "b"], "prestation": [80.0, 10.0], "cotisation": [100.0, np.nan]})
    bridge = decompose_ratio(frame, frame.assign(prestation=[90.0, 99.0]), keys=["c"])
    assert bridge.total == pytest.approx(0.1)
    assert "inconnue" in bridge.warnings[0]
    with pytest.raises(InsufficientData, match="P/C"):
        decompose_ratio(frame, frame.assign(cotisation=0.0), keys=["c"])
