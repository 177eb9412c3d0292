"""Dialect: the separator and the quotes that a reader would see, and texts that are no table."""

from __future__ import annotations

import csv
import io

import pytest

from analytics.errors import ReadError
from data.readers.dialect import find_dialect, find_text_layout, unix_lines

ROWS = [(f"2024-{i % 12 + 1:02d}", "Optique, dentaire", f"{i * 37},{i % 90 + 10}", "l’eau") for i in range(1, 30)]


@pytest.mark.parametrize("separator", [";", "\t", "|", ",", "^", "~"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
def test_finds_the_separator_whatever_is_in_the_cells(separator, quoting):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator, lineterminator="\n", quoting=quoting).writerows(
        [("mois", "poste", "montant", "note"), *ROWS]
    )
    assert find_dialect(buffer.getvalue()).separator == separator


def test_decimal_commas_do_not_beat_the_semicolon():
    rows = "".join(f"2024-{i % 12 + 1:02d};1.234,5{i % 10};#N/A;3,{i % 10}\n" for i in range(1, 40))
    text = f"Suivi, par poste, mensuel\n\nmois;a;b;c\n{rows}"
    layout = find_text_layout(text)
    assert (layout.separator, layout.header) == (";", ("mois", "a", "b", "c"))


def test_decimal_commas_do_not_beat_the_tab():
    rows = [f"0{i}/02/2024 08:30\tÉco\tOptique\t60-79\t2.384,5{i}" for i in range(1, 10)]
    titles = ["Tableau de bord", "Date\tFormule\tPoste\tAge\tPrestations"]
    foot = ["\t\t\t\t", "TOTAL\t\t\t\t9,5", "", "Note : provisoire", ""]
    assert find_text_layout("\n".join([*titles, *rows, *foot])).separator == "\t"


def test_escaped_quotes_are_told_from_doubled_ones():
    text = "a;b\n" + '1;"dit \\"oui\\" ; puis"\n' * 5
    assert find_dialect(text).escape == "\\"
    assert find_dialect("a;b\n" + '1;"dit ""oui"" ; puis"\n' * 5).escape == ""


@pytest.mark.parametrize(
    "text",
    [
        "Madame, Monsieur,\n\nVeuillez trouver ci-joint les prestations.\n\nCordialement,\nLe service études\n",
        "Bonjour,\nVoici, comme convenu, les chiffres du mois.\nIls sont, hélas, provisoires.\nBien à vous.\n",
        "Votre session a expiré.\nVeuillez vous reconnecter.\nMerci.\n",
    ],
)
def test_prose_is_refused_with_a_line_and_a_remedy(text):
    with pytest.raises(ReadError, match="pas une table") as caught:
        find_text_layout(text)
    assert caught.value.ligne
    assert caught.value.remede


@pytest.mark.parametrize(
    "text",
    [
        "région\nBretagne\nCorse\nNormandie\n",
        "mois;note\n2024-01;Vu.\n2024-02;Revu.\n",
    ],
)
def test_a_table_of_short_texts_is_not_prose(text):
    assert find_text_layout(text).width >= 1


def test_one_end_of_line_only():
    assert unix_lines("a\r\nb\rc\r\n") == "a\nb c\n"
    assert unix_lines("a\rb\r") == "a\nb\n"
