"""From one deposit to the next: what is added, and what has changed of the past."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from analytics.schema import Dataset
from data.checks import compare_deposits, compare_quality, quality_summary, run_checks

MONTHS = pd.date_range("2023-01-01", periods=12, freq="MS")


def make(months=MONTHS, postes=("Optique", "Dentaire"), **amounts: float) -> Dataset:
    rows = [(m, p, amounts.get(f"{m:%Y_%m}", 100.0)) for m in months for p in postes]
    frame = pd.DataFrame(rows, columns=["mois", "poste", "prestation"]).astype({"poste": "category"})
    return Dataset(pd.DataFrame({"mois": MONTHS[:0]}), frame, date_basis="paiement", as_of=months[-1], source="a.csv")


def summary(dataset: Dataset) -> dict:
    return quality_summary(dataset, run_checks(dataset))


def test_a_summary_is_plain_json_and_small(clean_demo):
    told = summary(clean_demo)
    text = json.dumps(told, allow_nan=False)
    assert json.loads(text) == told
    assert len(text) < 100_000
    months = clean_demo.prestation.groupby("mois")["prestation"].sum()
    assert told["totaux"]["prestation.prestation"]["2024-05"] == pytest.approx(months["2024-05-01"], abs=0.01)


def test_the_same_file_twice_changes_nothing():
    told = summary(make())
    assert compare_deposits(told, told).empty
    assert (compare_quality(told, told)["ecart"] == 0).all()


def test_months_added_and_a_past_month_that_moved():
    before = summary(make(MONTHS[:11]))
    after = summary(make(**{"2023_03": 130.0}))
    found = compare_deposits(before, after)
    assert found["nature"].tolist() == ["mois ajouté", "total modifié"]
    assert found["valeur"].tolist() == ["2023-12", "2023-03"]
    moved = found.iloc[1]
    assert (moved["avant"], moved["apres"], moved["ecart"]) == (200.0, 260.0, 60.0)
    assert moved["part"] == pytest.approx(0.3)
    assert moved["phrase"].startswith("Mars\u00a02023")


def test_the_largest_change_comes_first():
    found = compare_deposits(summary(make()), summary(make(**{"2023_03": 101.0, "2023_08": 10.0})))
    assert found["valeur"].tolist() == ["2023-08", "2023-03"]


def test_a_difference_of_rounding_is_no_change():
    assert compare_deposits(summary(make()), summary(make(**{"2023_03": 100.004}))).empty


def test_values_and_measures_that_come_and_go():
    after = make(postes=("Optique", "Cure"))
    cure = after.prestation["poste"] == "Cure"
    amounts = after.prestation["prestation"].where(~cure, 20.0)
    after = replace(after, prestation=after.prestation.assign(actes=3.0, prestation=amounts))
    found = compare_deposits(summary(make()), summary(after))
    told = {(r.nature, r.colonne, r.valeur) for r in found.itertuples() if r.nature != "total modifié"}
    assert told == {
        ("valeur disparue", "poste", "Dentaire"),
        ("valeur apparue", "poste", "Cure"),
        ("mesure apparue", "prestation.actes", ""),
    }


def test_a_value_under_another_name_with_the_same_amounts_is_renamed():
    found = compare_deposits(summary(make()), summary(make(postes=("Optique", "Soins dentaires"))))
    assert found["nature"].tolist() == ["valeur recodée"]
    assert found.loc[0, "valeur"] == "Dentaire → Soins dentaires"
    assert found.loc[0, ["avant", "apres", "ecart"]].tolist() == [100.0, 100.0, 0.0]


def test_a_column_that_is_no_longer_there_is_told_once():
    base = make()
    found = compare_deposits(summary(base), summary(replace(base, prestation=base.prestation.drop(columns="poste"))))
    assert found[["nature", "colonne"]].to_numpy().tolist() == [["colonne disparue", "poste"]]
    assert found.loc[0, "phrase"] == "Colonne disparue : Poste."


def test_a_month_that_disappears_is_told_first():
    found = compare_deposits(summary(make()), summary(make(MONTHS[1:])))
    assert (found["nature"].iloc[0], found["valeur"].iloc[0]) == ("mois disparu", "2023-01")


def test_a_total_that_becomes_unknown_is_not_zero():
    base = make()
    gone = base.prestation["prestation"].where(base.prestation["mois"] != MONTHS[2])
    found = compare_deposits(summary(base), summary(replace(base, prestation=base.prestation.assign(prestation=gone))))
    moved = found[found["nature"] == "total modifié"].iloc[0]
    assert moved["valeur"] == "2023-03"
    assert pd.isna(moved["apres"])
    assert "rien" in moved["phrase"]


def test_quality_moves_with_its_findings():
    holed = make([m for m in MONTHS if m.month != 6])
    table = compare_quality(summary(make()), summary(holed)).set_index("pilier")
    assert table.loc["Actualité", ["avant", "apres", "ecart"]].tolist() == [100, 60, -40]
    assert table.loc["Actualité", "nouveaux"] == "actualite.mois_manquants"
    back = compare_quality(summary(holed), summary(make())).set_index("pilier")
    assert back.loc["Actualité", "resolus"] == "actualite.mois_manquants"
