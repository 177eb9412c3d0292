"""The executive report: each number is the one of the pages, each sentence is made of its tables.

Change that must turn this red: `_level` dividing by the wrong column, a period other than the selection's in `_card`,
`EFFECTS` or `headline_keys` parting from the pages.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.constat import Sentence, describe, describe_perimeter
from analytics.descriptive import build_constat, compute_indicator, summarise
from analytics.errors import InsufficientData, ParameterError
from analytics.french import format_month, format_period, format_value
from analytics.schema import Dataset, Selection
from pages.components import bridge_words, cards
from reports import causes, executive
from reports.basket import build_basket
from reports.book import report_to_xlsx
from reports.executive import build_executive, headline_keys
from reports.model import Number, Section, Table, loose_numbers, text_of
from reports.opened import default_selection, open_for_report
from reports.pdf import report_to_pdf
from reports.slides import report_to_pptx
from tests.samples import make_dataset


@pytest.fixture(scope="module")
def opened():
    return open_for_report(make_dataset(48, seed=1, drift=0.4))


@pytest.fixture(scope="module")
def report(opened):
    return build_executive(opened)


def section(report, title):
    return next(s for s in report.sections if s.title == title)


def rows_of(table):
    return {text_of(row[0]): row for row in table.rows}


@pytest.mark.parametrize("key", ["prestation", "cotisation", "ratio_pc", "consommation"])
def test_each_key_figure_is_the_sum_of_its_months(opened, report, key):
    """Recomputed here from the monthly numerators and denominators of `compute_indicator`."""
    chosen = default_selection(opened)
    months = compute_indicator(opened.completed, key, selection=chosen)
    value = months["numerateur"].sum()
    if key in ("ratio_pc", "consommation"):
        value /= months["denominateur"].sum()
    rank = headline_keys(opened.completed).index(key)
    row = report.sections[0].tables[0].rows[rank]
    assert row[1].value == pytest.approx(value, rel=1e-12)
    unit = row[1].unit
    assert report.sections[0].cards[rank].value == format_value(value, unit) == text_of(row[1])


def test_the_sentences_are_those_of_the_first_page(opened, report):
    assert section(report, "L’essentiel").sentences == summarise(opened.completed, default_selection(opened))
    assert len(section(report, "L’essentiel").sentences) == 3


def test_every_number_of_a_sentence_is_in_its_tables(opened, report):
    for part in report.sections:
        for sentence in part.sentences:
            said = [format_period(default_selection(opened).debut, default_selection(opened).fin)]
            said += [format_month(m, short=short) for m in opened.completed.months for short in (True, False)]
            assert not loose_numbers(sentence, part.tables, said), sentence.text
    assert sum(len(part.sentences) for part in report.sections) >= 5


def test_a_loose_number_is_seen():
    table = Table("T", ("A", "B"), (("x", Number(12.5, "EUR")),))
    assert loose_numbers(Sentence("De 12,50\u202f€ à 13,00\u202f€."), (table,)) == ["13,00"]


def test_a_section_refuses_a_number_that_no_table_holds():
    with pytest.raises(ValueError, match="is in no table"):
        Section("S", (Sentence("12 €", ("12\u202f€",)),), tables=(Table("T", ("A",), (("11\u202f€",),)),))


def test_a_row_has_one_cell_by_head():
    with pytest.raises(ValueError, match="one cell by head"):
        Table("T", ("A", "B"), (("x",),))


def test_the_bars_make_the_change(opened, report):
    table = section(report, "Pourquoi").tables[0]
    amounts = [row[1].value for row in table.rows]
    assert math.fsum(amounts[:-1]) == pytest.approx(amounts[-1], abs=1e-6)
    first = report.sections[0].tables[0].rows[0]
    assert amounts[-1] == first[3].value
    assert "oût moyen par acte" in section(report, "Pourquoi").finding  # what `drift` plants


def test_the_alert_names_what_was_planted(report):
    assert "Dentaire" in section(report, "À décider").finding
    assert "B" in rows_of(section(report, "À décider").tables[0]).popitem()[0]


@pytest.mark.parametrize("dimension", ["poste", "region", "contrat"])
def test_each_split_sums_to_the_whole(opened, report, dimension):
    label = opened.completed.label(dimension).lower()
    table = next(t for t in report.tables if t.title == f"Prestations par {label}")
    values = [row[1].value for row in table.rows]
    assert math.fsum(values[:-1]) == pytest.approx(values[-1], rel=1e-12)
    assert table.rows[-1][1].formula.kind == "somme"
    found = compute_indicator(opened.completed, "prestation", by=(dimension,), selection=default_selection(opened))
    expected = found.groupby(dimension)["valeur"].sum()
    assert {text_of(r[0]): r[1].value for r in table.rows[:-1]} == pytest.approx(expected.to_dict(), rel=1e-12)


def test_the_words_are_those_of_the_pages():
    assert {k: bridge_words.EFFECTS[k] for k in causes.LABELS} == causes.LABELS
    assert executive.headline_keys is cards.headline_keys
    for dataset in (
        make_dataset(24),
        replace(make_dataset(24), cotisation=make_dataset(24).cotisation[["mois"]].iloc[:0]),
    ):
        assert headline_keys(dataset) == cards.headline_keys(dataset)


def test_the_footer_says_where_it_comes_from(opened, report):
    text = " · ".join(report.footer)
    chosen = default_selection(opened)
    for part in (
        "essai",
        format_period(chosen.debut, chosen.fin),
        describe_perimeter(chosen, opened.completed),
        "définitions",
    ):
        assert part in text
    assert "simulées" not in text
    assert "données simulées" in build_executive(replace(opened.raw, is_demo=True)).footer
    assert len(report.definitions) == 4


def test_a_perimeter_and_a_month_to_month_comparison(opened):
    chosen = Selection(pd.Timestamp("2023-07-01"), pd.Timestamp("2023-12-01"), {"region": ("B",)}, "M-1")
    report = build_executive(opened, chosen)
    table = report.sections[0].tables[0]
    assert table.heads[2] == "Juste avant"
    before = replace(chosen, debut=pd.Timestamp("2023-01-01"), fin=pd.Timestamp("2023-06-01"))
    total = compute_indicator(opened.completed, "prestation", selection=before)["valeur"].sum()
    assert table.rows[0][2].value == pytest.approx(total)
    assert "B" in report.filters


def test_without_premiums_members_or_history():
    base = make_dataset(14)
    for dataset in (
        replace(base, cotisation=base.cotisation[["mois"]].iloc[:0], base=None),
        replace(base, prestation=base.prestation.drop(columns=["actes", "poste"])),
        replace(base, prestation=base.prestation[["mois"]].iloc[:0]),
        make_dataset(1),
    ):
        report = build_executive(dataset)
        assert report.sections[0].sentences
        assert all(not isinstance(c, Number) or c.text for t in report.tables for row in t.rows for c in row)


def test_groups_are_not_named_when_they_may_not_be(opened):
    report = build_executive(opened, segments=False)
    text = " ".join(s.text for part in report.sections for s in part.sentences)
    assert "dentaire" not in text.lower()
    cells = {cell for table in report.tables for cell in table.texts}
    assert not cells & {"dentaire", "optique", "A", "B", "C"}
    assert not [p for part in report.sections for p in part.pictures if "par poste" in p.title]


def test_what_cannot_be_made_is_refused(opened):
    with pytest.raises(ParameterError, match="Page inconnue"):
        build_executive(opened, pages=("predictif",))
    with pytest.raises(ParameterError, match="Page inconnue"):
        build_executive(opened, pages=())
    empty = make_dataset(1)
    with pytest.raises(InsufficientData, match="aucun mois"):
        build_executive(Dataset(empty.cotisation.iloc[:0], empty.prestation.iloc[:0]))


def test_pages_choose_the_sections(opened):
    assert [s.title for s in build_executive(opened, pages=("diagnostic",)).sections] == ["Pourquoi"]
    assert [s.title for s in build_executive(opened, pages=("accueil",)).sections] == ["L’essentiel", "À décider"]


def test_a_missing_reference_is_a_dash_and_never_zero():
    report = build_executive(make_dataset(12))
    row = report.sections[0].tables[0].rows[0]
    assert np.isnan(row[2].value)
    assert text_of(row[2]) == "—"
    assert section(report, "Pourquoi").notes == ("Sans période de comparaison, il n’y a pas d’écart à expliquer.",)


def test_a_basket_prints_the_constats_and_the_figures_of_the_pictures(opened, report):
    chosen = default_selection(opened)
    constats = [build_constat(opened.completed, key, chosen) for key in ("ratio_pc", "prestation")]
    pictures = [p for part in report.sections for p in part.pictures]
    basket = build_basket(opened.completed, constats=constats, pictures=pictures, filters=report.filters)
    assert [s.text for s in basket.sections[0].sentences] == [describe(c, opened.completed).text for c in constats]
    for picture, part in zip(pictures, basket.sections[1:], strict=True):
        assert len(part.tables[0].rows) == len(picture.table)
        assert part.tables[0].heads == tuple(picture.table.columns)
    assert report_to_pdf(basket).startswith(b"%PDF")
    assert report_to_pptx(basket)
    assert report_to_xlsx(basket)
