"""The account of a gap, and what a data error makes of its segments."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.completion import complete
from analytics.descriptive import build_constat, comparison_period, compute_total
from analytics.diagnostic import build_leaves, find_causes
from analytics.diagnostic.coincide import find_error
from analytics.diagnostic.explain import left_out_dimensions
from analytics.schema import Dataset, Selection
from data.demo import generate
from tests.samples import allocate_premiums, make_dataset

NOW = Selection(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-01"))
BEFORE = comparison_period(NOW)


def check_account(found):
    told = found.ajustement + found.commun + found.table["ecart"].sum() + found.reste
    assert told == pytest.approx(found.total, rel=1e-12)


@pytest.fixture(scope="module")
def demo():
    return complete(generate(until="2026-10"))


@pytest.mark.parametrize("measure", ["prestation", "frais_reels"])
def test_the_account_is_that_of_the_whole(small, measure):
    found = find_causes(small, measure, NOW, BEFORE)
    values = [compute_total(small, measure, selection=s)["valeur"].item() for s in (NOW, BEFORE)]
    assert found.total == pytest.approx(values[0] - values[1])
    check_account(found)


@pytest.mark.parametrize("shared_out", [False, True], ids=["whole premiums", "premiums by poste"])
def test_the_account_of_the_ratio_is_its_gap_in_euros(small, shared_out):
    dataset = allocate_premiums(small) if shared_out else small
    found = find_causes(dataset, "ratio_pc", NOW, BEFORE)
    now, before = (compute_total(small, "ratio_pc", selection=s)["valeur"].item() for s in (NOW, BEFORE))
    premiums = compute_total(small, "cotisation", selection=NOW)["valeur"].item()
    assert found.total == pytest.approx((now - before) * premiums)
    check_account(found)


@pytest.mark.parametrize(("end", "months"), [("2026-01", 3), ("2026-02", 6), ("2026-06", 12), ("2026-08", 12)])
def test_the_planted_drift_is_found_early(demo, end, months):
    last = pd.Timestamp(f"{end}-01")
    period = Selection(last - pd.DateOffset(months=months - 1), last)
    for measure in ("prestation", "ratio_pc"):
        found = find_causes(demo, measure, period, comparison_period(period))
        first = found.table.iloc[0]
        assert first["conditions"] == {"poste": "dentaire", "region": "Occitanie"}
        check_account(found)
    care = demo.prestation
    inside = period.mask(care) & (care["poste"] == "dentaire") & (care["region"] == "Occitanie")
    covered = demo.cotisation
    people = covered.loc[period.mask(covered) & (covered["region"] == "Occitanie"), "beneficiaires"].sum()
    assert first["actes"] == pytest.approx(care.loc[inside, "actes"].sum())
    assert first["beneficiaires"] == pytest.approx(people)


def test_at_most_six_dimensions_are_searched():
    rng = np.random.default_rng(1)
    months = np.tile(pd.date_range("2023-01-01", periods=24, freq="MS").to_numpy(), 40)
    care = pd.DataFrame({"mois": months, "prestation": rng.gamma(5.0, 20.0, len(months))})
    for i in range(7):
        care[f"d{i}"] = rng.integers(0, 2 + i, len(care)).astype(str)
    dataset = Dataset(pd.DataFrame({"mois": []}), care, source="essai")
    assert left_out_dimensions(dataset) == ("d6",)
    assert find_causes(dataset, "prestation", NOW, BEFORE).left_out == ("d6",)


def finding(month, euros, *, severite="grave", **filtres):
    effects = {"cles": ["formule"], "lignes": [[month, "Confort", euros * 0.75], [month, "Premium", euros * 0.25]]}
    where = {k: [v] for k, v in filtres.items()}
    return pd.DataFrame([{"severite": severite, "table": "prestation", "message": "montants en centimes",
                          "filtres": json.dumps(where), "effets": json.dumps(effects)}])  # fmt: skip


PLACE = {"poste": "audiologie", "region": "B"}


@pytest.mark.parametrize(
    ("conditions", "ecart", "found", "told"),
    [
        (PLACE, 100.0, finding("2024-03", 90.0, **PLACE), True),
        ({**PLACE, "formule": "Confort"}, 75.0, finding("2024-03", 90.0, **PLACE), True),
        ({**PLACE, "formule": "Premium"}, 75.0, finding("2024-03", 90.0, **PLACE), False),  # too little of it is there
        ({"region": "B"}, 150.0, finding("2024-03", 90.0, **PLACE), True),
        ({"region": "B"}, 400.0, finding("2024-03", 90.0, **PLACE), False),
        ({"region": "A"}, 90.0, finding("2024-03", 90.0, **PLACE), False),
        (PLACE, -90.0, finding("2024-03", 90.0, **PLACE), False),
        (PLACE, -90.0, finding("2023-03", 90.0, **PLACE), True),  # in the year of comparison: the gap is the opposite
        (PLACE, 90.0, finding("2022-03", 90.0, **PLACE), False),
        (PLACE, 90.0, finding("2024-03", 90.0, severite="attention", **PLACE), False),
        (PLACE, 90.0, finding("2024-03", 90.0), False),  # of no place
    ],
)
def test_a_segment_made_by_a_data_error(conditions, ecart, found, told):
    assert bool(find_error(found, conditions, ecart, NOW, BEFORE)) == told


def test_findings_kept_before_they_had_a_place_say_nothing():
    old = finding("2024-03", 90.0, **PLACE).drop(columns=["filtres", "effets"])
    assert find_error(old, PLACE, 90.0, NOW, BEFORE) == ""


def test_the_mutual_of_tests_has_no_place():
    found = find_causes(make_dataset(60, seed=11), "prestation", NOW, BEFORE)
    assert found.table.empty
    assert found.cells == 18


def test_unknown_amounts_are_accounted_for_and_are_no_place():
    base = make_dataset(48)
    months = base.months
    now = Selection(months[-12], months[-1])
    before = comparison_period(now)
    care = base.prestation
    late = (care["region"] == "A") & (care["poste"] == "optique") & (care["mois"] >= months[-12])
    blank = replace(base, prestation=care.assign(prestation=care["prestation"].mask(late)))
    found = find_causes(blank, "prestation", now, before)
    lost = care.loc[(care["region"] == "A") & (care["poste"] == "optique") & care["mois"].between(
        before.debut, before.fin), "prestation"].sum()  # fmt: skip
    assert found.inconnu == pytest.approx(-lost)
    assert found.table.empty
    assert found.cells == 16
    parts = found.ajustement + found.commun + found.table["ecart"].sum() + found.reste + found.inconnu
    assert parts == pytest.approx(found.total)
    assert found.total == pytest.approx(build_constat(blank, "prestation", now).ecart)
    bare = care.groupby(["mois", "region"], as_index=False)[["actes", "prestation"]].sum()
    numbers = bare[["actes", "prestation"]].mask((bare["region"] == "A") & (bare["mois"] >= months[-12]))
    leaves = build_leaves(replace(base, prestation=bare.assign(**numbers)), "prestation", now, before)
    amounts = leaves.after.set_index("region")["prestation"]
    assert np.isnan(amounts["A"])  # covered, with rows that say nothing: not a zero
    unclaimed = replace(base, prestation=bare[(bare["region"] != "A") | (bare["mois"] < months[-12])])
    assert build_leaves(unclaimed, "prestation", now, before).after.set_index("region")["prestation"]["A"] == 0.0
