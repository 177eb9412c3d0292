"""Cells that hold nothing: missing euros where an amount is empty, nothing missing where only its place is unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analytics.diagnostic.data_errors import touching_errors
from analytics.schema import Dataset, Selection
from data.checks import run_checks
from tests.data.test_checks_places import BEFORE, YEAR, T, assert_told, where


def emptied(dataset: Dataset, gone: np.ndarray, column: str = "prestation") -> Dataset:
    return replace(dataset, prestation=dataset.prestation.assign(**{column: dataset.prestation[column].mask(gone)}))


def test_empty_amounts_weigh_what_their_lines_hold_elsewhere(clean_demo):
    frame = clean_demo.prestation
    spoilt = emptied(clean_demo, where(frame, poste="optique") & (frame["mois"] >= T("2024-01-01")).to_numpy())
    row = assert_told(clean_demo, spoilt, "lots", near=0.1, exact=False, debut=T("2024-01-01"))
    assert "vide" in row["message"]
    found = run_checks(spoilt)
    assert touching_errors(found, replace(YEAR, filtres={"poste": ("pharmacie",)}), BEFORE).empty
    earlier = Selection(T("2023-06-01"), T("2023-12-01")), Selection(T("2022-06-01"), T("2022-12-01"))
    assert "lots" not in set(touching_errors(found, *earlier)["famille"])


def test_acts_of_unknown_amounts_are_no_change_of_unit():
    lines = pd.DataFrame([(m, r) for m in pd.date_range("2023-01-01", periods=24, freq="MS") for r in "AB" * 100])
    lines.columns = ["mois", "region"]
    hole = ((lines["region"] == "A") & (lines["mois"] == "2023-12-01")).to_numpy()
    amounts = np.where(hole & (np.cumsum(hole) > 1), np.nan, 10.0)  # one act in a hundred has its ten euros
    care = lines.assign(region=lines["region"].astype("category"), actes=1.0, prestation=amounts)
    cover = pd.DataFrame({"mois": lines["mois"].unique(), "cotisation": 5e3, "beneficiaires": 50.0})
    found = set(run_checks(Dataset(cover, care, date_basis="paiement"))["code"])
    assert "exhaustivite.valeurs_manquantes" in found
    assert "exactitude.changement_unite" not in found


def test_lines_without_poste_or_month_of_payment_keep_their_amounts(clean_demo):
    frame = clean_demo.prestation
    named = frame["poste"].cat.rename_categories({"optique": "Non renseigné"})
    unpaid = frame["mois_paiement"].mask(frame.index % 9 == 0)
    found = run_checks(replace(clean_demo, prestation=frame.assign(poste=named, mois_paiement=unpaid)))
    told = found[found["code"] == "exhaustivite.valeurs_manquantes"]
    assert set(told["colonne"]) == {"poste", "mois_paiement"}
    assert not set(touching_errors(told, YEAR, BEFORE)["code"])
    assert (told["effets"] != "").all()  # placed: the answer stays open for nothing


def test_measures_on_rows_of_their_own_are_not_empty(clean_demo):
    cover = clean_demo.cotisation
    apart = pd.concat([cover.drop(columns="cotisation"), cover[["mois", "region", "cotisation"]]], ignore_index=True)
    found = run_checks(replace(clean_demo, cotisation=apart.astype({"region": "category"})))
    told = found[found["code"].eq("exhaustivite.valeurs_manquantes") & found["table"].eq("cotisation")]
    assert "cotisation" not in set(told["colonne"])


def test_acts_that_are_empty_have_no_euros(clean_demo):
    found = run_checks(emptied(clean_demo, where(clean_demo.prestation, mois="2024-03-01"), "actes"))
    row = found.set_index("code").loc["exhaustivite.valeurs_manquantes"]
    assert (row["effets"], row["mois_debut"], row["mois_fin"]) == ("", "2024-03", "2024-03")
    assert len(touching_errors(found, YEAR, BEFORE, measures=("actes",))) == 1
    assert touching_errors(found, YEAR, BEFORE).empty
