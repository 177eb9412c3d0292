"""The slides read back by python-pptx: findings as titles, native tables, described images, footers.

Change that must turn this red: `descr` not set, a table drawn as an image, a footer left out of one slide.
"""

from __future__ import annotations

import io

import pytest
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE

from analytics.french import cleaned
from reports.model import text_of, typeset
from reports.slides import HEIGHT, ROWS, WIDTH, report_to_pptx
from tests.reports.samples import hostile_report, long_report, planted_report


@pytest.fixture(scope="module")
def report():
    return planted_report()


@pytest.fixture(scope="module")
def deck(report):
    return Presentation(io.BytesIO(report_to_pptx(report)))


def texts(slide):
    return [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]


def tables(deck):
    return [shape.table for slide in deck.slides for shape in slide.shapes if shape.has_table]


def test_sixteen_by_nine_and_everything_inside(deck):
    assert abs(WIDTH / HEIGHT - 16 / 9) < 1e-3
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height


def test_titles_are_the_main_findings(report, deck):
    titles = {slide.shapes.title.text_frame.text for slide in deck.slides}
    assert all(slide.shapes.title.text_frame.text for slide in deck.slides)
    for section in report.sections:
        if section.sentences:
            assert typeset(section.finding) in titles


def test_every_sentence_is_text(report, deck):
    said = "\n".join(text for slide in deck.slides for text in texts(slide))
    assert all(typeset(s.text) in said for part in report.sections for s in part.sentences)


def test_tables_are_native_and_whole(report, deck):
    found = [[cell.text for cell in row.cells] for table in tables(deck) for row in table.rows]
    for table in report.tables:
        heads, rows = table.on_paper()
        for row in (heads, *rows):
            assert [typeset(text_of(cell)) for cell in row] in found


def test_charts_are_images_with_their_finding(report, deck):
    images = [s for slide in deck.slides for s in slide.shapes if s.shape_type == MSO_SHAPE_TYPE.PICTURE]
    said = [image._element.nvPicPr.cNvPr.get("descr") for image in images]
    assert said == [cleaned(p.alt) for section in report.sections for p in section.pictures]
    assert all(image.image.content_type == "image/png" and image.image.size[0] >= 1200 for image in images)


def test_footer_on_every_slide(report, deck):
    for rank, slide in enumerate(deck.slides, start=1):
        said = " ".join(texts(slide))
        assert f"{rank}/{len(deck.slides)}" in said
        assert "données simulées" in said
        assert report.version in said


def test_a_long_table_goes_on_with_its_heads():
    deck = Presentation(io.BytesIO(report_to_pptx(long_report(30))))
    found = tables(deck)
    assert [len(t.rows) - 1 for t in found] == [ROWS, ROWS, 30 - 2 * ROWS]
    assert {t.cell(0, 0).text for t in found} == {"Nom répété en tête"}


def test_same_report_same_bytes(report):
    assert report_to_pptx(report) == report_to_pptx(report)


def test_hostile_names_are_texts():
    deck = Presentation(io.BytesIO(report_to_pptx(hostile_report())))
    said = "".join(cell.text for table in tables(deck) for row in table.rows for cell in row.cells)
    assert '#panic("x")' in said
    assert "\u202e" not in said
