"""First lines before and after the mapping: the same lines, under both names, nobody's personal data."""

from __future__ import annotations

import pandas as pd

from data import propose_mapping, read_table
from data.mapping import preview

TEXT = (
    "Mois de soins;Nom;Acte;Prestations versées\n"
    "01/2024;Durand;Optique;12,50\n02/2024;Martin;Dentaire;1 234,56\n02/2024;Petit;Optique;-3\n"
)


def shown(text: str, n: int = 8):
    table = read_table(text.encode())
    return preview(table, propose_mapping(table), n)


def test_cells_as_written_then_what_they_become():
    before, after = shown(TEXT)
    assert before["ligne"].tolist() == after["ligne"].tolist() == [2, 3, 4]
    assert before["Prestations versées"].tolist() == ["12,50", "1 234,56", "-3"]
    assert after["prestation"].tolist() == [12.5, 1234.56, -3.0]
    assert after["mois"].tolist() == [pd.Timestamp("2024-01-01"), *[pd.Timestamp("2024-02-01")] * 2]
    assert after["poste"].astype("str").tolist() == ["Optique", "Dentaire", "Optique"]


def test_nobody_is_named():
    before, after = shown(TEXT)
    assert (before["Nom"] == "…").all()
    for frame in (before, after):
        assert not frame.astype("str").apply(lambda c: c.str.contains("Durand|Martin|Petit")).to_numpy().any()


def test_the_number_of_lines_is_that_of_the_file():
    before, after = shown("Poste;janv-24;févr-24;mars-24\n" + "".join(f"P{i};{i};2;3\n" for i in range(20)), n=2)
    assert before["ligne"].tolist() == [2, 3]
    assert before.columns.tolist() == ["ligne", "Poste", "janv-24", "févr-24", "mars-24"]
    assert after["ligne"].tolist() == [2, 2, 2, 3, 3, 3]


def test_a_preview_agrees_with_the_dataset():
    table = read_table(TEXT.encode())
    _, after = preview(table, propose_mapping(table), n=100)
    assert after["prestation"].sum() == 12.5 + 1234.56 - 3
