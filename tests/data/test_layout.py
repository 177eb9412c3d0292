"""Layout: titles above, header rows, merged cells, unnamed and repeated columns."""

from __future__ import annotations

import pytest

from analytics.errors import ReadError
from data.readers.dialect import find_text_layout
from data.readers.layout import find_layout

DATA = [[f"2024-{i:02d}", "Optique", f"{i * 11},50", str(i)] for i in range(1, 10)]
HEADER = ["Mois", "Poste", "Montant", "Actes"]


def layout_of(*rows):
    """Layout of rows numbered from 1."""
    return find_layout(rows, range(1, len(rows) + 1))


def test_one_header_row():
    layout = layout_of(HEADER, *DATA)
    assert (layout.header, layout.header_lines, layout.first_line) == (tuple(HEADER), (1,), 2)


def test_titles_above_are_not_the_header():
    above = ["Suivi mensuel", "", "", ""], ["Période :", "tous les mois", "", ""], ["", "", "", ""]
    layout = layout_of(*above, HEADER, *DATA)
    assert (layout.header, layout.header_lines) == (tuple(HEADER), (4,))


def test_a_title_of_as_many_words_as_columns_is_not_a_header_row():
    text = "Périmètre : tous contrats\nMois;Poste;Région;Montant\n"
    text += "".join(f"2024-{i:02d};Optique;Corse;{i},50\n" for i in range(1, 10))
    assert find_text_layout(text).header == ("Mois", "Poste", "Région", "Montant")


def test_a_header_row_written_with_another_separator_is_found():
    text = "Mois,Poste,Région,Montant\n" + "".join(f"2024-{i:02d};Optique;Corse;{i},50\n" for i in range(1, 10))
    assert find_text_layout(text).header == ("Mois", "Poste", "Région", "Montant")


def test_no_header():
    layout = layout_of(*DATA)
    assert layout.header == ("Colonne 1", "Colonne 2", "Colonne 3", "Colonne 4")
    assert (layout.header_lines, layout.first_line, layout.named) == ((), 1, (False,) * 4)


@pytest.mark.parametrize("missing", ["NC", "-", "n.d.", "#N/A", ""])
def test_a_first_row_with_a_missing_value_is_data(missing):
    first = ["2024-01", "Aides auditives", missing, "3"]
    layout = layout_of(HEADER, first, *DATA)
    assert (layout.header_lines, layout.first_line) == ((1,), 2)


@pytest.mark.parametrize("missing", ["NC", "-", "n.d."])
def test_even_when_its_only_number_is_missing(missing):
    rows = [["Optique", "2019-12-01", missing]] + [["Optique", f"2020-{i:02d}-01", f"{i}5,20"] for i in range(1, 9)]
    assert layout_of(["POSTE", "Mois", "Prestations"], *rows).header_lines == (1,)


def test_merged_cells_of_two_header_rows_are_repeated():
    rows = [[r, "1,5", "2,5", "3,5", "4,5"] for r in ("Bretagne", "Corse", "Normandie", "Occitanie")]
    layout = layout_of(["", "Hommes", "", "Femmes", ""], ["Région", "0-19", "20+", "0-19", "20+"], *rows)
    assert layout.header_lines == (1, 2)
    assert layout.header == ("Région", "Hommes / 0-19", "Hommes / 20+", "Femmes / 0-19", "Femmes / 20+")
    assert layout.levels[0] == ("", "Hommes", "Hommes", "Femmes", "Femmes")


def test_a_title_with_its_value_above_merged_cells_is_not_one_more_level():
    rows = [[r, "1,5", "2,5", "3,5", "4,5"] for r in ("Bretagne", "Corse", "Normandie", "Occitanie")]
    above = ["Période :", "tous les mois", "", "", ""]
    layout = layout_of(above, ["", "Hommes", "", "Femmes", ""], ["Région", "0-19", "20+", "0-19", "20+"], *rows)
    assert layout.header_lines == (2, 3)


def test_titles_that_are_years_or_numbers_are_still_titles():
    rows = [[f"2014{i:02d}", "44.0", "105.0", "165.0", "197.0"] for i in range(1, 9)]
    assert layout_of(["mois_survenance", "1", "2", "3", "4"], *rows).header_lines == (1,)
    assert layout_of(["région", "2020", "2021", "2022", "2023"], *rows).header_lines == (1,)


def test_unnamed_and_repeated_columns_get_names_of_their_own():
    layout = layout_of(["Mois", "", "Montant", "Montant"], *DATA)
    assert layout.header == ("Mois", "Colonne 2", "Montant", "Montant (2)")
    assert layout.named == (True, False, True, True)


def test_the_user_may_say_how_many_header_rows():
    rows = [HEADER, *DATA]
    assert find_layout(rows, range(1, len(rows) + 1), header_rows=0).header_lines == ()
    assert find_layout(rows, range(1, len(rows) + 1), header_rows=2).header_lines == (1, 2)


def test_an_empty_table_is_refused():
    with pytest.raises(ReadError, match="vide"):
        layout_of(["", ""], [" ", ""])
