"""What a column is when its title does not say it: its cells, the columns beside it, the title of the file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics.errors import MappingError
from data import load_dataset, propose_mapping, read_table
from data.mapping.content import role_of_values
from data.mapping.spelling import one_spelling, same_words
from data.mapping.sums import find_sums
from data.references import load_postes_e3


def propose(text: str, name: str | None = None, **answers):
    return propose_mapping(read_table(text.encode(), name=name, answers=answers), answers=answers)


def lines(header: str, *columns, months: int = 12) -> str:
    """A file of one line per month, `columns` being functions of the line."""
    rows = [f"2024-{1 + i % 12:02d};" + ";".join(str(c(i)) for c in columns) for i in range(months)]
    return "\n".join([f"mois;{header}", *rows]) + "\n"


# --- values ---------------------------------------------------------------------------------------------------------


def test_every_poste_of_the_return_e3_is_a_poste():
    labels = load_postes_e3()["libelle"]
    assert role_of_values(labels)[0] == "poste"
    rows = "".join(f"2024-01;{label};{i},5\n" for i, label in enumerate(labels))
    assert propose(f"mois;rubrique E3 / ligne;prestations\n{rows}").columns["rubrique E3 / ligne"] == "poste"


@pytest.mark.parametrize(
    ("values", "role"),
    [
        (("Bretagne", "Île-de-France", "PACA"), "region"),
        (("0-19 ans", "20 à 39 ans", "40-59", "60 ans et plus"), "tranche_age"),
        (("moins de 20 ans", "de 20 à 59 ans", "plus de 60 ans"), "tranche_age"),
        (("H", "F", "Inconnu"), "sexe"),
        (("Individuel", "Collectif"), "contrat"),
        (("100 % Santé", "Maîtrisé", "Libre"), "panier"),
        (("OPTIQUE", "Dentaire", "Hospi.", "Pharmacie"), "poste"),
        (("Alpha", "Bravo", "Charlie"), None),
        (("12-2023", "01-2024"), None),
        (("Total",), None),
        ((), None),
    ],
)
def test_values_say_the_dimension_or_nothing(values, role):
    found = role_of_values(values)
    assert (found and found[0]) == role


def test_a_text_column_that_nothing_names_is_a_dimension_under_its_title():
    mapping = propose(lines("Délégation;prestations", lambda i: f"D{i % 3}", lambda i: f"{i},5"))
    assert mapping.columns["Délégation"] == "delegation"
    assert mapping.kinds["Délégation"] == "dimension"
    assert mapping.labels["delegation"] == "Délégation"


def test_a_number_that_nothing_names_is_a_usable_measure():
    text = lines("Nuitées;prestations", lambda i: f"{3 * i},5", lambda i: f"{i},5")
    dataset = load_dataset(text.encode())
    assert dataset.prestation["nuitees"].sum() == sum(3 * i + 0.5 for i in range(12))
    assert dataset.label("nuitees") == "Nuitées"


# --- spellings ------------------------------------------------------------------------------------------------------


def test_spellings_of_a_poste_are_one_and_said():
    text = "mois;poste;prestations\n" + "".join(
        f"2024-01;{p};1\n"
        for p in ("Dentaire", "dentaire ", "DENTAIRE", "Dentaire", "Soins  courants", "Soins courants")
    )
    dataset = load_dataset(text.encode())
    assert dataset.prestation.set_index("poste")["prestation"].to_dict() == {"Dentaire": 4.0, "Soins courants": 2.0}
    assert "conformite.orthographe_reunie" in set(dataset.findings["code"])


def test_codes_keep_their_case_and_signs_keep_values_apart():
    text = "mois;formule;prestations\n2024-01;A+;1\n2024-01;A;2\n2024-01;a;4\n"
    assert len(load_dataset(text.encode()).prestation) == 3


@given(st.dictionaries(st.text(min_size=1, max_size=6), st.integers(1, 9), max_size=8))
@example({"0*\r": 1})
@example({"Optique ＊": 1, "optique": 1})
def test_one_spelling_never_mixes_two_words(counts):
    changed = one_spelling(counts)
    assert set(changed) <= set(counts)
    for value, label in changed.items():
        assert same_words(value) == same_words(label)
    assert len({changed.get(v, v) for v in counts}) == len({same_words(v) for v in counts})


# --- totals ---------------------------------------------------------------------------------------------------------

PARTS = "prestations;optique euros;dentaire euros;Total postes"


def with_total(gap: float = 0.0) -> str:
    a, b = (lambda i: f"{10 + i * i % 7}.25"), (lambda i: f"{3 + i * 5 % 11}.5")
    total = lambda i: f"{float(a(i)) + float(b(i)) + (gap if i < 2 else 0):.2f}"  # noqa: E731
    return lines(PARTS, lambda i: f"{100 + 3 * i}.10", a, b, total, months=24)


def test_a_column_that_adds_up_others_is_left_aside_and_said():
    mapping = propose(with_total())
    assert mapping.columns["Total postes"] == "ignorer"
    assert "total:Total postes" in {q.key for q in mapping.questions}
    assert "total:Total postes" not in mapping.blocking
    assert "exactitude.colonne_total" in set(mapping.findings["code"])


def test_the_answer_keeps_it():
    mapping = propose(with_total(), **{"total:Total postes": "garder"})
    assert mapping.columns["Total postes"] == "total_postes"


def test_a_near_total_is_kept_and_asked():
    mapping = propose(with_total(gap=1.0))
    assert mapping.columns["Total postes"] == "total_postes"
    assert "total:Total postes" in {q.key for q in mapping.questions}
    mapping = propose(with_total(gap=1.0), **{"total:Total postes": "total"})
    assert mapping.columns["Total postes"] == "ignorer"


@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_sums_are_found_and_only_sums(seed, count):
    rng = np.random.default_rng(seed)
    parts = {f"p{i}": rng.integers(1, 10_000, 40) / 100 for i in range(count)}
    other = rng.integers(1, 10_000, 40) / 100
    frame = pd.DataFrame({**parts, "somme": np.sum(list(parts.values()), axis=0), "autre": other})
    assert [(s.header, set(s.parts)) for s in find_sums(frame)] == [("somme", set(parts))]
    assert find_sums(frame.drop(columns="somme")) == []


# --- months ---------------------------------------------------------------------------------------------------------

QUARTERS = {
    "colonne": "trimestre;prestations\n2024-T1;5\n2024-T2;6\n",
    "annee et T1": "annee;trimestre;prestations\n2024;T1;5\n2024;T2;6\n",
    "annee et 1": "annee;trimestre;prestations\n2024;1;5\n2024;2;6\n",
    "en colonnes": "poste;T1 2024;T2 2024;T3 2024\noptique;5;6;0\ndentaire;0;0;8\n",
}


@pytest.mark.parametrize("text", QUARTERS.values(), ids=QUARTERS)
def test_quarters_are_refused_then_taken_on_their_first_month(text):
    with pytest.raises(MappingError, match="par trimestre") as asked:
        load_dataset(text.encode(), name="prestations.csv")
    assert [q.key for q in asked.value.questions] == ["trimestres"]
    dataset = load_dataset(text.encode(), name="prestations.csv", mapping={"trimestres": "premier_mois"})
    totals = dataset.prestation.groupby("mois")["prestation"].sum()
    assert totals[totals > 0].to_dict() == {
        pd.Timestamp(f"2024-{m:02d}-01"): v for m, v in zip((1, 4, 7), (5, 6, 8), strict=False) if m < 7 or "T3" in text
    }
    assert "accessibilite.trimestres" in set(dataset.findings["code"])


@pytest.mark.parametrize(
    "text",
    [
        "annee;mois;prestations\n2024;janvier;5\n2024;février;6\n",
        "annee;mois;trimestre;prestations\n2024;01;1;5\n2024;02;1;6\n",
        "mois;trimestre;prestations\n2024-01;2024-T1;5\n2024-02;2024-T1;6\n",
        "periode;date;prestations\n2024-01;01/01/2024;5\n2024-02;01/02/2024;6\n",
    ],
)
def test_months_are_read_without_a_question(text):
    dataset = load_dataset(text.encode())
    assert dataset.prestation["mois"].tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01")]


def test_two_dates_that_differ_are_asked():
    mapping = propose("periode;date;prestations\n2024-01;05/03/2024;5\n2024-02;06/03/2024;6\n")
    assert mapping.blocking == ("role:mois",)


def test_the_day_of_an_update_is_not_the_month():
    head = "Libellé;Dernière mise à jour;2024-T1;2024-T2;2024-T3\n"
    mapping = propose(
        f"{head}optique;12/05/2025;5;6;7\ndentaire;12/05/2025;6;7;8\n", "prestations.csv", trimestres="premier_mois"
    )
    assert mapping.columns["Dernière mise à jour"] == "ignorer"
    assert mapping.columns["trimestre"] == "mois"


def test_bare_months_ask_their_year_and_take_it():
    text = "poste;janvier;février;mars;avril\noptique;1;2;3;4\ndentaire;5;6;7;8\n"
    with pytest.raises(MappingError, match="année") as asked:
        propose(text, "prestations.csv")
    assert [q.key for q in asked.value.questions] == ["annee"]
    mapping = propose(text, "prestations.csv", annee="2024")
    assert (mapping.columns["mois"], mapping.blocking) == ("mois", ())


def test_an_answer_about_the_zeros_of_a_wide_table_is_not_asked_again():
    months = [f"{m:02d}/2024" for m in range(1, 10)]
    amounts = ["5", "6", "7", "8", "9", "9", "9", "0", "0"]
    text = f"poste;{';'.join(months)}\n" + "".join(f"{p};{';'.join(amounts)}\n" for p in ("optique", "dentaire"))
    key = "zero_manquant:valeur"
    assert key in {q.key for q in propose(text, "prestations.csv").questions}
    for answer in ("zero", "manquant"):
        mapping = propose(text, "prestations.csv", **{key: answer})
        assert not {k for k in mapping.blocking if k.startswith("zero_manquant")}


def zeros() -> bytes:
    amounts = [0 if i == 5 else 100 + i for i in range(12)]
    return ("mois;prestations\n" + "".join(f"2024-{i + 1:02d};{v}\n" for i, v in enumerate(amounts))).encode()


def test_a_month_of_zeros_is_asked_and_both_answers_are_taken():
    with pytest.raises(MappingError) as asked:
        load_dataset(zeros())
    assert [q.key for q in asked.value.questions] == ["zero_manquant"]
    missing = load_dataset(zeros(), mapping={"zero_manquant": "manquant"})
    assert len(missing.months) == 11
    assert missing.left_out["ligne"].tolist() == [7]
    assert len(load_dataset(zeros(), mapping={"zero_manquant": "zero"}).months) == 12


# --- titles of the file ---------------------------------------------------------------------------------------------


def test_the_name_of_the_file_says_what_its_only_amount_is():
    text = "mois;poste;montant\n2024-01;optique;5\n2024-02;optique;6\n"
    mapping = propose(text, "cotisations_2024.csv")
    assert mapping.columns["montant"] == "cotisation"
    assert "accessibilite.sens_du_titre" in set(mapping.findings["code"])
    assert "colonne:montant" in {q.key for q in mapping.questions}
    for silent in ("export.csv", "cotisations et prestations.csv", "taux de remboursement.csv"):
        assert propose(text, silent).blocking == ("colonne:montant",)


def test_a_column_may_have_the_name_of_a_question():
    text = "mois;base;annee;prestations\n2024-01;TTC2;2024;5\n2024-02;TTC2;2024;6\n"
    mapping = propose(text, base="ignorer", annee="ignorer")
    assert mapping.columns["base"] == mapping.columns["annee"] == "ignorer"
    assert propose(text, base="HT").base == "HT"


def test_asterisks_of_a_note_or_of_a_title_in_bold_do_not_make_another_value():
    changed = one_spelling({"Dentaire": 5, "**Dentaire**": 1, "DENTAIRE *": 1, "A+": 1, "A": 2})
    assert changed == {"**Dentaire**": "Dentaire", "DENTAIRE *": "Dentaire"}
