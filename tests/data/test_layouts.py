"""Answers given once are used again for a file of the same layout, and only there."""

from __future__ import annotations

import pytest

from analytics.errors import MappingError
from data import load_dataset, propose_mapping, read_table
from data.mapping import layout_key, merge_answers

JANUARY = "Mois;Poste;Montant\n2024-01;Optique;5,5\n2024-01;Dentaire;6,5\n2024-01;Pharmacie;7,25\n"
FEBRUARY = "MOIS;poste;MONTANT\r\n2024-02;Optique;15,5\r\n2024-02;Dentaire;16,5\r\n"


def table_of(text: str, encoding: str = "utf-8"):
    return read_table(text.encode(encoding))


def wide(*months: str) -> str:
    rows = [[p, *(str(i + j) for j in range(len(months)))] for i, p in enumerate(("Optique", "Dentaire", "Pharmacie"))]
    return "\n".join(";".join(row) for row in (["Poste", *months], *rows)) + "\n"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (JANUARY, FEBRUARY),
        (JANUARY, JANUARY.replace(";", "\t")),
        (JANUARY, JANUARY.replace(",", ".")),
        (wide("janv-24", "févr-24", "mars-24"), wide("janv-24", "févr-24", "mars-24", "avr-24")),
        (wide("janv-24", "févr-24", "mars-24"), wide("janv-25", "févr-25", "mars-25")),
    ],
)
def test_two_exports_of_the_same_report_have_the_same_layout(one, other):
    assert layout_key(table_of(one)) == layout_key(table_of(other))


def test_the_encoding_plays_no_part():
    text = JANUARY.replace("Montant", "Montant réglé")
    assert layout_key(table_of(text)) == layout_key(table_of(text, "cp1252"))


@pytest.mark.parametrize(
    "other", ["Poste;Mois;Montant\nOptique;2024-01;5,5\n", "Mois;Poste;Montant;Actes\n2024-01;Optique;5,5;3\n"]
)
def test_another_order_or_another_column_is_another_layout(other):
    assert layout_key(table_of(JANUARY)) != layout_key(table_of(other))


def test_an_answer_is_used_again_and_said():
    with pytest.raises(MappingError) as asked:
        load_dataset(JANUARY.encode())
    assert [q.key for q in asked.value.questions] == ["colonne:Montant"]
    answers = {"colonne:Montant": "prestation", "date_basis": "paiement"}
    again = table_of(JANUARY.replace("2024-01", "2024-03"))
    merged = merge_answers(answers, {}, again)
    assert merged.answers == merged.reused == answers
    assert propose_mapping(again, answers=merged.answers).blocking == ()
    assert "date_basis" in merged.findings["message"].iloc[0]


def test_what_is_answered_now_wins():
    merged = merge_answers({"base": "TTC", "date_basis": "soins"}, {"base": "HT"}, table_of(JANUARY))
    assert merged.answers == {"date_basis": "soins", "base": "HT"}
    assert merged.reused == {"date_basis": "soins"}


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("colonne:Disparue", "prestation"),
        ("colonne:Poste", "prestation"),
        ("date_basis", "lune"),
        ("role:prestation", "Disparue"),
        ("total:Disparue", "garder"),
        ("zero_manquant", "manquant"),
        ("zero_manquant:Montant", "zero"),
        ("annee", "2023"),
    ],
)
def test_an_answer_that_no_longer_fits_is_dropped(key, answer):
    merged = merge_answers({key: answer}, {}, table_of(JANUARY))
    assert merged.answers == {}
    assert merged.dropped == {key: answer}
    assert merged.findings.empty
