"""Standardisation against published worked examples, statsmodels, brute force and simulation."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.rates import confint_poisson

from analytics.descriptive.intervals import direct_interval, poisson_interval
from analytics.descriptive.regroup import UNSAID, regroup
from analytics.descriptive.standardise import (
    UNKNOWN,
    compute_standardised,
    estimate_dispersion,
    standardise,
    sum_over_months,
)
from analytics.errors import ParameterError
from analytics.schema import Dataset, Selection

MONTHS = pd.date_range("2024-01-01", periods=12, freq="MS")

# Fleiss (1981), Statistical Methods for Rates and Proportions, table 14.4 (p. 249), from Stark and Mantel (1966):
# births and cases of Down syndrome in Michigan, by age of the mother (6 bands) and birth order (5).
BIRTHS = (
    (230061, 329449, 114920, 39487, 14208, 3052), (72202, 326701, 208667, 83228, 28466, 5375),
    (15050, 175702, 207081, 117300, 45026, 8660), (2293, 68800, 132424, 98301, 46075, 9834),
    (327, 30666, 123419, 149919, 104088, 34392),
)  # fmt: skip
CASES = (
    (107, 141, 60, 40, 39, 25), (25, 150, 110, 84, 82, 39), (3, 71, 114, 103, 108, 75), (1, 26, 64, 89, 137, 96),
    (0, 8, 63, 112, 262, 295),
)  # fmt: skip


def cells_of(counts, people, group="ordre"):
    rows = [
        (str(g + 1), age, counts[g][age], people[g][age]) for g in range(len(counts)) for age in range(len(counts[g]))
    ]
    return pd.DataFrame(rows, columns=[group, "tranche_age", "numerateur", "denominateur"])


@pytest.fixture(scope="module")
def downs():
    return standardise(cells_of(CASES, BIRTHS), group="ordre", strata=("tranche_age",)).set_index("ordre")


def test_direct_rates_are_table_1_of_fay_and_feuer(downs):
    """Statistics in Medicine 1997, table 1, as recomputed by the R packages epitools and dsrTest."""
    published = {
        "1": (56.3, 92.3, 80.4, 106), "2": (67.6, 91.2, 82.4, 101), "3": (83.3, 85.1, 77.2, 94.2),
        "4": (115, 92.7, 80.0, 115), "5": (167, 75.5, 67.7, 188),
    }  # fmt: skip
    for order, values in published.items():
        found = downs.loc[order, ["brut", "direct", "direct_bas", "direct_haut"]].to_numpy(float) * 1e5
        assert found == pytest.approx(values, abs=0.5)


def test_the_fifth_birth_order_to_the_last_digit(downs):
    """dsrTest, vignette: 75.52901 per 100 000, gamma interval 67.70212 to 188.30017."""
    found = downs.loc["5", ["direct", "direct_bas", "direct_haut"]].to_numpy(float) * 1e5
    assert found == pytest.approx([75.52901, 67.70212, 188.30017], abs=5e-6)


def test_indirect_is_the_published_worked_example():
    """Najera, Epi 101, indirect age adjustment by hand (epidemiologist.blog, 18 April 2019): 13 120 expected."""
    people, deaths = (15000, 20000, 21000, 30000, 50000), (200, 1500, 2450, 3700, 4200)
    norm = (20000, 30000, 35000, 37000, 28000)
    standard = cells_of([deaths], [norm]).drop(columns="ordre")
    seen = cells_of([(2550, 0, 0, 0, 0)], [people])
    row = standardise(seen, group="ordre", strata=("tranche_age",), standard=standard).iloc[0]
    assert row["attendu"] == pytest.approx(13120)
    assert row["indice"] == pytest.approx(2550 / 13120)


def test_index_is_the_intercept_of_a_poisson_model_with_the_expected_as_offset(downs):
    norms = np.sum(CASES, axis=0) / np.sum(BIRTHS, axis=0)
    for order, (cases, births) in enumerate(zip(CASES, BIRTHS, strict=True), start=1):
        offset = np.log(np.array(births) * norms)
        model = sm.GLM(cases, np.ones(len(cases)), family=sm.families.Poisson(), offset=offset).fit()
        assert downs.loc[str(order), "indice"] == pytest.approx(float(np.exp(model.params[0])), rel=1e-7)


@pytest.mark.parametrize("count", [0, 1, 7, 740])
def test_exact_interval_is_that_of_statsmodels(count):
    low, high = confint_poisson(count, 1, method="exact-c", alpha=0.05)
    assert poisson_interval(count) == pytest.approx((0.0 if count == 0 else low, high))


def test_exact_interval_is_that_of_a_published_package():
    """FunnelPlotR, tests: limits for 15, 20 and 30 expected, 95 and 99.8 %."""
    for expected, low, high, low998, high998 in (
        (15, 0.5596924, 1.649348, 0.3862650, 2.082907),
        (20, 0.6108260, 1.544419, 0.4479107, 1.902094),
        (30, 0.6746958, 1.427562, 0.5289724, 1.702771),
    ):
        near, far = poisson_interval(expected), poisson_interval(expected, level=0.998)
        found = np.array([*near, *far]) / expected
        assert found == pytest.approx([low, high, low998, high998], abs=1e-6)


def test_an_interval_in_another_unit_is_the_same_interval():
    assert np.array(poisson_interval(40 * 250.0, unit=250.0)) == pytest.approx(250 * np.array(poisson_interval(40)))
    amounts, ratios = np.array([30.0, 12.0]), np.array([2e-4, 5e-4])
    scaled = direct_interval(amounts * 250, ratios, unit=250.0)
    assert np.array(scaled) == pytest.approx(250 * np.array(direct_interval(amounts, ratios)))


def test_direct_interval_of_one_stratum_is_the_exact_poisson_one():
    assert direct_interval(np.array([17.0]), np.array([0.01])) == pytest.approx(
        tuple(0.01 * x for x in poisson_interval(17))
    )


cell = st.tuples(st.integers(0, 500), st.integers(1, 5000))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(cell, min_size=3, max_size=3), min_size=2, max_size=5), st.floats(0.01, 1000))
def test_invariants(groups, unit):
    counts = [[c for c, _ in group] for group in groups]
    people = [[p for _, p in group] for group in groups]
    table = standardise(cells_of(counts, people), group="ordre", strata=("tranche_age",))
    total = np.sum(counts), np.sum(people)
    # Expected figures add up to what was seen, and direct rates stay between the rates of the strata.
    assert table["attendu"].sum() == pytest.approx(total[0], abs=1e-6)
    rates = np.array(counts) / np.array(people)
    assert (table["direct"] >= rates.min(axis=1) - 1e-12).all()
    assert (table["direct"] <= rates.max(axis=1) + 1e-12).all()
    # Brute force of the definition.
    weights = np.sum(people, axis=0) / total[1]
    assert table["direct"].to_numpy() == pytest.approx((rates * weights).sum(axis=1))
    # The whole standardised on itself is itself.
    alone = cells_of([np.sum(counts, axis=0)], [np.sum(people, axis=0)])
    whole = standardise(alone, group="ordre", strata=("tranche_age",), dispersion=unit).iloc[0]
    assert whole["direct"] == pytest.approx(whole["brut"])
    assert whole["indice"] == pytest.approx(1.0) or total[0] == 0
    inside = table.dropna(subset=["direct_bas"])
    assert ((inside["direct_bas"] <= inside["direct"] + 1e-12) & (inside["direct"] <= inside["direct_haut"])).all()


def test_same_rates_give_the_same_standardised_rate_however_old_the_group():
    rates, people = np.array([0.1, 0.5, 2.0]), np.array([[800, 150, 50], [50, 150, 800]])
    table = standardise(cells_of((people * rates).tolist(), people.tolist()), group="ordre", strata=("tranche_age",))
    assert table["brut"].iloc[1] > 4 * table["brut"].iloc[0]
    assert table["direct"].iloc[0] == pytest.approx(table["direct"].iloc[1])
    assert table["indice"].to_numpy() == pytest.approx([1.0, 1.0])


def test_a_group_without_a_large_part_of_the_structure_has_no_direct_rate_but_an_index():
    cells = cells_of([(10, 20), (10, 0)], [(500, 500), (500, 0)])
    table = standardise(cells, group="ordre", strata=("tranche_age",)).set_index("ordre")
    assert np.isnan(table.loc["2", "direct"])
    assert np.isnan(table.loc["2", "direct_haut"])
    assert "67" in table.loc["2", "raison"]
    assert table.loc["2", "indice"] == pytest.approx(10 / (500 * 20 / 1000))


def simulate(rng, *, months=12, heads=(400, 1500, 6000, 20000)):
    """Compound Poisson care by region × age × month; the true rate of each age is the same everywhere."""
    rates, cost = {"0-39": 0.2, "40-59": 0.5, "60 et +": 1.0}, 60.0
    mix = {"0-39": (0.6, 0.4, 0.3, 0.2), "40-59": (0.3, 0.3, 0.4, 0.3), "60 et +": (0.1, 0.3, 0.3, 0.5)}
    cover, care = [], []
    for mois in pd.date_range("2024-01-01", periods=months, freq="MS"):
        for g, people in enumerate(heads):
            for age, rate in rates.items():
                n = people * mix[age][g]
                actes = rng.poisson(n * rate)
                paid = rng.gamma(0.5 * actes, cost / 0.5) if actes else 0.0
                cover.append((mois, f"r{g}", age, n))
                care.append((mois, f"r{g}", age, float(actes), paid))
    return Dataset(
        pd.DataFrame(cover, columns=["mois", "region", "tranche_age", "beneficiaires"]),
        pd.DataFrame(care, columns=["mois", "region", "tranche_age", "actes", "prestation"]),
    )


def test_dispersion_of_amounts_is_that_of_the_simulation():
    """Compound Poisson: E[X²]/E[X] = 60 × (1 + 1/0.5) = 180 EUR."""
    found = [compute_standardised(simulate(np.random.default_rng(s)), "consommation", by="region").dispersion
             for s in range(12)]  # fmt: skip
    assert np.mean(found) == pytest.approx(180, rel=0.06)


def test_intervals_of_amounts_keep_their_promise():
    truth, hits = 0, {"direct": 0, "indice": 0}
    for seed in range(36):
        found = compute_standardised(simulate(np.random.default_rng(1000 + seed)), "consommation", by="region")
        data = simulate(np.random.default_rng(1000 + seed)).cotisation
        weights = data.groupby("tranche_age")["beneficiaires"].sum() / data["beneficiaires"].sum()
        true = 60.0 * (weights * pd.Series({"0-39": 0.2, "40-59": 0.5, "60 et +": 1.0})).sum()
        table = found.table
        truth += len(table)
        hits["direct"] += int(((table["direct_bas"] <= true) & (true <= table["direct_haut"])).sum())
        hits["indice"] += int(((table["indice_bas"] <= 1) & (table["indice_haut"] >= 1)).sum())
    assert 0.90 <= hits["direct"] / truth <= 0.995
    assert 0.90 <= hits["indice"] / truth <= 0.999  # the reference holds the group: a little more than 95 %


def test_counts_are_never_less_dispersed_than_chance():
    flat = pd.DataFrame(
        [(mois, g, 10.0, 100.0) for mois in MONTHS for g in "ab"], columns=["mois", "g", "numerateur", "denominateur"]
    )
    assert estimate_dispersion(flat, ("g",), is_count=True) == 1.0
    assert np.isnan(estimate_dispersion(flat, ("g",)))  # amounts that never move tell nothing
    assert np.isnan(estimate_dispersion(flat[flat["mois"] == MONTHS[0]], ("g",), is_count=True))


def test_a_common_season_is_not_dispersion():
    season = 1 + 0.5 * np.sin(np.arange(12))
    rows = [(m, g, n * season[i], float(n)) for i, m in enumerate(MONTHS) for g, n in (("a", 100), ("b", 900))]
    frame = pd.DataFrame(rows, columns=["mois", "g", "numerateur", "denominateur"])
    frame["numerateur"] += np.resize([1e-6, -1e-6], len(frame))
    assert estimate_dispersion(frame, ("g",)) < 1e-9


def test_missing_columns_are_named():
    dataset = simulate(np.random.default_rng(0))
    found = compute_standardised(dataset, "frequence", by="region")
    assert found.strata == ("tranche_age",)
    assert found.missing == ("sexe",)
    bare = replace(dataset, cotisation=dataset.cotisation.drop(columns="tranche_age"))
    with pytest.raises(ParameterError, match=r"Tranche d’âge.*Sexe"):
        compute_standardised(bare, "consommation", by="region")
    with pytest.raises(ParameterError, match="Bénéficiaires"):
        compute_standardised(
            replace(dataset, cotisation=dataset.cotisation.drop(columns="beneficiaires")), "consommation", by="region"
        )
    with pytest.raises(ParameterError, match="pas par bénéficiaire"):
        compute_standardised(dataset, "ratio_pc", by="region")
    with pytest.raises(ParameterError, match="mêmes mois"):
        compute_standardised(
            replace(dataset, prestation=dataset.prestation[dataset.prestation["mois"] < "2024-06-01"]),
            "consommation", by="region",
        )  # fmt: skip


def test_blank_ages_and_regions_are_groups_of_their_own_and_nothing_is_lost():
    dataset = simulate(np.random.default_rng(5))
    care, cover = dataset.prestation.copy(), dataset.cotisation.copy()
    for frame in (care, cover):
        frame.loc[frame["tranche_age"] == "60 et +", "tranche_age"] = None
        frame.loc[frame["region"] == "r3", "region"] = None
    found = compute_standardised(replace(dataset, prestation=care, cotisation=cover), "consommation", by="region")
    assert UNSAID in set(found.table["region"])
    assert found.table["observe"].sum() == pytest.approx(care["prestation"].sum())
    whole = compute_standardised(dataset, "consommation", by="region")
    assert found.table["direct"].sort_values().to_numpy() == pytest.approx(
        whole.table["direct"].sort_values().to_numpy()
    )


def test_spending_where_nobody_is_covered_is_left_out_and_told():
    dataset = simulate(np.random.default_rng(6))
    ghost = pd.DataFrame({"mois": MONTHS, "region": "r0", "tranche_age": "inconnue", "actes": 1.0, "prestation": 100.0})
    told = replace(dataset, prestation=pd.concat([dataset.prestation, ghost], ignore_index=True))
    with_ghost, without = (compute_standardised(d, "consommation", by="region") for d in (told, dataset))
    assert with_ghost.left_out == pytest.approx(1200.0)
    assert with_ghost.table["direct"].to_numpy() == pytest.approx(without.table["direct"].to_numpy())
    assert with_ghost.table["brut"].iloc[0] > without.table["brut"].iloc[0]


def test_filters_choose_the_reference():
    dataset = simulate(np.random.default_rng(7))
    selection = Selection(filtres={"tranche_age": ("0-39",)})
    table = compute_standardised(dataset, "consommation", by="region", selection=selection).table
    assert table["direct"].to_numpy() == pytest.approx(table["brut"].to_numpy())


def test_regrouping_adds_up_and_names_what_is_blank():
    dataset = simulate(np.random.default_rng(8))
    merged = regroup(dataset, "region", {"r0": "A", "r1": "A"})
    sums = merged.prestation.groupby("region", observed=True)["prestation"].sum()
    before = dataset.prestation.groupby("region")["prestation"].sum()
    assert sums["A"] == pytest.approx(before["r0"] + before["r1"])
    assert sums["r2"] == pytest.approx(before["r2"])
    assert regroup(dataset, "region") is dataset
    assert dataset.prestation["region"].isin(["r0", "r1", "r2", "r3"]).all()  # the given one is not changed
    hole = replace(
        dataset, cotisation=dataset.cotisation.assign(region=pd.Categorical([None] * len(dataset.cotisation)))
    )
    assert set(regroup(hole, "region", {"x": "y"}).cotisation["region"]) == {UNSAID}


def test_an_unknown_amount_is_not_zero_and_an_absent_line_is():
    dataset = simulate(np.random.default_rng(9))
    mine = dataset.prestation["region"].eq("r0") & (dataset.prestation["mois"] >= "2024-07-01")
    amounts = dataset.prestation["prestation"].mask(mine)
    blank = replace(dataset, prestation=dataset.prestation.assign(prestation=amounts))
    absent = replace(dataset, prestation=dataset.prestation[~mine])
    known, unsaid, none = (
        compute_standardised(d, "consommation", by="region").table.set_index("region").loc["r0"]
        for d in (dataset, blank, absent)
    )
    members = dataset.cotisation[dataset.cotisation["region"] == "r0"].groupby("mois")["beneficiaires"].sum()
    paid = dataset.prestation[dataset.prestation["region"] == "r0"].groupby("mois")["prestation"].sum()
    assert unsaid["brut"] == pytest.approx(paid[:6].sum() / members[:6].sum())
    assert none["brut"] == pytest.approx(paid[:6].sum() / members.sum())
    assert unsaid["raison"] == UNKNOWN
    assert known["raison"] == none["raison"] == ""


def plain_standardise(cells, group, strata, dispersion):
    """The definition, group by group, with pandas alone."""
    reference = cells.groupby(list(strata))[["numerateur", "denominateur"]].sum()
    reference = reference[reference["denominateur"] > 0]
    people, spent = reference["denominateur"], reference["numerateur"]
    shares = pd.DataFrame({"poids": people / people.sum(), "norme": spent / people}).reset_index()
    rows = []
    for name, part in cells.merge(shares, on=list(strata), how="left").groupby(group):
        met = part[(part["denominateur"] > 0) & part["poids"].notna()]
        covered, expected = met["poids"].sum(), (met["denominateur"] * met["norme"]).sum()
        ratios = (met["poids"] / covered / met["denominateur"]).to_numpy()
        amounts = met["numerateur"].to_numpy()
        enough = covered >= 0.95
        near = direct_interval(amounts, ratios, unit=dispersion) if enough else (np.nan, np.nan)
        index = met["numerateur"].sum() / expected if expected > 0 else np.nan
        exposed = part["denominateur"].sum()
        rows.append({
            group: name, "exposition": exposed, "observe": met["numerateur"].sum(), "attendu": expected,
            "brut": part["numerateur"].sum() / exposed if exposed > 0 else np.nan,
            "direct": amounts @ ratios if enough else np.nan,
            "direct_bas": float(near[0]), "direct_haut": float(near[1]),
            "indice": index, "indirect": index * spent.sum() / people.sum(), "couverture": covered,
        })  # fmt: skip
    return pd.DataFrame(rows)


def plain_dispersion(monthly, keys):
    rows = monthly[monthly["denominateur"] > 0]
    sums = rows.groupby(list(keys))[["numerateur", "denominateur"]].transform("sum")
    level = rows["denominateur"] * sums["numerateur"] / sums["denominateur"]
    months = pd.DataFrame({"mois": rows["mois"], "vu": rows["numerateur"], "niveau": level}).groupby("mois").sum()
    expected = level * rows["mois"].map(months["vu"] / months["niveau"].where(months["niveau"] > 0))
    used = expected > 0
    kept = rows[used]
    free = used.sum() - len(kept[list(keys)].drop_duplicates()) - kept["mois"].nunique() + 1
    return (((kept["numerateur"] - expected[used]) ** 2) / expected[used]).sum() / free


@pytest.mark.parametrize("seed", range(6))
def test_codes_and_matrices_give_what_pandas_gives_group_by_group(seed):
    rng = np.random.default_rng(seed)
    ages, groups = ["0-19", "20-59", "60 et +"], [f"g{i}" for i in range(7)]
    grid = pd.MultiIndex.from_product(
        [groups, ages, ["F", "H"], MONTHS], names=["groupe", "tranche_age", "sexe", "mois"]
    )
    cells = grid.to_frame(index=False).sample(frac=0.8, random_state=seed)  # cells missing, in any order
    people = rng.integers(0, 4, len(cells)) * rng.uniform(50, 400, len(cells))
    cells = cells.assign(denominateur=people, numerateur=rng.gamma(2.0, 30.0, len(cells)) * people / 60)
    cells["numerateur"] = cells["numerateur"].mask(rng.random(len(cells)) < 0.02)
    cells["sexe"] = cells["sexe"].mask(rng.random(len(cells)) < 0.02)
    cells.loc[cells["groupe"] == "g6", "denominateur"] = 0.0  # nobody
    cells = cells[(cells["groupe"] != "g5") | (cells["tranche_age"] == "0-19")]  # too little of the structure
    keys = ["groupe", "tranche_age", "sexe"]
    assert estimate_dispersion(cells, tuple(keys)) == pytest.approx(plain_dispersion(cells, keys), rel=1e-12)
    whole = cells.groupby(keys)[["numerateur", "denominateur"]].sum().reset_index()
    pd.testing.assert_frame_equal(
        sum_over_months(cells, tuple(keys))[whole.columns], whole, check_dtype=False, rtol=1e-12
    )
    found = standardise(whole, group="groupe", strata=("tranche_age", "sexe"), dispersion=25.0)
    plain = plain_standardise(whole, "groupe", ("tranche_age", "sexe"), 25.0)
    pd.testing.assert_frame_equal(found[plain.columns], plain, rtol=1e-12, atol=1e-12)
    assert found["direct"].isna().tolist() == [False] * 5 + [True, True]
    assert found["raison"].ne("").tolist() == [False] * 5 + [True, True]


def test_no_cell_gives_no_group():
    empty = pd.DataFrame({"groupe": [], "sexe": [], "numerateur": [], "denominateur": []})
    assert standardise(empty, group="groupe", strata=("sexe",)).empty
