"""Fair comparisons: hand-counted working days, and groups that come and go without moving the figure of the others."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.descriptive import compare_periods, compute_total
from analytics.descriptive.comparable import (
    ELASTICITES,
    compare_constant_scope,
    compare_working_days,
    group_dimensions,
)
from analytics.indicators import INDICATORS
from analytics.schema import Dataset, Selection
from analytics.working_days import working_days
from tests.samples import make_dataset

SMALL = make_dataset()

NOVEMBER = Selection(pd.Timestamp(2024, 11, 1), pd.Timestamp(2024, 11, 1))
YEAR = Selection(pd.Timestamp(2024, 1, 1), pd.Timestamp(2024, 12, 1))
# November 2024: 21 weekdays less Friday 1st and Monday 11th; November 2023: 22 less Wednesday 1st (11th: Saturday).
DAYS, DAYS_BEFORE = 19, 21


def total(dataset, key, selection):
    return float(compute_total(dataset, key, selection=selection)["valeur"].iloc[0])


@pytest.mark.parametrize("basis", ["soins", "paiement"])
def test_november_by_hand(small, basis):
    dataset = replace(small, date_basis=basis)
    found = compare_working_days(dataset, "prestation", selection=NOVEMBER)
    assert (found.jours, found.jours_reference, found.raison) == (DAYS, DAYS_BEFORE, "")
    expected = total(dataset, "prestation", NOVEMBER) * (DAYS_BEFORE / DAYS) ** ELASTICITES[basis]
    assert found.valeur == pytest.approx(expected, rel=1e-12)
    raw = compare_periods(dataset, "prestation", selection=NOVEMBER).iloc[0]
    assert found.reference == raw["reference"]
    assert found.evolution == pytest.approx(expected / raw["reference"] - 1)


def test_only_care_is_corrected(small):
    lift = (DAYS_BEFORE / DAYS) ** ELASTICITES["paiement"]
    paid, premium = (total(small, key, NOVEMBER) for key in ("prestation", "cotisation"))
    heads = total(small, "beneficiaires", NOVEMBER)
    for key, expected in (
        ("ratio_pc", paid * lift / premium),
        ("resultat_technique", premium - paid * lift),
        ("consommation", paid * lift / heads),
        ("frequence", total(small, "frequence", NOVEMBER) * lift),
    ):
        assert compare_working_days(small, key, selection=NOVEMBER).valeur == pytest.approx(expected), key


@pytest.mark.parametrize(
    "key", ["cotisation", "beneficiaires", "cout_moyen", "taux_couverture", "reste_a_charge_moyen"]
)
def test_what_does_not_depend_on_working_days_says_so(small, key):
    found = compare_working_days(small, key, selection=NOVEMBER)
    assert np.isnan(found.valeur)
    assert found.raison == "les jours ouvrés n’y changent rien"


def test_no_correction_without_the_kind_of_date_or_without_reference(small):
    undated = compare_working_days(replace(small, date_basis=None), "prestation", selection=NOVEMBER)
    assert "de soins ou de paiement" in undated.raison
    first = Selection(small.months[0], small.months[2])
    assert compare_working_days(small, "prestation", selection=first).raison != ""


@pytest.mark.parametrize("comparison", ["N-1", "M-1"])
def test_a_growth_hidden_by_working_days_is_found_exactly(comparison):
    months = pd.date_range("2022-01-01", "2024-12-01", freq="MS")
    level = np.where(months >= pd.Timestamp(2024, 7, 1) if comparison == "M-1" else months >= YEAR.debut, 1.03, 1.0)
    paid = 1000 * working_days(months) ** ELASTICITES["soins"] * level
    care = pd.DataFrame({"mois": months, "prestation": paid})
    dataset = Dataset(pd.DataFrame({"mois": months[:0]}), care, date_basis="soins")
    debut = pd.Timestamp(2024, 7, 1) if comparison == "M-1" else YEAR.debut
    found = compare_working_days(dataset, "prestation", selection=Selection(debut, YEAR.fin, {}, comparison))
    assert found.evolution == pytest.approx(0.03, abs=1e-12)


def grown(dataset, months, region="D", heads=500.0, spending=9_000.0):
    """The dataset with one more region on those months."""
    rows = [(m, region, "individuel", heads, heads * 40) for m in months]
    care = [(m, region, "individuel", "dentaire", 90, spending * 2, spending * 0.8, spending) for m in months]
    return replace(
        dataset,
        cotisation=pd.concat([dataset.cotisation, pd.DataFrame(rows, columns=dataset.cotisation.columns)]),
        prestation=pd.concat([dataset.prestation, pd.DataFrame(care, columns=dataset.prestation.columns)]),
    )


@pytest.mark.parametrize("key", ["prestation", "cotisation", "ratio_pc", "consommation", "cout_moyen"])
def test_a_group_opened_in_the_year_is_left_out_and_said(small, key):
    larger = grown(small, pd.date_range("2024-06-01", "2024-12-01", freq="MS"))
    found = compare_constant_scope(larger, key, selection=YEAR)
    alone = compare_periods(small, key, selection=YEAR).iloc[0]
    assert (found.valeur, found.reference) == pytest.approx((alone["valeur"], alone["reference"]))
    assert (found.arrives, found.partis, found.moved, found.raison) == (1, 0, True, "")
    assert found.dimensions == ("contrat", "region")
    if key == "prestation":
        assert found.montant_arrive == pytest.approx(7 * 9_000)
        assert found.montant_parti == pytest.approx(0)


def test_a_group_closed_counts_on_its_common_months_only(small):
    """Present the whole of 2023 and until March 2024: three months are compared, nine of 2023 are left out."""
    larger = grown(small, pd.date_range("2023-01-01", "2024-03-01", freq="MS"))
    found = compare_constant_scope(larger, "prestation", selection=YEAR)
    alone = compare_periods(small, "prestation", selection=YEAR).iloc[0]
    assert found.valeur == pytest.approx(alone["valeur"] + 3 * 9_000)
    assert found.reference == pytest.approx(alone["reference"] + 3 * 9_000)
    assert (found.arrives, found.partis, found.montant_parti) == (0, 1, pytest.approx(9 * 9_000))


@settings(max_examples=15, deadline=None)
@given(
    st.sets(st.integers(0, 23), min_size=1, max_size=23),
    st.integers(1, 10**6),
)
def test_what_is_on_one_side_never_moves_the_figure(months, spending):
    """Whatever its months and its size, a group only weighs through the months that it has on both sides."""
    base = SMALL
    calendar = pd.date_range("2023-01-01", "2024-12-01", freq="MS")
    larger = grown(base, [calendar[i] for i in sorted(months)], spending=float(spending))
    found = compare_constant_scope(larger, "prestation", selection=YEAR)
    alone = compare_periods(base, "prestation", selection=YEAR).iloc[0]
    common = sum(1 for m in months if m < 12 and m + 12 in months)
    assert found.valeur == pytest.approx(alone["valeur"] + common * spending)
    assert found.reference == pytest.approx(alone["reference"] + common * spending)
    assert found.moved == (len(months) != 2 * common)


def test_a_filter_on_care_keeps_the_groups(small):
    larger = grown(small, pd.date_range("2024-06-01", "2024-12-01", freq="MS"))
    picked = replace(YEAR, filtres={"poste": ("dentaire",)})
    found = compare_constant_scope(larger, "consommation", selection=picked)
    alone = compare_periods(small, "consommation", selection=picked).iloc[0]
    assert (found.valeur, found.reference) == pytest.approx((alone["valeur"], alone["reference"]))
    picked = replace(YEAR, filtres={"region": ("A", "D")})
    found = compare_constant_scope(larger, "cotisation", selection=picked)
    assert found.arrives == 1
    assert found.valeur == pytest.approx(total(small, "cotisation", replace(YEAR, filtres={"region": ("A",)})))


def test_without_members_only_a_whole_value_opens(small):
    """A small crossing without care in a month is no closing; a poste that appears is an opening."""
    bare = replace(small, cotisation=pd.DataFrame({"mois": small.months[:0]}))
    care = bare.prestation
    hole = (care["region"] == "C") & (care["contrat"] == "collectif") & (care["mois"] >= "2024-10-01")
    thinner = replace(bare, prestation=care[~hole])
    assert not compare_constant_scope(thinner, "prestation", selection=YEAR).moved
    fresh = replace(bare, prestation=care[(care["poste"] != "optique") | (care["mois"] >= "2024-04-01")])
    found = compare_constant_scope(fresh, "prestation", selection=YEAR)
    kept = replace(YEAR, filtres={"poste": ("dentaire", "pharmacie")})
    assert (found.arrives, found.partis) == (1, 0)
    assert found.valeur == pytest.approx(total(fresh, "prestation", kept))


def test_no_group_no_reference_no_figure(small):
    lump = small.prestation.groupby("mois", as_index=False)["prestation"].sum()
    plain = replace(small, prestation=lump, cotisation=pd.DataFrame({"mois": small.months[:0]}))
    assert group_dimensions(plain, INDICATORS["prestation"]) == ((), False)
    assert "pas de groupe" in compare_constant_scope(plain, "prestation", selection=YEAR).raison
    first = Selection(small.months[0], small.months[0])
    assert compare_constant_scope(small, "prestation", selection=first).raison != ""


def test_categories_and_texts_make_the_same_groups(small):
    larger = grown(small, pd.date_range("2024-06-01", "2024-12-01", freq="MS"))
    coded = replace(larger, cotisation=larger.cotisation.astype({"region": "category", "contrat": "category"}))
    assert compare_constant_scope(coded, "ratio_pc", selection=YEAR) == compare_constant_scope(
        larger, "ratio_pc", selection=YEAR
    )


@pytest.mark.parametrize("covered", [True, False])
def test_periods_of_24_months_overlap_and_no_row_counts_twice(covered):
    """A and B spend 100 a month each; C opens in June 2023: 24 × 200 on both sides, whatever C does."""
    months = pd.date_range("2021-01-01", "2023-12-01", freq="MS")
    rows = [(m, c) for c in "ABC" for m in months if c != "C" or m >= pd.Timestamp(2023, 6, 1)]
    table = pd.DataFrame(rows, columns=["mois", "contrat"])
    members = table.assign(beneficiaires=10.0) if covered else pd.DataFrame({"mois": months[:0]})
    dataset = Dataset(members, table.assign(prestation=100.0), date_basis="soins")
    period = Selection(pd.Timestamp(2022, 1, 1), pd.Timestamp(2023, 12, 1))
    found = compare_constant_scope(dataset, "prestation", selection=period)
    assert (found.valeur, found.reference, found.evolution) == (4800, 4800, 0)
    assert (found.arrives, found.montant_arrive, found.montant_parti) == (1, 700, 0)
