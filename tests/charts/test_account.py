"""The account on paper: every figure of the table, nothing of a file run as code, definitions beneath."""

import re
from html import unescape

import pandas as pd
import pytest

from analytics.descriptive.account import COMPTABLE, LINES, SURVENANCE, Account, compute_account
from analytics.french import format_number, format_percent
from charts.account import account_sheet, account_table
from charts.theme import SIMULATED
from tests.samples import make_dataset


@pytest.fixture(scope="module")
def account(small_lagged) -> Account:
    return compute_account(small_lagged)


@pytest.fixture(scope="module")
def small_lagged():
    small = make_dataset(30)
    lags = pd.concat(
        [
            small.prestation.assign(
                mois_paiement=small.prestation["mois"] + pd.DateOffset(months=k),
                prestation=small.prestation["prestation"] * share,
            )
            for k, share in enumerate((0.6, 0.3, 0.1))
        ]
    )
    seen = lags[lags["mois_paiement"] <= small.months[-1]].reset_index(drop=True)
    return small.__class__(small.cotisation, seen, base="HT", date_basis="soins", as_of=small.months[-1])


def test_years_across_lines_down(account):
    table = account_table(account.comptable, COMPTABLE)
    assert list(table.columns) == ["Ligne", "2020", "2021", "2022 (6 mois)"]
    row = table.set_index("Ligne")
    last = account.comptable.iloc[-1]
    assert row.loc["Charge de prestations", "2022 (6 mois)"] == format_number(last["charge"])
    assert row.loc["Ratio P/C", "2022 (6 mois)"] == format_percent(last["ratio_pc"])
    assert "Frais de gestion" not in row.index  # the file has none: no empty line
    care = account_table(account.survenance, SURVENANCE)["Ligne"].tolist()
    assert "Provision restante" in care
    assert "Variation de provision" not in care


def test_the_sheet_holds_every_figure_and_its_definitions(account):
    views = {COMPTABLE: account.comptable, SURVENANCE: account.survenance}
    page = account_sheet("Compte", "base HT", views, ["Une remarque."]).decode()
    text = unescape(re.sub(r"<[^>]+>", "|", page))
    for name, view in views.items():
        for cell in account_table(view, name).to_numpy().ravel():
            assert f"|{cell}|" in text, cell
    assert LINES["boni"][1] in text
    assert "@media print" in page
    assert "window.print()" in page
    assert "Une remarque." in text
    assert SIMULATED not in page
    assert SIMULATED in account_sheet("Compte", "", views, [], is_demo=True).decode()


def test_text_of_a_file_is_never_markup(account):
    evil = "<script>alert(1)</script>\"'&"
    page = account_sheet(evil, evil, {COMPTABLE: account.comptable}, [evil]).decode()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 4


def test_an_absent_view_is_not_drawn(account):
    page = account_sheet("C", "", {COMPTABLE: account.comptable, SURVENANCE: account.survenance.iloc[:0]}, []).decode()
    assert page.count("<table>") == 1


def test_parts_of_a_line_are_indented_under_it(account):
    lines = account_table(account.comptable, COMPTABLE)["Ligne"]
    parts = lines[lines.str.contains("dont ")]
    assert len(parts) == 2
    assert parts.str.startswith("\u2003dont ").all()
    assert not lines.drop(parts.index).str.startswith("\u2003").any()
