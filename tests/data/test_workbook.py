"""Workbooks: lines as the user sees them, exact numbers, sheets asked about, merged cells, errors, first days."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pandas as pd
import pytest

from analytics.errors import ReadError
from data import read_table


def book(*sheets, epoch=None) -> bytes:
    """A workbook of (name, rows, first cell, merged ranges)."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    if epoch is not None:
        made.epoch = epoch
    for name, rows, first, merged in sheets:
        sheet = made.create_sheet(name)
        for r, row in enumerate(rows, first[0]):
            for c, value in enumerate(row, first[1]):
                sheet.cell(r, c, value)
        for cells in merged:
            sheet.merge_cells(cells)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


ROWS = (
    ("Mois", "Poste", "Prestations"),
    (dt.date(2024, 1, 1), "Optique", 12.5),
    (dt.date(2024, 2, 1), "Dentaire", 0.1 + 0.2),
    (dt.date(2024, 3, 1), "Dentaire", 1234567.89),
)


@pytest.mark.parametrize("first", [(1, 1), (3, 2), (5, 4), (1, 3), (4, 1)])
def test_lines_are_those_of_the_sheet_wherever_the_table_is(first):
    table = read_table(book(("Feuil1", ROWS, first, ())))
    assert table.dialect["header_rows"] == (first[0],)
    assert table.lines.tolist() == [first[0] + 1, first[0] + 2, first[0] + 3]
    assert table.left_out["ligne"].tolist() == list(range(1, first[0]))
    assert table.tidy["Prestations"].tolist() == [12.5, 0.3, 1234567.89]
    assert table.tidy["Mois"].tolist() == [pd.Timestamp(2024, m, 1) for m in (1, 2, 3)]
    assert table.tidy["Poste"].tolist() == ["Optique", "Dentaire", "Dentaire"]
    assert table.questions == ()


@pytest.mark.parametrize("first", [(1, 1), (4, 3)])
def test_merged_labels_are_repeated_on_their_own_lines(first):
    rows = (("Région", "Poste", "Actes"), ("Corse", "Optique", 1), (None, "Dentaire", 2), ("Bretagne", "Optique", 3))
    r, letter = first[0] + 1, "ABCD"[first[1] - 1]
    table = read_table(book(("F", rows, first, (f"{letter}{r}:{letter}{r + 1}",))))
    assert table.tidy["Région"].tolist() == ["Corse", "Corse", "Bretagne"]


def test_a_merged_amount_is_never_repeated():
    rows = (("Région", "Poste", "Cotisations"), ("Corse", "Optique", 100), ("Corse", "Dentaire", None))
    table = read_table(book(("F", rows, (1, 1), ("C2:C3",))))
    assert table.tidy["Cotisations"].sum() == 100
    assert "exactitude.montant_fusionne" in set(table.findings["code"])


def test_several_sheets_are_asked_about_and_explanations_are_not_tables():
    read_me = ("Lisez-moi", (("Ce classeur suit les prestations",),), (1, 1), ())
    other = (ROWS[0], (dt.date(2023, 1, 1), "Optique", 7.0), (dt.date(2023, 2, 1), "Optique", 8.0))
    content = book(read_me, ("2024", ROWS, (1, 1), ()), ("2023", other, (1, 1), ()))
    table = read_table(content)
    assert table.dialect["sheet"] == "2024"
    assert [q.key for q in table.questions] == ["feuille"]
    assert list(table.questions[0].choices) == ["toutes", "2024", "2023"]
    assert read_table(content, answers={"feuille": "2023"}).tidy["Prestations"].sum() == 15
    assert read_table(content, sheet="2023").questions == ()
    with pytest.raises(ReadError, match="feuille") as caught:
        read_table(content, sheet="2022")
    assert "2023" in caught.value.remede


def test_a_workbook_counted_from_1904_is_read_right():
    rows = (("Mois", "Actes"), (dt.date(2024, 1, 1), 5), (dt.date(2024, 2, 1), 6))
    table = read_table(book(("F", rows, (1, 1), ()), epoch=dt.datetime(1904, 1, 1)))
    assert table.tidy["Mois"].tolist() == [pd.Timestamp(2024, 1, 1), pd.Timestamp(2024, 2, 1)]
    numbers = (("Mois", "Actes"), (43830, 5), (43861, 6))
    since_1904 = read_table(book(("F", numbers, (1, 1), ()), epoch=dt.datetime(1904, 1, 1)))
    since_1900 = read_table(book(("F", numbers, (1, 1), ())))
    assert since_1904.tidy["Mois"].tolist() == [pd.Timestamp(2024, 1, 1), pd.Timestamp(2024, 2, 1)]
    assert since_1900.tidy["Mois"].tolist() == [pd.Timestamp(2019, 12, 31), pd.Timestamp(2020, 1, 31)]


def test_formula_errors_are_missing_and_told():
    rows = (("Mois", "Prestations"), (dt.date(2024, 1, 1), 5.0), (dt.date(2024, 2, 1), "#DIV/0!"))
    table = read_table(book(("F", rows, (2, 2), ())))
    assert table.tidy["Prestations"].isna().tolist() == [False, True]
    note = table.findings.set_index("code").loc["exactitude.cellule_en_erreur"]
    assert (note["ligne"], note["colonne"]) == (4, "Prestations")


def test_a_number_typed_as_text_keeps_its_own_decimal_sign():
    rows = (("Mois", "Prestations", "Actes"), ("2024-01", "1 234,50 €", 1.25), ("2024-02", "12,5 €", 2.5))
    table = read_table(book(("F", rows, (1, 1), ())))
    assert table.tidy["Prestations"].tolist() == [1234.5, 12.5]
    assert table.tidy["Actes"].tolist() == [1.25, 2.5]


def test_true_dates_as_titles_become_months():
    rows = (
        ("Région", dt.date(2024, 1, 1), dt.date(2024, 2, 1), "Total"),
        ("Corse", 1.5, 2.0, 3.5),
        ("Bretagne", 4, 5, 9),
    )
    table = read_table(book(("F", rows, (1, 1), ())))
    assert table.wide.aside == ("Total",)
    assert table.tidy["valeur"].tolist() == [1.5, 2, 4, 5]
    assert table.tidy["mois"].dt.month.tolist() == [1, 2, 1, 2]


def test_broken_and_empty_workbooks_are_refused():
    for content in (book(("F", (), (1, 1), ())), book(("F", ROWS, (1, 1), ()))[:-700]):
        with pytest.raises(ReadError) as caught:
            read_table(content)
        assert caught.value.remede
