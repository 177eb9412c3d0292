"""What an upload takes from earlier ones, and every one of its lines counted from both ends."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

import data
from analytics.errors import ReadError
from data import store
from data.depot import files
from data.depot.counting import count_dataset, count_lines
from tests.data.test_depot import ASKED, CSV, depot, read

__all__ = ["depot"]


def test_the_answers_of_somebody_else_are_neither_used_nor_shown(depot):
    token = read(depot, ASKED)
    depot.answer(token, {"colonne:Valeur": "cotisation"})
    depot.wait(token, seconds=120)
    key = depot.accept(token)
    stranger = read(depot, ASKED.replace("11,10", "99,10"), "suivant.csv")
    assert depot.status(stranger).state == "question"
    assert "cotisation" not in files.read_json(depot.root / stranger / files.RECORD)["answers"].values()
    store.delete(key)
    owner = read(depot, ASKED, "encore.csv", held=[key])
    assert depot.status(owner).state == "question"  # erased with its dataset


def test_a_sheet_named_for_one_workbook_is_not_asked_of_another(depot):
    token = read(depot, workbook({"Accueil": 1, "Contrat ACME-7Q": 10}), "a.xlsx")
    depot.answer(token, {"feuille": "Contrat ACME-7Q"})
    assert depot.wait(token, seconds=120).state == "pret"
    key = depot.accept(token)
    other = read(depot, workbook({"Feuil1": 5}), "b.xlsx", held=[key])
    assert depot.status(other).state == "pret"
    assert "ACME" not in (depot.root / other / files.REPORT).read_text()
    assert "ACME" not in (depot.root / other / files.RECORD).read_text()


def workbook(sheets: dict[str, int]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, amount in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(["mois", "poste", "montant remboursé"])
        for month in (1, 2, 3):
            sheet.append([dt.date(2024, month, 1), "Optique", amount])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_file_of_titles_alone_is_refused(depot):
    token = read(depot, "mois;poste;montant remboursé\n")
    assert depot.status(token).state == "refuse"
    assert "aucune donnée" in depot.report(token).error.message


@pytest.mark.parametrize("lost", ["lines", "rejected", "left_out"])
def test_a_line_lost_by_the_reading_is_noticed(lost):
    table = data.read_table(CSV.encode() + b"\nfin d'export\n")
    assert sum(v for k, v in count_lines(table).items() if k != "lines") == count_lines(table)["lines"] == 74
    if lost == "lines":
        short = replace(table, lines=table.lines.iloc[:-5], frame=table.frame.iloc[:-5], tidy=table.tidy.iloc[:-5])
    else:
        line = pd.DataFrame({"ligne": [900], "colonne": "", "valeur": "", "raison": ""})
        short = replace(table, **{lost: pd.concat([getattr(table, lost), line])})
    with pytest.raises(ReadError, match="compte des lignes"):
        count_lines(short)


def test_a_cell_of_two_lines_is_one_line():
    text = 'mois;poste;montant remboursé\n01/2024;"Opti\nque";1,50\n' + "02/2024;Optique;2,50\n" * 4
    assert count_lines(data.read_table(text.encode()))["lines"] == 5


def test_a_line_lost_while_adding_up_is_noticed():
    dataset = data.load_dataset(CSV.encode())
    read_lines = set(range(2, 74))
    assert count_dataset(dataset, 72, read_lines)["accepted"] == 72
    for used in (read_lines - {9}, 71):
        with pytest.raises(ReadError, match="compte des lignes"):
            count_dataset(dataset, 72, used)
