"""Expected consumption: what cannot be modelled says why, odd files, and data that nobody simulated here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import data
from analytics.errors import InsufficientData, ParameterError
from analytics.predictive.consumption import fit_cells, fit_consumption
from analytics.predictive.consumption_check import _gini
from analytics.predictive.consumption_gather import gather_cells
from analytics.predictive.consumption_models import FLAT
from analytics.predictive.consumption_structure import Change, project_structure
from analytics.schema import Dataset, Selection
from tests.analytics.predictive.test_consumption import AGES, fitted, simulated, without
from tests.samples import make_dataset


@pytest.fixture(scope="module")
def known():
    return fitted(simulated())


# --- refused ----------------------------------------------------------------------------------------------------------


def _one_cell() -> Dataset:
    dataset = simulated()
    return dataset.filtered(Selection(filtres={"tranche_age": ("0-19",), "formule": ("Base",)}))


REFUSED = {
    "months": (lambda: simulated(months=23), "24 mois complets"),
    "no dimension": (lambda: without(simulated(), "tranche_age", "formule"), "aucune dimension"),
    "one cell": (_one_cell, "aucune dimension"),
    "negative": (lambda: _amounts(lambda a: -a), "ne sont pas positifs"),
    "zero": (lambda: _amounts(lambda a: a * 0), "ne sont pas positifs"),
}


def _amounts(change) -> Dataset:
    dataset = simulated()
    return replace(dataset, prestation=dataset.prestation.assign(prestation=change(dataset.prestation["prestation"])))


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_modelled_says_why(case):
    make, reason = REFUSED[case]
    found = fitted(make())
    assert found.models == ()
    assert found.verdict.reponse == "on ne peut pas dire"
    assert reason in found.verdict.phrase
    with pytest.raises(InsufficientData, match=reason):
        project_structure(found, Change())


def test_no_month_at_all():
    dataset = simulated()
    found = fit_consumption(dataset, months=pd.DatetimeIndex([]))
    assert "il y en a 0" in found.verdict.phrase


def test_no_member_is_an_error_in_french():
    dataset = simulated()
    members = dataset.cotisation.drop(columns="beneficiaires")
    with pytest.raises(ParameterError, match="Bénéficiaires"):
        fitted(replace(dataset, cotisation=members))
    with pytest.raises(ParameterError, match="deux tableaux"):
        fitted(dataset, by=["region"])


def test_a_hole_in_the_months_keeps_what_follows_it():
    dataset = simulated(months=48)
    months = dataset.months.delete(10)
    found = fit_consumption(dataset, months=months)
    assert found.cells.months == 37
    assert len(found.cells.blocks) == 3
    assert fit_consumption(dataset, months=dataset.months.delete(30)).models == ()


def test_some_negative_amounts_do_not_stop_it():
    dataset = without(simulated(), "actes")
    care = dataset.prestation.copy()
    care.loc[care.index[5::97], "prestation"] *= -0.2
    found = fitted(replace(dataset, prestation=care))
    assert found.verdict.reponse == "oui"
    total = project_structure(found, Change())["actuel"].iloc[-1]
    last = care.loc[care["mois"] >= found.cells.blocks[-1][0], "prestation"].sum()
    assert total == pytest.approx(last)


def test_rare_care_is_not_told_apart():
    dataset = simulated()
    rare = dataset.prestation[dataset.prestation["poste"] == "dentaire"].assign(poste="cure", actes=0, prestation=0.0)
    rare.iloc[::60, rare.columns.get_indexer(["actes", "prestation"])] = 1, 200.0
    found = fitted(replace(dataset, prestation=pd.concat([dataset.prestation, rare], ignore_index=True)))
    assert found.modeles.set_index("poste")["methode"]["cure"] == FLAT
    assert "cure" in found.notes[-1]
    table = project_structure(found, Change("tranche_age", ("60-79",), 0.05)).set_index("poste")
    assert table.loc["cure", "effet"] == pytest.approx(0)
    assert table.loc["cure", ["bas", "haut"]].isna().all()
    assert table.loc["ensemble", ["bas", "haut"]].notna().all()


def test_care_that_a_group_never_has_is_expected_at_zero():
    dataset = simulated()
    care = dataset.prestation.copy()
    never = (care["poste"] == "dentaire") & (care["tranche_age"] == "0-19")
    care.loc[never, ["actes", "prestation"]] = 0
    found = fitted(replace(dataset, prestation=care))
    row = found.relativites.query("valeur == '0-19' and poste == 'dentaire'").iloc[0]
    assert row["relativite"] == 0
    assert np.isnan(row["bas"])
    expected = found.table.query("tranche_age == '0-19' and poste == 'dentaire'")["attendu"]
    assert (expected == 0).all()


def test_dimensions_that_follow_from_others_are_left_out():
    dataset = simulated()
    same = {age: f"groupe {age}" for age in AGES}
    twice = replace(
        dataset,
        cotisation=dataset.cotisation.assign(region=dataset.cotisation["tranche_age"].map(same)),
        prestation=dataset.prestation.assign(region=dataset.prestation["tranche_age"].map(same)),
    )
    found = fitted(twice)
    assert found.by == ("tranche_age", "formule")
    assert any("se déduit" in note for note in found.notes)


def test_order_of_the_lines_and_unit_of_money_do_not_matter(known):
    dataset = simulated()
    care = dataset.prestation.sample(frac=1, random_state=1).assign(prestation=lambda t: t["prestation"] * 1000)
    other = fitted(replace(dataset, prestation=care, cotisation=dataset.cotisation.sample(frac=1, random_state=2)))
    columns = ["relativite", "bas", "haut"]
    np.testing.assert_allclose(other.relativites[columns], known.relativites[columns], rtol=1e-6)


def test_a_small_mutual_without_age_is_modelled():
    dataset = make_dataset(48)
    found = fitted(dataset)
    assert found.by == ("contrat", "region")
    assert found.verdict.reponse == "oui"
    table = found.relativites[found.relativites["poste"] == "ensemble"]
    assert table["relativite"].between(0.95, 1.05).all()  # nothing was planted


# --- real and simulated data ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo():
    return data.demo_dataset(until="2024-06")


def test_the_demo_is_calibrated_out_of_time(demo):
    found = fit_consumption(demo)
    assert found.by == ("tranche_age", "formule", "contrat", "region")
    assert found.verdict.reponse == "oui"
    assert len(found.calibration.table) == 10
    assert abs(found.calibration.total - 1) < 0.05
    assert found.calibration.lift > 1.5


def test_real_care_by_age_sex_and_region_is_foreseen(shared):
    """Open DAMIR, ages beyond 20 by decade, with Insee's persons: the structure of 2022-2023 is known from before."""
    folder = shared / "open_damir_mensuel"
    care = pd.read_csv(folder / "damir_mensuel_region_sexe_age_mois_soins_2019_2024.csv.gz", parse_dates=["date"])
    care = care[(care["tranche_age_code"] < 99) & care["sexe_code"].isin([1, 2]) & (care["date"] < "2024-01-01")]
    persons = pd.read_csv(folder / "population_2024_age_sexe.csv").set_index("Tranche_age")[["Hommes", "Femmes"]]
    ages = dict(zip(sorted(care["tranche_age_code"].unique()), persons.index, strict=True))
    care = care.groupby(["date", "sexe_code", "tranche_age_code"], as_index=False)["rac_apres_amo_eur"].sum()
    care["tranche_age"], care["sexe"] = care["tranche_age_code"].map(ages), care["sexe_code"].map({1: "H", 2: "F"})
    heads = persons.rename(columns={"Hommes": "H", "Femmes": "F"})
    care["beneficiaires"] = [float(heads.loc[a, s]) for a, s in zip(care["tranche_age"], care["sexe"], strict=True)]
    care = care.rename(columns={"date": "mois", "rac_apres_amo_eur": "prestation"})
    keys = ["mois", "tranche_age", "sexe"]
    dataset = Dataset(care[[*keys, "beneficiaires"]], care[[*keys, "prestation"]], date_basis="soins", source="damir")
    found = fitted(dataset, selection=Selection(debut=pd.Timestamp("2021-01-01")))
    assert found.by == ("tranche_age", "sexe")
    assert abs(found.calibration.total - 1) < 0.06
    ratios = found.calibration.table["rapport"] / found.calibration.total
    assert (ratios - 1).abs().max() < 0.06  # ages and sexes one beside another, on a year not seen
    old = found.relativites.query("valeur == '80+'")["relativite"].iloc[0]
    per_head = care[care["mois"].dt.year == 2023].groupby("tranche_age")[["prestation", "beneficiaires"]].sum()
    per_head = per_head["prestation"] / per_head["beneficiaires"]
    reference = found.relativites.query("dimension == 'tranche_age'")["reference"].iloc[0]
    assert old == pytest.approx(per_head["80+"] / per_head[reference], rel=0.15)


def test_cells_are_the_sums_of_the_file(demo):
    cells = gather_cells(demo)
    first, last = cells.blocks[-2]
    kept = demo.cotisation[(demo.cotisation["mois"] >= first) & (demo.cotisation["mois"] <= last)]
    age, formule = cells.factors.values[0].index("40-59"), cells.factors.values[1].index("Confort")
    inside = (cells.codes[:, 0] == age) & (cells.codes[:, 1] == formule)
    mask = (kept["tranche_age"] == "40-59") & (kept["formule"] == "Confort")
    assert cells.exposure[-2, inside].sum() == kept.loc[mask, "beneficiaires"].sum()
    again = fit_cells(cells)
    assert again.calibration.total == pytest.approx(fit_cells(cells).calibration.total)


def test_gini_of_a_perfect_order_is_that_of_the_amounts():
    """Against the definition: mean absolute difference over twice the mean, equal persons."""
    rng = np.random.default_rng(4)
    amounts = np.sort(rng.gamma(1.0, 10.0, 60))
    differences = np.abs(amounts[:, None] - amounts[None]).mean() / (2 * amounts.mean())
    assert _gini(np.ones(60), amounts) == pytest.approx(differences)
