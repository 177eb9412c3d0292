"""From bytes to the two monthly tables: sums to the cent, premiums counted once, questions when a total is at stake."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import MappingError, ReadError
from analytics.schema import validate
from data import load_dataset


def load(text: str, **options):
    return load_dataset(text.encode(), **options)


def refused(text: str, **options) -> dict:
    """Questions of a refused file, by key."""
    with pytest.raises(MappingError) as caught:
        load(text, **options)
    return {q.key: q for q in caught.value.questions}


CLEAR = "mois;poste;prestations\n2024-01;Optique;10,10\n2024-01;Optique;0,20\n2024-02;Dentaire;\n2024-02;Optique;5\n"


def test_lines_are_added_up_and_missing_stays_missing():
    dataset = load(CLEAR, name="essai.csv")
    table = dataset.prestation
    assert table[["mois", "poste"]].astype("str").to_numpy().tolist() == [
        ["2024-01-01", "Optique"],
        ["2024-02-01", "Optique"],
    ]
    assert table["prestation"].tolist() == pytest.approx([10.3, 5.0], abs=1e-9)
    assert dataset.cotisation.empty
    assert list(dataset.cotisation.columns) == ["mois"]
    assert dataset.source == "essai.csv"
    assert dataset.fingerprint == hashlib.sha256(CLEAR.encode()).hexdigest()
    assert dataset.as_of == pd.Timestamp("2024-02-01")
    assert not dataset.is_demo
    assert validate(dataset) is dataset


def test_types_of_the_tables():
    table = load(CLEAR).prestation
    assert isinstance(table["poste"].dtype, pd.CategoricalDtype)
    assert pd.api.types.is_datetime64_any_dtype(table["mois"])
    assert table["prestation"].dtype == np.float64


def test_an_empty_dimension_keeps_its_euros():
    dataset = load("mois;poste;prestations\n2024-01;Optique;10\n2024-01;;5\n")
    assert dataset.prestation["prestation"].sum() == 15
    assert "Non renseigné" in set(dataset.prestation["poste"])


def test_a_line_without_a_month_is_rejected_and_counted():
    dataset = load(
        "mois;poste;prestations\n2024-01;Optique;10\n;Optique;5\nx;Optique;5\n2024-01;Optique;1\n2024-02;Optique;1\n"
    )
    assert dataset.rejected["ligne"].tolist() == [3, 4]
    assert dataset.prestation["prestation"].sum() == 12
    assert "exhaustivite.mois_absent" in set(dataset.findings["code"])


def test_a_premium_repeated_on_every_poste_is_counted_once():
    dataset = load(
        "mois;region;poste;prestations;cotisations TTC;beneficiaires\n"
        "2024-01;A;Optique;10;100;7\n2024-01;A;Dentaire;20;100;7\n2024-01;B;Optique;5;50;3\n2024-02;A;Optique;6;110;8\n2024-02;A;Dentaire;;110;8\n"
    )
    assert dataset.cotisation["cotisation"].tolist() == [100, 50, 110]
    assert dataset.cotisation["beneficiaires"].sum() == 18
    assert "poste" not in dataset.cotisation
    assert dataset.base == "TTC"
    assert dataset.prestation["prestation"].sum() == 41


def test_a_premium_shared_out_brings_poste_into_the_premiums():
    dataset = load(
        "mois;poste;prestations;prime_ht\n2024-01;Optique;10;40\n2024-01;Dentaire;20;60\n2024-02;Optique;6;41\n2024-02;Dentaire;7;61\n"
    )
    assert dataset.cotisation["cotisation"].sum() == 202
    assert dataset.cotisation["poste"].nunique() == 2
    assert dataset.base == "HT"


def test_members_repeated_beside_a_shared_premium_stay_counted_once():
    dataset = load(
        "mois;poste;prestations;cotisations;beneficiaires\n"
        "2024-01;Optique;10;40;7\n2024-01;Dentaire;20;60;7\n2024-02;Optique;6;41;8\n2024-02;Dentaire;7;61;8\n"
    )
    assert dataset.cotisation["cotisation"].sum() == 202
    assert dataset.cotisation["beneficiaires"].sum() == 15


def test_a_premium_repeated_by_month_of_payment_is_counted_once():
    dataset = load(
        "mois_soins;mois_paiement;region;prestations;cotisations\n"
        "2024-01;2024-01;A;10;100\n2024-01;2024-02;A;5;100\n2024-02;2024-02;A;4;110\n2024-02;2024-03;A;2;110\n"
    )
    assert dataset.cotisation["cotisation"].tolist() == [100, 110]
    assert dataset.as_of == pd.Timestamp("2024-03-01")
    assert dataset.date_basis == "soins"


def test_a_premium_repeated_on_the_lines_of_each_contract_is_counted_once_per_contract():
    rows = "".join(
        f"2024-01;C{i:04d};{poste};{i},5;{40 + i % 7}\n" for i in range(300) for poste in ("Optique", "Dentaire")
    )
    dataset = load("mois;num_contrat;poste;prestations;cotisations\n" + rows)
    assert dataset.cotisation["cotisation"].sum() == sum(40 + i % 7 for i in range(300))


def test_when_repetition_is_unsure_it_is_asked_and_both_answers_work():
    text = "mois;poste;prestations;cotisations\n" + "".join(
        f"2024-01;{poste};{i};{amount}\n"
        for i, (poste, amount) in enumerate([("Optique", 50), ("Optique", 50), ("Dentaire", 50), ("Dentaire", 50)])
    )
    question = refused(text)["repetition:cotisation"]
    assert set(question.choices) == {"repetee", "repartie"}
    assert load(text, mapping={question.key: "repartie"}).cotisation["cotisation"].sum() == 200
    assert load(text, mapping={question.key: "repetee"}).cotisation["cotisation"].sum() == 50


def test_one_contradiction_among_equal_premiums_is_asked():
    rows = [(f"2023-{m:02d}", poste, 100 + m) for m in range(1, 13) for poste in ("Optique", "Dentaire")]
    rows[0] = ("2023-01", "Optique", 999)
    text = "mois;poste;prestations;cotisations\n" + "".join(f"{m};{p};5;{c}\n" for m, p, c in rows)
    assert "repetition:cotisation" in refused(text)


@pytest.mark.parametrize(
    ("base", "mapping", "expected"), [("HT", None, "HT"), (None, {"base": "nette"}, "nette"), (None, None, None)]
)
def test_base_from_the_caller(base, mapping, expected):
    dataset = load("mois;cotisations\n2024-01;100\n2024-02;101\n", base=base, mapping=mapping)
    assert dataset.base == expected
    assert ("accessibilite.base" in set(dataset.findings["code"])) == (expected is None)
    assert dataset.prestation.empty


def test_the_answer_wins_over_the_title():
    assert load("mois;cotisation_ht\n2024-01;100\n", base="TTC").base == "TTC"


def test_date_basis_is_said_missing_until_answered():
    assert load(CLEAR).date_basis is None
    assert "accessibilite.type_de_date" in set(load(CLEAR).findings["code"])
    answered = load(CLEAR, mapping={"date_basis": "paiement"})
    assert answered.date_basis == "paiement"
    assert "accessibilite.type_de_date" not in set(answered.findings["code"])


def test_year_and_month_in_two_columns():
    dataset = load("annee;mois;poste;prestations\n2023;12;Optique;1\n2024;1;Optique;2\n")
    assert dataset.months.strftime("%Y-%m").tolist() == ["2023-12", "2024-01"]


def test_ambiguous_amounts_block_even_when_they_look_like_identifiers():
    rows = "".join(f"2024-01;{1 + i % 999}.{i % 1000:03d}\n" for i in range(3000))
    assert "decimale:prestations" in refused("mois;prestations\n" + rows)
    total = (
        load("mois;prestations\n" + rows, mapping={"decimale:prestations": "virgule"}).prestation["prestation"].sum()
    )
    assert total == sum((1 + i % 999) * 1000 + i % 1000 for i in range(3000))


def test_an_unreadable_amount_never_becomes_a_dimension():
    rows = "".join(f"2024-01;{i}€{i};{i},5\n" for i in range(40))
    dataset = load("mois;prestations;frais_reels\n" + rows)
    assert "prestation" not in dataset.prestation
    assert "exactitude.illisible" in set(dataset.findings["code"])


def test_no_amount_at_all_is_refused():
    with pytest.raises(MappingError, match="Aucun montant"):
        load("mois;poste;actes\n2024-01;Optique;5\n", mapping={"actes": "actes"})


def test_the_mapping_of_a_dataset_can_be_given_back():
    text = "date;code;montant;prix moyen\n03/04/2024;5;10;3\n05/06/2024;6;11;3\n"
    first = load(text, mapping={"montant": "frais_reels", "date_basis": "soins", "ordre_date:date": "jour_mois"})
    again = load(text, mapping=first.mapping)
    assert again.mapping == first.mapping
    pd.testing.assert_frame_equal(again.prestation, first.prestation)


def test_a_column_titled_as_a_question_does_not_replace_its_answer():
    text = "mois;poste;cotisations;base\n2024-01;Optique;100;10,5\n2024-02;Optique;101;11,5\n2024-03;Optique;99;7,25\n"
    first = load(text, mapping={"base": "HT", "colonne:base": "ignorer"})
    assert first.base == "HT"
    assert first.mapping["base"] == "HT"
    assert first.mapping["colonne:base"] == "ignorer"
    assert load(text, mapping=first.mapping).mapping == first.mapping


def test_answers_reach_the_readers():
    text = "poste;janvier;février;mars\nOptique;1,5;2;3\nDentaire;4;5;6,25\n"
    dataset = load(text, mapping={"annee": "2024", "date_basis": "soins", "colonne:valeur": "prestation"})
    assert dataset.months.strftime("%Y-%m").tolist() == ["2024-01", "2024-02", "2024-03"]
    assert dataset.prestation["prestation"].sum() == 21.75


def test_identical_lines_are_kept_and_told_with_their_numbers_and_euros():
    dataset = load(
        "mois;poste;prestations\n2024-01;Optique;10\n2024-01;Dentaire;5\n2024-01;Optique;10\n2024-01;Optique;10,0\n"
    )
    told = dataset.findings[dataset.findings["code"] == "unicite.lignes_identiques"].iloc[0]
    assert told["ligne"] == 4
    assert told["euros"] == 10
    assert dataset.prestation["prestation"].sum() == 35


def test_a_batch_sent_twice_is_named():
    rows = [
        f"2024-01;2024-03;{region};{poste};{i},5"
        for region in "AB"
        for poste in ("Optique", "Dentaire")
        for i in range(8)
    ]
    twice = [r for r in rows if ";A;Dentaire;" in r]
    dataset = load("\n".join(["mois_soins;mois_paiement;region;poste;prestations", *rows, *twice]))
    told = dataset.findings[dataset.findings["code"] == "unicite.lot_double"].iloc[0]
    assert told["valeur"] == "A | Dentaire | 2024-03"
    assert told["euros"] == sum(i + 0.5 for i in range(8))
    assert told["ligne"] == len(rows) + 2


def test_nothing_personal_is_kept():
    rows = (
        "".join(f"2024-01;p{i}@exemple.fr;{'x' if i == 5 else i};3\n" for i in range(30))
        + "2024-01;q@exemple.fr;5\n"
        + "2024-02;r@exemple.fr;5;3\n"
    )
    dataset = load("mois;contact;prestations;actes\n" + rows)
    kept = " ".join(
        frame.to_csv()
        for frame in (dataset.prestation, dataset.cotisation, dataset.findings, dataset.rejected, dataset.left_out)
    )
    assert "exemple.fr" not in kept
    assert len(dataset.rejected) == 2
    assert "contact" in set(dataset.findings["colonne"])


def test_errors_of_reading_come_through():
    with pytest.raises(ReadError):
        load("")


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_totals_by_dimension_are_those_of_the_lines(data):
    line = st.tuples(
        st.integers(1, 12),
        st.sampled_from("ABC"),
        st.sampled_from(["Optique", "Dentaire", ""]),
        st.integers(-(10**7), 10**9),
    )
    lines = data.draw(st.lists(line, min_size=1, max_size=60))
    text = "mois;region;poste;prestations\n" + "".join(
        f"2024-{m:02d};{r};{p};{c // 100},{c % 100:02d}\n" for m, r, p, c in lines if c >= 0
    )
    kept = [x for x in lines if x[3] >= 0]
    if not kept:
        return
    table = load(text).prestation
    assert np.rint(table["prestation"].sum() * 100) == sum(c for *_, c in kept)
    for region in {r for _, r, _, _ in kept}:
        total = table.loc[table["region"] == region, "prestation"].sum()
        assert np.rint(total * 100) == sum(c for _, r, _, c in kept if r == region)
    assert not table.duplicated(["mois", "region", *(["poste"] if "poste" in table else [])]).any()
