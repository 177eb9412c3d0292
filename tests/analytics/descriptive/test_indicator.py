from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.descriptive import compare_periods, comparison_period, compute_indicator, compute_total
from analytics.errors import ParameterError
from analytics.indicators import available_indicators
from analytics.schema import Selection
from tests.samples import allocate_premiums


def brute(dataset, key, mois, **filters):
    """The definition, on plain masks."""
    care = dataset.prestation[dataset.prestation["mois"] == mois]
    contracts = dataset.cotisation[dataset.cotisation["mois"] == mois]
    for dimension, value in filters.items():
        care = care[care[dimension] == value]
        if dimension in contracts:
            contracts = contracts[contracts[dimension] == value]
    p, f, a, n = (care[c].sum() for c in ("prestation", "frais_reels", "remboursement_amo", "actes"))
    c, b = contracts["cotisation"].sum(), contracts["beneficiaires"].sum()
    return {
        "prestation": p, "cotisation": c, "ratio_pc": p / c, "consommation": p / b, "frequence": n / (b / 12),
        "cout_moyen": p / n, "reste_a_charge_moyen": (f - a - p) / n, "taux_couverture": p / (f - a),
        "resultat_technique": c - p,
    }[key]  # fmt: skip


@pytest.mark.parametrize(
    "key",
    ["prestation", "cotisation", "ratio_pc", "consommation", "frequence", "cout_moyen", "reste_a_charge_moyen",
     "taux_couverture", "resultat_technique"],
)  # fmt: skip
def test_against_the_definition(small, key):
    table = compute_indicator(small, key, by=("region",))
    assert list(table.columns) == ["region", "mois", "valeur", "numerateur", "denominateur", "raison"]
    assert len(table) == 3 * 60
    for row in table.sample(20, random_state=1).itertuples():
        assert row.valeur == pytest.approx(brute(small, key, row.mois, region=row.region))


def test_exposure_of_a_poste_is_that_of_its_cell(small):
    table = compute_indicator(small, "consommation", by=("poste", "region"))
    row = table.iloc[7]
    assert row["valeur"] == pytest.approx(
        brute(small, "consommation", row["mois"], poste=row["poste"], region=row["region"])
    )
    mois = pd.Timestamp("2022-05-01")
    filtered = compute_indicator(small, "frequence", selection=Selection(mois, mois, {"poste": ("optique",)}))
    assert filtered["valeur"].item() == pytest.approx(brute(small, "frequence", mois, poste="optique"))


def test_premiums_that_are_not_split_give_no_ratio_by_poste(small):
    for options in ({"by": ("poste",)}, {"selection": Selection(filtres={"poste": ("dentaire",)})}):
        table = compute_indicator(small, "ratio_pc", **options)
        assert table["valeur"].isna().all()
        assert table["raison"].str.contains("n’est pas ventilé par poste").all()


def test_allocated_premiums_give_the_ratio_by_poste(small):
    allocated = allocate_premiums(small)
    table = compute_total(allocated, "ratio_pc", by=("poste",)).set_index("poste")
    paid = small.prestation.groupby("poste")["prestation"].sum()
    assert table.loc["dentaire", "valeur"] == pytest.approx(
        paid["dentaire"] / (0.4 * small.cotisation["cotisation"].sum())
    )
    whole = compute_total(allocated, "consommation", by=("poste",)).set_index("poste")["denominateur"]
    assert whole.tolist() == pytest.approx([small.cotisation["beneficiaires"].sum()] * 3)


def test_missing_column_gives_a_reason_not_a_number(small):
    bare = replace(small, prestation=small.prestation.drop(columns="actes"))
    table = compute_indicator(bare, "cout_moyen")
    assert len(table) == 60
    assert table["valeur"].isna().all()
    assert (table["raison"] == "il manque la colonne « Actes »").all()


def test_zero_denominator(small):
    care = small.prestation.copy()
    care.loc[care["mois"] == "2021-01-01", "actes"] = 0
    table = compute_indicator(replace(small, prestation=care), "cout_moyen").set_index("mois")
    assert np.isnan(table.loc["2021-01-01", "valeur"])
    assert table.loc["2021-01-01", "raison"] == "dénominateur nul"
    assert table.drop(pd.Timestamp("2021-01-01"))["valeur"].notna().all()


def test_missing_is_not_zero(small):
    care = small.prestation.copy()
    care.loc[care["mois"] == "2021-01-01", "prestation"] = np.nan
    table = compute_indicator(replace(small, prestation=care), "prestation").set_index("mois")
    assert np.isnan(table.loc["2021-01-01", "valeur"])
    assert table.loc["2021-01-01", "raison"]


def test_parts_sum_to_the_whole_for_any_split(small):
    whole = compute_indicator(small, "prestation").set_index("mois")["valeur"]
    for by in (("poste",), ("region", "contrat"), ("poste", "region", "contrat")):
        parts = compute_indicator(small, "prestation", by=by).groupby("mois")["valeur"].sum()
        pd.testing.assert_series_equal(parts, whole, check_names=False)


def test_categories_and_text_give_the_same_table(small):
    coded = replace(
        small,
        prestation=small.prestation.astype({"region": "category", "poste": "category"}),
        cotisation=small.cotisation.astype({"region": "category"}),
    )
    for key in ("ratio_pc", "consommation"):
        by = ("region",) if key == "ratio_pc" else ("region", "poste")
        pd.testing.assert_frame_equal(compute_indicator(coded, key, by=by), compute_indicator(small, key, by=by))


@pytest.mark.parametrize("shared_out", [False, True], ids=["whole premiums", "premiums by poste"])
def test_every_available_indicator_runs_by_every_dimension(small, shared_out):
    dataset = allocate_premiums(small) if shared_out else small
    for indicator in available_indicators(dataset):
        for dimension in dataset.dimensions:
            for compute in (compute_indicator, compute_total):
                table = compute(dataset, indicator.key, by=(dimension,))
                assert len(table) >= 2
                assert (table["valeur"].notna() | (table["raison"] != "")).all()


def test_a_filter_on_care_keeps_the_members(small):
    kept = allocate_premiums(small).filtered(Selection(filtres={"poste": ("dentaire",)}))
    assert kept.cotisation["beneficiaires"].sum() == pytest.approx(small.cotisation["beneficiaires"].sum())
    assert kept.cotisation["cotisation"].sum() == pytest.approx(0.4 * small.cotisation["cotisation"].sum())


YEAR_2024 = Selection(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-01"))


def test_a_period_with_a_hole_is_not_compared(small):
    care = small.prestation[small.prestation["mois"] != "2023-05-01"]
    row = compare_periods(replace(small, prestation=care), "prestation", selection=YEAR_2024).iloc[0]
    assert np.isfinite(row["valeur"])
    assert np.isnan(row["reference"])
    assert "manque un mois" in row["raison"]


def test_a_ratio_of_months_that_differ_is_refused(small):
    care = small.prestation[small.prestation["mois"] != "2024-05-01"]
    row = compare_periods(replace(small, prestation=care), "ratio_pc", selection=YEAR_2024).iloc[0]
    assert np.isnan(row["valeur"])
    assert "ne couvrent pas les mêmes mois" in row["raison"]


def test_unknown_dimension(small):
    with pytest.raises(ParameterError, match="Dimension absente"):
        compute_indicator(small, "prestation", by=("departement",))


def test_comparison_periods():
    selection = Selection(pd.Timestamp("2024-02-01"), pd.Timestamp("2024-04-01"))
    before = comparison_period(selection)
    assert (before.debut, before.fin) == (pd.Timestamp("2023-02-01"), pd.Timestamp("2023-04-01"))
    just_before = comparison_period(Selection(selection.debut, selection.fin, {}, "M-1"))
    assert (just_before.debut, just_before.fin) == (pd.Timestamp("2023-11-01"), pd.Timestamp("2024-01-01"))
    with pytest.raises(ParameterError, match="Comparaison inconnue"):
        comparison_period(Selection(selection.debut, selection.fin, {}, "budget"))


def test_compare_by_region(small):
    selection = Selection(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-01"))
    table = compare_periods(small, "prestation", by=("region",), selection=selection).set_index("region")
    care = small.prestation.assign(annee=small.prestation["mois"].dt.year)
    yearly = care.groupby(["region", "annee"])["prestation"].sum().unstack()
    assert table["valeur"].to_dict() == pytest.approx(yearly[2024].to_dict())
    assert table["ecart"].to_dict() == pytest.approx((yearly[2024] - yearly[2023]).to_dict())
    assert table["evolution"].to_dict() == pytest.approx((yearly[2024] / yearly[2023] - 1).to_dict())
