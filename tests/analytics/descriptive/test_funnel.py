"""Control limits against scipy, brute force and simulated mutuals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analytics.descriptive.funnel import (
    FAR,
    INSIDE,
    MIN_GROUPS,
    compute_funnel,
    control_limits,
    funnel_of,
    overdispersion,
    poisson_quantile,
)
from analytics.descriptive.standardise import compute_standardised
from analytics.errors import InsufficientData, ParameterError
from tests.samples import make_dataset


def groups(numerators, denominators):
    return pd.DataFrame(
        {"groupe": [f"g{i}" for i in range(len(numerators))], "numerateur": numerators, "denominateur": denominators}
    )


@pytest.mark.parametrize("mean", [0.3, 1.0, 4.0, 17.5, 250.0])
@pytest.mark.parametrize("part", [0.001, 0.025, 0.975, 0.999])
def test_interpolated_quantile_by_brute_force(mean, part):
    """Spiegelhalter (2005), appendix A.1.1, written as a loop over the law."""
    total, r = 0.0, -1
    while total < part:
        r += 1
        total += stats.poisson.pmf(r, mean)
    brute = max(r - (total - part) / stats.poisson.pmf(r, mean), 0.0)
    assert poisson_quantile(np.array([mean]), part)[0] == pytest.approx(brute, abs=1e-6)


def test_limits_of_large_groups_are_those_of_the_normal_law():
    exposure = np.array([1e7])
    row = control_limits(exposure, 0.4).iloc[0]
    spread = np.sqrt(0.4 / exposure[0])
    for name, level in (("95", 0.95), ("998", 0.998)):
        z = stats.norm.ppf((1 + level) / 2)
        assert row[f"bas_{name}"] == pytest.approx(0.4 - z * spread, rel=1e-4)
        assert row[f"haut_{name}"] == pytest.approx(0.4 + z * spread, rel=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.floats(1, 1e6), st.floats(0.001, 100), st.floats(0.01, 1e4))
def test_limits_are_nested_and_do_not_depend_on_the_unit_of_money(exposure, target, unit):
    row = control_limits(np.array([exposure]), target, unit=unit).iloc[0]
    assert 0 <= row["bas_998"] <= row["bas_95"] <= row["haut_95"] <= row["haut_998"]
    cents = control_limits(np.array([exposure]), target * 100, unit=unit * 100).iloc[0]
    assert cents["haut_95"] == pytest.approx(100 * row["haut_95"])


def test_limits_narrow_as_groups_grow():
    limits = control_limits(np.geomspace(100, 1e6, 30), 0.5)
    assert limits["haut_998"].is_monotonic_decreasing
    assert limits["bas_998"].is_monotonic_increasing


def test_winsorised_factor_by_hand():
    scores = np.array([-9.0, -1.0, 0.0, 0.5, 1.0, 1.0, -0.5, 0.2, -0.2, 9.0])
    low, high = np.quantile(scores, [0.1, 0.9])
    by_hand = np.mean([min(max(z, low), high) ** 2 for z in scores])
    assert overdispersion(scores, consistent=False) == pytest.approx(by_hand)
    assert by_hand < np.mean(scores**2)


def test_factor_is_one_for_normal_scores_and_four_when_they_spread_twice():
    scores = np.random.default_rng(0).normal(size=200_000)
    assert overdispersion(scores) == pytest.approx(1.0, abs=0.02)
    assert overdispersion(2 * scores) == pytest.approx(4.0, abs=0.08)
    assert overdispersion(scores, consistent=False) == pytest.approx(0.679, abs=0.01)


def share_inside(seed, *, spread):
    rng = np.random.default_rng(seed)
    exposure = np.geomspace(200, 20_000, 60)
    gamma = 1.0 if spread <= 1 else None
    mean = 0.5 * exposure
    counts = rng.poisson(mean) if gamma else rng.negative_binomial(mean / (spread - 1), 1 / spread)
    funnel = compute_funnel(groups(counts, exposure))
    return (funnel.table["position"] == INSIDE).mean(), (funnel.table["position"] != FAR).mean(), funnel


@pytest.mark.parametrize("spread", [1, 3, 8])
def test_limits_keep_their_promise_with_and_without_overdispersion(spread):
    found = [share_inside(seed, spread=spread) for seed in range(30)]
    near, far = np.mean([f[0] for f in found]), np.mean([f[1] for f in found])
    assert 0.925 <= near <= 0.98
    assert far >= 0.99
    widened = np.mean([f[2].overdispersed for f in found])
    assert widened <= 0.15 if spread == 1 else widened > 0.95


def test_an_outlier_is_named_and_does_not_hide_itself():
    rng = np.random.default_rng(3)
    exposure = np.geomspace(500, 50_000, 30)
    counts = rng.poisson(0.5 * exposure).astype(float)
    counts[8] *= 1.6
    funnel = compute_funnel(groups(counts, exposure))
    assert funnel.table.iloc[0]["groupe"] == "g8"
    assert funnel.table.iloc[0]["position"] == FAR
    assert funnel.table.iloc[0]["sens"] == "au-dessus"
    assert (funnel.table["position"] == FAR).sum() == 1
    assert not funnel.overdispersed


def test_a_small_group_is_not_far_for_the_gap_that_makes_a_large_one_far():
    exposure = np.array([100, 100_000, 100_000, 100_000, 100_000, 100_000.0])
    counts = 0.5 * exposure
    counts[:2] *= 1.1
    table = compute_funnel(groups(counts, exposure)).table.set_index("groupe")
    assert table.loc["g0", "position_hasard"] == INSIDE
    assert table.loc["g1", "position_hasard"] == FAR


def test_without_a_known_variance_the_groups_make_their_own():
    rng = np.random.default_rng(4)
    exposure = np.geomspace(500, 50_000, 40)
    amounts = 37.0 * rng.poisson(0.5 * exposure)
    blind = compute_funnel(groups(amounts, exposure), unit=float("nan"))
    assert blind.overdispersed
    assert np.isnan(blind.unit)
    assert blind.phi == pytest.approx(37.0, rel=0.6)
    assert (blind.table["position"] == INSIDE).mean() > 0.85


def test_too_few_groups_are_refused():
    with pytest.raises(InsufficientData, match="Trop peu"):
        compute_funnel(groups([10], [100]))
    with pytest.raises(InsufficientData):
        compute_funnel(groups([10] * (MIN_GROUPS - 1), [100] * (MIN_GROUPS - 1)), unit=float("nan"))
    with pytest.raises(InsufficientData):
        compute_funnel(groups([0, 0], [100, 100]))
    few = compute_funnel(groups([10, 12, 0], [100, 110, 0]))
    assert np.isnan(few.phi)
    assert not few.overdispersed
    assert len(few.table) == 2


def test_funnel_of_a_dataset_has_its_rates_and_its_total():
    dataset = make_dataset(24, seed=2)
    funnel = funnel_of(dataset, "frequence", by="region")
    care, cover = dataset.prestation, dataset.cotisation
    rates = care.groupby("region")["actes"].sum() / (cover.groupby("region")["beneficiaires"].sum() / 12)
    assert funnel.table.set_index("groupe")["valeur"].sort_index().to_numpy() == pytest.approx(rates.to_numpy())
    assert funnel.target == pytest.approx(care["actes"].sum() / (cover["beneficiaires"].sum() / 12))
    bare = replace(dataset, cotisation=cover.drop(columns="region"))
    with pytest.raises(ParameterError, match="ventilé"):
        funnel_of(bare, "consommation", by="region")


def test_funnel_at_equal_structure_takes_age_away():
    """Two regions at the same rates by age, one of them old: far apart crude, inside at equal structure."""
    rng = np.random.default_rng(9)
    cover, care = [], []
    for mois in pd.date_range("2024-01-01", periods=12, freq="MS"):
        for g in range(6):
            for age, share, rate in (("0-39", 0.8 - 0.12 * g, 0.1), ("40 et +", 0.2 + 0.12 * g, 1.0)):
                cover.append((mois, f"r{g}", age, 3000 * share))
                care.append((mois, f"r{g}", age, float(rng.poisson(3000 * share * rate)), 0.0))
    dataset = type(make_dataset(1))(
        pd.DataFrame(cover, columns=["mois", "region", "tranche_age", "beneficiaires"]),
        pd.DataFrame(care, columns=["mois", "region", "tranche_age", "actes", "prestation"]),
    )
    crude = funnel_of(dataset, "frequence", by="region")
    equal = compute_standardised(dataset, "frequence", by="region")
    fair = funnel_of(dataset, "frequence", by="region", equal=equal)
    assert (crude.table["position_hasard"] == FAR).sum() >= 4
    assert (fair.table["position"] == INSIDE).all()
    assert fair.table.set_index("groupe")["valeur"].sort_index().to_numpy() == pytest.approx(
        equal.table.set_index("region")["indirect"].sort_index().to_numpy()
    )


def test_an_unknown_amount_is_left_out_with_its_members_and_told():
    dataset = make_dataset(24, seed=2)
    mine = dataset.prestation["region"].eq("A") & (dataset.prestation["mois"] >= "2021-01-01")
    care = dataset.prestation.assign(prestation=dataset.prestation["prestation"].mask(mine))
    funnel = funnel_of(replace(dataset, prestation=care), "consommation", by="region")
    cover = dataset.cotisation[dataset.cotisation["region"] == "A"]
    heads = cover.loc[cover["mois"] < "2021-01-01", "beneficiaires"].sum()
    row = funnel.table.set_index("groupe").loc["A"]
    assert row["exposition"] == heads
    assert row["valeur"] == pytest.approx(care.loc[care["region"] == "A", "prestation"].sum() / heads)
    assert funnel.raison.startswith("A : montant ou effectif inconnu")
    assert funnel_of(dataset, "consommation", by="region").raison == ""
    gone = funnel_of(replace(dataset, prestation=dataset.prestation[~mine]), "consommation", by="region")
    assert gone.table.set_index("groupe").loc["A", "exposition"] == cover["beneficiaires"].sum()
