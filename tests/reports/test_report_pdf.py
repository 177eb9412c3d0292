"""The PDF read back: text that can be selected, fonts inside, footer on every page, texts that stay texts.

Change that must turn this red: a text spliced in `page.typ`, `ignore_system_fonts` dropped, `repeat: false` in the
header of a table, `alt` not passed.
"""

from __future__ import annotations

import io
import re

import pypdf
import pytest

from reports.model import text_of
from reports.pdf import FONT, report_to_pages, report_to_pdf
from tests.reports.samples import ENDLESS, hostile_report, long_report, planted_report


@pytest.fixture(scope="module")
def report():
    return planted_report()


@pytest.fixture(scope="module")
def read(report):
    return pypdf.PdfReader(io.BytesIO(report_to_pdf(report)))


def squeezed(text):
    """Without spaces of any kind, nor the marks where a word may be cut: extraction adds and drops them."""
    return re.sub(r"[\s\u200b\u00ad]", "", text)


def text_of_pages(read):
    return squeezed("".join(page.extract_text() for page in read.pages))


def test_sentences_and_tables_are_selectable(report, read):
    text = text_of_pages(read)
    for section in report.sections:
        for sentence in section.sentences:
            assert squeezed(sentence.text) in text
    for table in report.tables:
        _, rows = table.on_paper()
        assert all(squeezed(text_of(cell)) in text for row in rows for cell in row)


def test_findings_hold_on_the_first_page(report, read):
    first = squeezed(read.pages[0].extract_text())
    assert all(squeezed(s.text) in first for part in report.sections for s in part.sentences)
    assert "Leschiffresclés" not in first


def test_numbers_keep_their_narrow_spaces(report, read):
    assert any("\u202f€" in page.extract_text() for page in read.pages)


def test_footer_on_every_page(report, read):
    for rank, page in enumerate(read.pages, start=1):
        text = squeezed(page.extract_text())
        for part in report.footer:
            assert squeezed(part) in text
        assert f"{rank}/{len(read.pages)}" in text
        assert "donnéessimulées" in text


def test_every_font_is_inside_and_ours(read):
    found = set()
    for page in read.pages:
        for font in (page["/Resources"].get("/Font") or {}).values():
            found |= fonts_of(font.get_object())
    assert found
    assert all(FONT.replace(" ", "") in name for name, _ in found)
    assert all(inside for _, inside in found)


def fonts_of(font):
    parts = [d.get_object() for d in font.get("/DescendantFonts", [])] or [font]
    names = set()
    for part in parts:
        described = part["/FontDescriptor"].get_object()
        names.add((described["/FontName"], any(k in described for k in ("/FontFile", "/FontFile2", "/FontFile3"))))
    return names


def test_charts_are_vectors_with_their_finding_as_alternative_text(report, read):
    assert not any(page.images for page in read.pages)
    said = squeezed(" ".join(alternatives(read.trailer["/Root"]["/StructTreeRoot"])))
    for picture in (p for section in report.sections for p in section.pictures):
        assert squeezed(picture.alt) in said


def alternatives(node, depth=0):
    node = node.get_object()
    if isinstance(node, list):
        for child in node:
            yield from alternatives(child, depth + 1)
    elif isinstance(node, dict) and depth < 40:
        if "/Alt" in node:
            yield str(node["/Alt"])
        if "/K" in node and not isinstance(node["/K"], int):
            yield from alternatives(node["/K"], depth + 1)


def test_it_claims_to_be_accessible(read):
    root = read.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith("fr")
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()


def test_same_report_same_bytes(report):
    assert report_to_pdf(report) == report_to_pdf(report)


def test_heads_are_repeated_on_every_page_of_a_long_table():
    read = pypdf.PdfReader(io.BytesIO(report_to_pdf(long_report())))
    with_rows = [t for t in (page.extract_text() for page in read.pages) if "Ligne" in t]
    assert len(with_rows) >= 3
    assert all("Nom répété en tête" in text for text in with_rows)


def test_a_hostile_file_is_printed_not_run():
    report = hostile_report()
    text = text_of_pages(pypdf.PdfReader(io.BytesIO(report_to_pdf(report))))
    assert '#panic("x")$a$*b*@ref<lab>\\' in text
    assert ENDLESS[:40] in text.replace("-", "")


def test_pages_as_images(report):
    pages = report_to_pages(report, ppi=30)
    assert all(page.startswith(b"\x89PNG") for page in pages)
    assert len(pages) >= 2


def test_an_endless_word_stays_on_the_page():
    """Nothing is drawn in the right margin, but for the footer: the last columns of pixels are white."""
    from PIL import Image

    for content in report_to_pages(hostile_report(), ppi=40):
        image = Image.open(io.BytesIO(content)).convert("L")
        margin = image.crop((int(image.width * 0.93), 0, image.width, image.height))
        assert margin.getextrema()[0] > 250
