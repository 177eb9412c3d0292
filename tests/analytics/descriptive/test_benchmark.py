"""The user's own figures on the base and the year of the published ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.bases import Rates
from analytics.descriptive.benchmark import own_figures, own_shares, without_tax
from tests.samples import make_dataset

TAX = Rates(taxe=0.1327, source_taxe="essai")


@pytest.fixture(scope="module")
def dataset():
    return make_dataset(30, seed=1)  # January 2020 to June 2022


def figures(premiums, years=(2020, 2021, 2022), filtres=None, known=None):
    months = premiums.dataset.months if known is None else known
    table = own_figures(premiums, years, known=months, filtres=filtres or {})
    return table.set_index(["indicateur", "annee"])


def test_figures_are_sums_of_the_civil_year(dataset):
    found = figures(without_tax(dataset))
    care = dataset.prestation.groupby(dataset.prestation["mois"].dt.year)["prestation"].sum()
    premiums = dataset.cotisation.groupby(dataset.cotisation["mois"].dt.year)["cotisation"].sum()
    assert found.loc[("retour_sur_cotisations", 2021), "valeur"] == pytest.approx(care[2021] / premiums[2021])
    assert found.loc[("evolution_prestations", 2021), "valeur"] == pytest.approx(care[2021] / care[2020] - 1)
    assert found.loc[("evolution_cotisations", 2021), "valeur"] == pytest.approx(0.0)


def test_years_not_whole_say_why(dataset):
    found = figures(without_tax(dataset))
    assert np.isnan(found.loc[("retour_sur_cotisations", 2022), "valeur"])
    assert "toute l’année 2022" in found.loc[("retour_sur_cotisations", 2022), "raison"]
    assert "2019" in found.loc[("evolution_prestations", 2020), "raison"]
    assert "Frais de gestion" in found.loc[("charges_gestion", 2021), "raison"]
    muted = figures(without_tax(dataset), known=dataset.months[:22])
    assert "pas encore assez connus" in muted.loc[("retour_sur_cotisations", 2021), "raison"]


def test_taxed_premiums_are_not_compared_until_converted(dataset):
    taxed = replace(dataset, base="TTC")
    plain, converted = without_tax(taxed), without_tax(taxed, rates=TAX)
    assert not plain.matched
    assert "base" in figures(plain).loc[("retour_sur_cotisations", 2021), "raison"]
    assert figures(plain).loc[("evolution_cotisations", 2021), "valeur"] == pytest.approx(0.0)
    assert converted.matched
    assert "13,27" in converted.phrase
    ratio = figures(without_tax(dataset)).loc[("retour_sur_cotisations", 2021), "valeur"]
    assert figures(converted).loc[("retour_sur_cotisations", 2021), "valeur"] == pytest.approx(ratio * 1.1327)


def test_taxes_of_the_file_are_taken_before_any_rate(dataset):
    taxed = replace(
        dataset, base="TTC", cotisation=dataset.cotisation.assign(taxes=dataset.cotisation["cotisation"] / 5)
    )
    found = without_tax(taxed, rates=TAX)
    assert found.dataset.cotisation["cotisation"].sum() == pytest.approx(0.8 * dataset.cotisation["cotisation"].sum())
    assert "votre fichier" in found.phrase
    assert taxed.cotisation["cotisation"].sum() == dataset.cotisation["cotisation"].sum()


def test_other_bases(dataset):
    assert not without_tax(replace(dataset, base="nette"), rates=TAX).matched
    untold = replace(dataset, base=None)
    assert not without_tax(untold, rates=TAX).matched
    assert without_tax(untold, base="HT").matched
    assert without_tax(untold, rates=TAX, base="TTC").matched


def test_perimeter_is_kept(dataset):
    found = figures(without_tax(dataset), filtres={"region": ("A",)})
    care = dataset.prestation.query("region == 'A' and mois.dt.year == 2021")["prestation"].sum()
    premiums = dataset.cotisation.query("region == 'A' and mois.dt.year == 2021")["cotisation"].sum()
    assert found.loc[("retour_sur_cotisations", 2021), "valeur"] == pytest.approx(care / premiums)


def test_a_perimeter_closed_during_the_span_has_reasons_not_zeros(dataset):
    care = dataset.prestation[(dataset.prestation["region"] != "A") | (dataset.prestation["mois"].dt.year < 2021)]
    found = figures(without_tax(replace(dataset, prestation=care)), filtres={"region": ("A",)})
    for indicateur in ("evolution_prestations", "retour_sur_cotisations"):
        assert np.isnan(found.loc[(indicateur, 2021), "valeur"])
        assert found.loc[(indicateur, 2021), "raison"]


def test_shares_by_poste(dataset):
    names = {"dentaire": "dentaire", "optique": "optique"}
    options = {"known": dataset.months, "filtres": {}}
    table = own_shares(dataset, "part_poste", names, 2021, **options).set_index("poste")["valeur"]
    year = dataset.prestation[dataset.prestation["mois"].dt.year == 2021]
    by_poste = year.groupby("poste")[["prestation", "frais_reels"]].sum()
    assert table["dentaire"] == pytest.approx(by_poste.loc["dentaire", "prestation"] / by_poste["prestation"].sum())
    assert table.sum() < 1  # the pharmacy is not published here: the whole still counts it
    both = own_shares(dataset, "part_poste", {"dentaire": "x", "optique": "x"}, 2021, **options)
    assert both["valeur"].item() == pytest.approx(table.sum())
    financed = own_shares(dataset, "part_financee", names, 2021, **options).set_index("poste")["valeur"]
    assert financed.to_dict() == pytest.approx({"dentaire": 0.5, "optique": 0.5})
    absent = own_shares(dataset, "part_poste", {**names, "x": "audiologie"}, 2021, **options).set_index("poste")
    assert np.isnan(absent.loc["audiologie", "valeur"])
    late = own_shares(dataset, "part_poste", names, 2022, **options)
    assert late["valeur"].isna().all()
    assert late["raison"].str.contains("2022").all()
    poor = replace(dataset, prestation=dataset.prestation.drop(columns="frais_reels"))
    assert "Frais réels" in own_shares(poor, "part_financee", names, 2021, **options)["raison"].iloc[0]


def test_no_poste_column(dataset):
    bare = replace(dataset, prestation=dataset.prestation.drop(columns="poste"))
    table = own_shares(bare, "part_poste", {"a": "b"}, 2021, known=pd.DatetimeIndex(dataset.months), filtres={})
    assert "Poste" in table["raison"].item()


def test_unknown_taxes_do_not_pass_for_premiums_without_tax(dataset):
    taxes = dataset.cotisation["cotisation"] / 5
    taxed = replace(dataset, base="TTC", cotisation=dataset.cotisation.assign(taxes=taxes.mask(taxes.index % 40 == 0)))
    found = without_tax(taxed)
    assert found.matched
    np.testing.assert_allclose(found.dataset.cotisation["cotisation"], 0.8 * dataset.cotisation["cotisation"])
    poor = replace(taxed, cotisation=dataset.cotisation.assign(taxes=taxes.mask(taxes.index % 5 == 0)))
    assert not without_tax(poor).matched
    assert "ne sont connues que pour" in without_tax(poor).phrase
    assert without_tax(poor, rates=TAX).matched
