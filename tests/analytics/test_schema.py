from dataclasses import replace

import pandas as pd
import pytest

from analytics.errors import SchemaError
from analytics.schema import Dataset, Selection, dimensions_of, measures_of, validate


def test_a_good_dataset_passes(small):
    assert validate(small) is small
    assert small.dimensions == ("poste", "contrat", "region")
    assert small.main_measure == "prestation"
    assert len(small.months) == 60


def test_main_measure_falls_back(small):
    care = small.prestation.drop(columns="prestation")
    assert replace(small, prestation=care).main_measure == "frais_reels"
    assert replace(small, prestation=care.drop(columns="frais_reels")).main_measure == "remboursement_amo"
    assert replace(small, prestation=care[["mois", "actes"]]).main_measure is None


def test_dimensions_and_measures(small):
    assert dimensions_of(small.prestation) == ("region", "contrat", "poste")
    assert measures_of(small.cotisation) == ("beneficiaires", "cotisation")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(mois=f["mois"] + pd.Timedelta(days=3)), "premier jour"),
        (lambda f: f.assign(mois=f["mois"].astype("str")), "pas des dates"),
        (lambda f: f.assign(mois=f["mois"].where(f.index > 0)), "sans mois"),
        (lambda f: f.assign(prestation=f["prestation"].astype("str")), "pas un nombre"),
        (lambda f: f.drop(columns="mois"), "n’a pas de mois"),
    ],
)
def test_a_broken_table_is_refused(small, change, message):
    with pytest.raises(SchemaError, match=message):
        validate(replace(small, prestation=change(small.prestation)))


def test_without_money_nothing_can_be_done():
    care = pd.DataFrame({"mois": pd.to_datetime(["2024-01-01"]), "actes": [3]})
    with pytest.raises(SchemaError, match="Aucun montant"):
        validate(Dataset(pd.DataFrame({"mois": []}), care))


def test_unknown_base_or_date(small):
    with pytest.raises(SchemaError, match="Base"):
        validate(replace(small, base="brute"))
    with pytest.raises(SchemaError, match="date"):
        validate(replace(small, date_basis="facture"))


def test_selection_bounds_are_included_and_unknown_filters_ignored(small):
    selection = Selection(pd.Timestamp("2021-02-01"), pd.Timestamp("2021-03-01"), {"poste": ("optique",)})
    kept = small.filtered(selection)
    assert set(kept.prestation["mois"].dt.month) == {2, 3}
    assert set(kept.prestation["poste"]) == {"optique"}
    assert len(kept.cotisation) == 12
