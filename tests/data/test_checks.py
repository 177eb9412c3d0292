"""Quality: what was planted is found, what was not planted is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.errors import ParameterError
from analytics.schema import Dataset
from data.checks import DEFINITION, PILLARS, run_checks, score, score_by, unlocks
from data.checks.unicite import copies_of
from data.checks.unites import find_unit_changes
from data.findings import COLUMNS, finding, to_frame
from data.keys import pack, sum_by

MONTHS = pd.date_range("2022-01-01", periods=24, freq="MS")


def make(**changes) -> Dataset:
    """Two regions × two postes × 24 months, steady, with a little noise."""
    rng = np.random.default_rng(1)
    cells = [(m, r, p) for m in MONTHS for r in ("A", "B") for p in ("Optique", "Dentaire")]
    frame = pd.DataFrame(cells, columns=["mois", "region", "poste"]).astype({"region": "category", "poste": "category"})
    frame["actes"] = rng.poisson(400, len(frame)).astype(float)
    frame["prestation"] = (frame["actes"] * 50 * rng.normal(1, 0.05, len(frame))).round(2)
    cotisation = pd.DataFrame({"mois": MONTHS, "cotisation": 100_000.0, "beneficiaires": 2000.0})
    return replace(Dataset(cotisation, frame, base="HT", date_basis="paiement", as_of=MONTHS[-1]), **changes)


def codes(dataset: Dataset) -> set[str]:
    found = run_checks(dataset)
    return set(found.loc[found["severite"] != "info", "code"])


def test_a_clean_dataset_has_nothing_to_look_at():
    assert codes(make()) == set()
    assert score(run_checks(make()))["note"].tolist() == [100] * 6


def test_the_demo_shows_its_two_errors_and_nothing_else(demo):
    found = run_checks(demo)
    grave = found[found["severite"] != "info"].set_index("code")
    assert set(grave.index) == {"unicite.lot_double", "exactitude.changement_unite"}
    assert len(grave) == 2
    assert grave.loc["unicite.lot_double", "valeur"] == "Bretagne | hospitalisation | 2024-05"
    assert grave.loc["exactitude.changement_unite", "valeur"] == "audiologie | Bourgogne-Franche-Comté | 2023-03"


def test_the_euros_of_the_duplicated_batch_are_those_of_one_copy(demo):
    found = run_checks(demo).set_index("code")
    rows = demo.prestation
    batch = rows[
        (rows["region"] == "Bretagne") & (rows["poste"] == "hospitalisation") & (rows["mois_paiement"] == "2024-05-01")
    ]
    assert found.loc["unicite.lot_double", "euros"] == pytest.approx(batch["prestation"].sum() / 2, abs=0.01)


def test_the_clean_demo_has_no_false_alarm(clean_demo):
    assert codes(clean_demo) == set()


@pytest.mark.parametrize("factor", [100, 0.01])
@pytest.mark.parametrize("with_count", [True, False])
def test_a_cell_in_another_unit_is_found_alone(factor, with_count):
    frame = make().prestation
    cell = (frame["mois"] == MONTHS[7]) & (frame["region"] == "B") & (frame["poste"] == "Optique")
    frame = frame.assign(prestation=frame["prestation"].where(~cell, frame["prestation"] * factor))
    found = find_unit_changes(
        frame if with_count else frame.drop(columns="actes"), "prestation", "actes", ["poste", "region"], "mois"
    )
    assert len(found) == 1
    assert found.iloc[0][["poste", "region", "mois"]].tolist() == ["Optique", "B", MONTHS[7]]
    assert found["facteur"].iloc[0] == pytest.approx(factor, rel=0.3)


@pytest.mark.parametrize("factor", [0.1, 0.3, 3, 10, 20])
def test_a_shock_that_is_not_a_unit_is_left_to_the_diagnostic(factor):
    frame = make().prestation
    shock = frame["mois"] == MONTHS[7]
    frame = frame.assign(prestation=frame["prestation"].where(~shock, frame["prestation"] * factor))
    assert find_unit_changes(frame, "prestation", "actes", ["poste", "region"], "mois").empty


def spoil(**columns) -> Dataset:
    base = make()
    return replace(base, prestation=base.prestation.assign(**columns))


def test_a_missing_month_is_grave():
    base = make()
    dataset = replace(base, prestation=base.prestation[base.prestation["mois"] != MONTHS[5]])
    found = run_checks(dataset)
    assert found.iloc[0]["code"] == "actualite.mois_manquants"
    assert "06/2022" in found.iloc[0]["message"]


def test_a_truncated_last_month_is_said_in_care_months_only():
    base = make()
    low = base.prestation["prestation"].where(
        base.prestation["mois"] != MONTHS[-1], base.prestation["prestation"] * 0.4
    )
    for basis, expected in (("soins", True), (None, True), ("paiement", False)):
        dataset = replace(base, prestation=base.prestation.assign(prestation=low), date_basis=basis)
        assert ("actualite.derniers_mois" in codes(dataset)) == expected


def test_premiums_that_stop_before_the_claims():
    base = make()
    assert "actualite.tables_decalees" in codes(replace(base, cotisation=base.cotisation.iloc[:-2]))


def test_other_errors_are_found():
    base = make().prestation
    assert "exactitude.paiement_avant_soins" in codes(spoil(mois_paiement=base["mois"] - pd.DateOffset(months=1)))
    assert "exactitude.signe" in codes(spoil(actes=-base["actes"]))
    over = spoil(frais_reels=base["prestation"] * 0.5, remboursement_amo=base["prestation"] * 0.1)
    assert "exactitude.reste_negatif" in codes(over)
    assert "conformite.montants_negatifs" in codes(
        spoil(prestation=base["prestation"].where(base.index % 9 > 0, -50.0))
    )
    assert "exhaustivite.valeurs_manquantes" in codes(spoil(actes=base["actes"].where(base.index % 3 > 0)))
    assert "exhaustivite.valeurs_manquantes" in codes(
        spoil(region=base["region"].cat.rename_categories({"B": "Non renseigné"}))
    )
    assert "conformite.orthographe" in codes(spoil(poste=base["poste"].cat.rename_categories({"Optique": "DENTAIRE"})))
    assert "accessibilite.base" in codes(make(base=None))
    assert "accessibilite.type_de_date" in codes(make(date_basis=None))
    rejected = pd.DataFrame({"ligne": range(10), "colonne": "", "valeur": "", "raison": "x"})
    assert "conformite.taux_de_rejet" in codes(make(rejected=rejected, dialect={"lignes": 100}))


def test_unknown_postes_and_codes_are_told_without_alarm():
    found = run_checks(spoil(poste=make().prestation["poste"].cat.rename_categories({"Optique": "Zébulon"})))
    assert found.set_index("code").loc["conformite.postes", "valeur"] == "Zébulon"
    found = run_checks(make(value_labels={"region": {"A": "Alsace"}}))
    assert found.set_index("code").loc["conformite.codes", "valeur"] == "B"


def test_unlocks_names_what_is_absent_only():
    absent = unlocks(make())
    assert list(absent.columns) == ["colonne", "debloque"]
    assert "actes" not in set(absent["colonne"])
    assert {"tranche_age", "frais_reels", "mois_soins"} <= set(absent["colonne"])
    assert "mois_paiement" in set(unlocks(make(date_basis="soins"))["colonne"])


def test_findings_of_the_file_come_with_the_others_once():
    own = to_frame([finding("conformite.totaux", "attention", "Une ligne de total.")])
    found = run_checks(make(findings=pd.concat([own, own])))
    assert list(found.columns) == list(COLUMNS)
    assert (found["code"] == "conformite.totaux").sum() == 1


def test_score_follows_its_definition():
    rows = [
        finding("unicite.a", "grave", "x"),
        finding("unicite.b", "attention", "y"),
        finding("conformite.c", "info", "z"),
    ]
    table = score(to_frame(rows)).set_index("pilier")
    assert table.loc["Unicité", "note"] == round(100 * 0.6 * 0.85)
    assert table.loc["Unicité", "phrase"] == "1 constat grave et 1 point à regarder."
    assert table.loc["Conformité", ["note", "phrase"]].tolist() == [100, "Rien à signaler."]
    assert len(table) == len(PILLARS) == 6
    assert score(to_frame(()))["note"].tolist() == [100] * 6


def test_an_unknown_severity_is_refused():
    with pytest.raises(ValueError, match="rouge"):
        finding("unicite.a", "rouge", "x")


def test_checks_never_stop_on_half_a_dataset():
    base = make()
    empty = base.prestation.iloc[:0][["mois"]]
    assert isinstance(run_checks(replace(base, prestation=empty)), pd.DataFrame)
    assert isinstance(run_checks(replace(base, cotisation=base.cotisation.iloc[:0][["mois"]])), pd.DataFrame)


def test_keys_agree_with_pandas():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": pd.Categorical(rng.choice(["x", "y", None], 500)),
            "m": pd.Series(rng.choice(MONTHS, 500)).where(rng.random(500) > 0.1),
            "t": rng.choice(["u", "v"], 500),
            "v": np.where(rng.random(500) > 0.2, rng.integers(0, 50, 500), np.nan),
        }
    )
    keys = ["a", "m", "t"]
    expected = frame.groupby(keys, observed=True, dropna=False)["v"].sum(min_count=1)
    ours = sum_by(frame, keys, ["v"]).set_index(keys)["v"]
    assert sorted(ours.fillna(-1)) == sorted(expected.fillna(-1))
    assert len(ours) == len(expected)
    assert len(np.unique(pack(frame, []))) == 1
    assert (copies_of(frame, keys, ["v"]) == frame.duplicated().to_numpy()).all()


def test_keys_hold_when_the_product_of_sizes_overflows():
    frame = pd.DataFrame({f"c{i}": [f"{i}-{j}" for j in range(2000)] for i in range(8)})
    assert len(np.unique(pack(frame, list(frame.columns)))) == 2000


# --- one planted fault per check; the clean dataset above has none of them -----------------------------------------


def cells(*where: str):
    """Rows of the clean dataset: a region, a poste or a month, together."""
    frame = make().prestation
    rows = pd.Series(True, index=frame.index)
    for word in where:
        rows &= (frame["region"] == word) | (frame["poste"] == word) | (frame["mois"].dt.strftime("%Y-%m") == word)
    return rows


def changed(rows: pd.Series, factor: float) -> Dataset:
    frame = make().prestation
    return spoil(prestation=frame["prestation"].where(~rows, frame["prestation"] * factor))


def only(dataset: Dataset, code: str) -> pd.Series:
    """The only costly finding of a dataset."""
    found = run_checks(dataset)
    found = found[found["severite"] != "info"]
    assert found["code"].tolist() == [code]
    return found.iloc[0]


def test_a_batch_of_the_wrong_sign():
    found = run_checks(changed(cells("A", "Optique", "2022-09"), -1))
    told = found[found["code"] == "exactitude.signe_inverse"]
    assert told["valeur"].tolist() == ["Optique | A | 2022-09"]
    amount = make().prestation.loc[cells("A", "Optique", "2022-09"), "prestation"].sum()
    assert told["euros"].iloc[0] == pytest.approx(-2 * amount)


@pytest.mark.parametrize("factor", [0.2, 5])
def test_a_month_out_of_proportion(factor):
    assert only(changed(cells("2022-09"), factor), "exactitude.mois_atypique")["valeur"] == "2022-09"


@pytest.mark.parametrize("factor", [0.6, 1.7])
def test_an_ordinary_swing_is_no_odd_month(factor):
    assert codes(changed(cells("2022-09"), factor)) == set()


def test_a_batch_not_yet_arrived_for_the_last_month():
    told = only(changed(cells("B", "2023-12"), 0), "actualite.lot_en_retard")
    assert told["valeur"] == "B | 2023-12"
    assert told["euros"] < 0


def test_a_batch_paid_a_month_later():
    frame = make().prestation
    late, after = cells("B", "2023-03"), cells("B", "2023-04")
    amounts = frame["prestation"].where(~late, 0).where(~after, frame["prestation"] * 2)
    told = only(spoil(prestation=amounts), "actualite.lot_en_retard")
    assert told["valeur"] == "B | 2023-03"
    assert "rattrape" in told["message"]


def test_a_batch_that_never_comes_back_is_no_late_batch():
    assert "actualite.lot_en_retard" not in codes(changed(cells("B", "2023-03"), 0))


def test_a_renamed_poste():
    frame = make().prestation
    renamed = (
        frame["poste"]
        .astype("str")
        .where(~((frame["poste"] == "Optique") & (frame["mois"] >= MONTHS[10])), "Équipement optique")
    )
    told = only(spoil(poste=renamed.astype("category")), "conformite.recodage")
    assert told["valeur"] == "Optique → Équipement optique | 2022-11"


def test_a_poste_that_stops_and_another_much_smaller_is_no_renaming():
    frame = make().prestation
    later = (frame["poste"] == "Optique") & (frame["mois"] >= MONTHS[10])
    poste = frame["poste"].astype("str").where(~later, "Cure").astype("category")
    small = frame["prestation"].where(~later, frame["prestation"] / 20)
    assert "conformite.recodage" not in codes(spoil(poste=poste, prestation=small))


def test_months_that_cannot_be():
    base = make()
    far = base.prestation["mois"].where(base.prestation.index != 3, pd.Timestamp("2032-01-01"))
    for dataset, valeur in (
        (spoil(mois=far), "2032-01"),
        (spoil(mois=far, mois_paiement=base.prestation["mois"]), "2032-01"),
    ):
        told = run_checks(dataset).set_index("code").loc["actualite.dates_futures"]
        assert (told["severite"], told["valeur"]) == ("grave", valeur)


def test_the_day_of_the_check_matters_only_when_it_is_given():
    assert "actualite.dates_futures" in set(run_checks(make(), today=pd.Timestamp("2023-06-15"))["code"])
    assert "actualite.dates_futures" not in set(run_checks(make(), today=pd.Timestamp("2024-01-02"))["code"])
    assert "actualite.dates_futures" not in set(run_checks(make())["code"])


def test_more_reimbursed_than_charged():
    charged = make().prestation["prestation"]
    assert "exactitude.prestation_superieure" in codes(spoil(frais_reels=charged * 0.9))
    assert codes(spoil(frais_reels=charged)) == set()
    assert codes(spoil(frais_reels=charged * 2, remboursement_amo=charged)) == set()


@pytest.mark.parametrize(("factor", "told"), [(1.3, True), (0.7, True), (1.1, False)])
def test_a_population_that_changes_at_once(factor, told):
    base = make()
    later = base.cotisation["mois"] >= MONTHS[8]
    members = base.cotisation["beneficiaires"].where(~later, base.cotisation["beneficiaires"] * factor)
    found = run_checks(replace(base, cotisation=base.cotisation.assign(beneficiaires=members)))
    found = found[found["code"] == "exhaustivite.perimetre"]
    assert found["valeur"].tolist() == (["2022-09"] if told else [])


def test_a_region_that_begins_in_the_middle():
    base = make()
    frame = base.prestation[~((base.prestation["region"] == "B") & (base.prestation["mois"] < MONTHS[9]))]
    found = run_checks(replace(base, prestation=frame.reset_index(drop=True))).set_index("code")
    assert found.loc["exhaustivite.valeur_partielle", ["severite", "valeur"]].tolist() == ["info", "B | 2022-10"]


# --- marks ----------------------------------------------------------------------------------------------------------


def test_marks_by_month_and_column_count_what_names_them():
    dataset = changed(cells("A", "Optique", "2022-09"), -1)
    findings = run_checks(dataset)
    by_month = score_by(findings, dataset, by="mois").set_index(["pilier", "mois"])["note"]
    assert len(by_month) == 6 * 24
    assert by_month["Exactitude", pd.Timestamp("2022-09-01")] < 100
    assert by_month.drop(("Exactitude", pd.Timestamp("2022-09-01"))).min() == 100
    by_column = score_by(findings, dataset).set_index(["pilier", "colonne"])["note"]
    assert by_column["Exactitude", "prestation"] == score(findings).set_index("pilier").loc["Exactitude", "note"]
    assert by_column["Exactitude", "actes"] == 100


def test_a_title_of_the_file_is_its_canonical_column():
    rows = to_frame([finding("unicite.a", "grave", "x", colonne="Montant versé", valeur="05/2022")])
    dataset = make(mapping={"Montant versé": "prestation"})
    by_column = score_by(rows, dataset).set_index(["pilier", "colonne"])
    assert by_column.loc[("Unicité", "prestation"), ["note", "constats"]].tolist() == [60, 1]
    by_month = score_by(rows, dataset, by="mois").set_index(["pilier", "mois"])
    assert by_month.loc[("Unicité", pd.Timestamp("2022-05-01")), "note"] == 60
    assert score_by(to_frame(()), dataset, by="mois")["note"].eq(100).all()


def test_marks_are_by_column_or_by_month():
    with pytest.raises(ParameterError, match="colonne ou par mois"):
        score_by(to_frame(()), make(), by="region")
    assert "15" in DEFINITION


@pytest.mark.parametrize("planted", [True, False])
def test_no_grave_finding_on_the_demo_but_the_planted_ones(demo, clean_demo, planted):
    found = run_checks(demo if planted else clean_demo)
    assert (found["severite"] == "grave").sum() == (2 if planted else 0)
    assert (found["severite"] == "attention").sum() == 0
