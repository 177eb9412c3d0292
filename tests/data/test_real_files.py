"""Real French public files: Open DAMIR to the cent, a Belgian latin-1 file to its published reading."""

from __future__ import annotations

import gzip
from collections import Counter
from decimal import Decimal

import pandas as pd
import pytest

from analytics.errors import MappingError, ReadError
from data import load_dataset, propose_mapping, read_table
from data.checks import run_checks

DAMIR = "open_damir_mensuel/damir_mensuel_region_sexe_age_mois_soins_2019_2024.csv.gz"


@pytest.fixture(scope="module")
def damir_path(shared_module):
    return shared_module / DAMIR


@pytest.fixture(scope="module")
def shared_module(request):
    return request.getfixturevalue("shared")


@pytest.fixture(scope="module")
def damir(damir_path):
    return load_dataset(damir_path)


def exact_totals(path, column: int) -> Counter:
    """Totals by year in exact decimals, read with nothing of ours."""
    totals: Counter = Counter()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            cells = line.rstrip("\n").split(",")
            totals[cells[0][:4]] += Decimal(cells[column])
    return totals


def test_damir_columns(damir, damir_path):
    assert {k: v for k, v in damir.mapping.items() if not k.startswith("colonne:")} == {
        "date": "mois",
        "region_code": "region",
        "sexe_code": "sexe",
        "tranche_age_code": "tranche_age",
        "depense_payee_eur": "frais_reels",
        "remb_amo_eur": "remboursement_amo",
        "rac_apres_amo_eur": "reste_apres_amo",
    }
    assert damir.label("reste_apres_amo") == "Reste après AMO"
    assert "prestation" not in damir.prestation.columns
    assert damir.main_measure == "frais_reels"
    question = next(q for q in propose_mapping(read_table(damir_path)).questions if q.key == "date_basis")
    assert question.choices == {"soins": "Mois de soins", "paiement": "Mois de paiement"}
    assert damir.date_basis is None


@pytest.mark.parametrize(("measure", "column"), [("frais_reels", 4), ("remboursement_amo", 5), ("reste_apres_amo", 6)])
def test_damir_totals_by_year_to_the_cent(damir, damir_path, measure, column):
    exact = exact_totals(damir_path, column)
    ours = damir.prestation.groupby(damir.prestation["mois"].dt.year)[measure].sum()
    assert {str(y) for y in ours.index} == set(exact) == {str(y) for y in range(2019, 2025)}
    for year, value in ours.items():
        assert abs(Decimal(value) - exact[str(year)]) < Decimal("0.005")


def test_damir_months_codes_and_labels(damir):
    assert (damir.months == pd.date_range("2019-01-01", "2024-12-01", freq="MS")).all()
    assert pd.Timestamp("2020-04-01") in damir.months
    assert damir.as_of == pd.Timestamp("2024-12-01")
    assert {"9", "0", "1", "2"} >= set(damir.prestation["sexe"].cat.categories)
    assert "99" in set(damir.prestation["tranche_age"].cat.categories)
    assert damir.value_label("region", "11") == "Île-de-France"
    assert damir.value_label("sexe", "2") == "Femme"
    assert len(damir.prestation) == 17561
    assert damir.rejected.empty


def test_damir_april_2020_is_the_lockdown(damir):
    totals = damir.prestation.groupby("mois")["frais_reels"].sum()
    assert -0.45 < totals["2020-04-01"] / totals["2019-04-01"] - 1 < -0.30


def test_damir_truncated_december_is_told(damir):
    assert "actualite.derniers_mois" in set(run_checks(damir)["code"])


def test_damir_answer(damir_path):
    assert load_dataset(damir_path, mapping={"date_basis": "soins"}).date_basis == "soins"


def test_brussels_hotels_to_the_expected_reading(shared):
    table = read_table(shared / "messy_fr/19_bruxelles_hotels_latin1.csv")
    expected = pd.read_csv(shared / "messy_fr/attendu/19_serie_all_attendu.csv", parse_dates=["Date"])
    rows = table.tidy[(table.tidy["Classement"] == "All") & (table.tidy["Quartier"] == "All")].reset_index(drop=True)
    assert (table.dialect["encoding"], table.dialect["separator"], table.dialect["decimal"]) == ("cp1252", ";", ",")
    assert len(rows) == len(expected)
    assert (rows["Date"].to_numpy() == expected["Date"].to_numpy()).all()
    for column in ("Occupancy rate", "Average Price", "RevPAR"):
        assert rows[column].tolist() == pytest.approx(expected[column].tolist(), rel=1e-12)
    assert "Année" in table.frame.columns
    assert len(table.rejected) == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("open_damir_mensuel/damir_annuel_poste_2019_2024.csv", "que des années"),
        ("open_damir_mensuel/nomenclature_damir.csv", "date"),
    ],
)
def test_what_has_no_month_is_refused_clearly(shared, name, words):
    with pytest.raises((ReadError, MappingError), match=words) as caught:
        load_dataset(shared / name)
    assert caught.value.remede


@pytest.mark.parametrize("folder", ["open_damir_mensuel", "insee_ipc_sante", "chiffres_drees_ocam", "usecase_ibnr"])
def test_every_line_of_the_real_files_is_accounted_for(shared, folder):
    paths = sorted((shared / folder).glob("*.csv"))
    assert paths
    for path in paths:
        table = read_table(path)
        numbers = [*table.lines.unique(), *table.rejected["ligne"], *table.left_out["ligne"]]
        assert sorted([*numbers, *table.dialect["header_rows"]]) == list(range(1, table.dialect["lignes"] + 1)), (
            path.name
        )
        assert set(table.rejected["valeur"]) <= {"inconnu (0000-00)", "avant 2022 (solde)"}, path.name
        assert not [q for q in table.questions if not q.key.startswith(("ordre_date", "forme"))], path.name
