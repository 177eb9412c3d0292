"""Opening: what is in a file is told by its bytes; bombs are refused by their headers, the rest in clear French."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics.errors import ReadError
from data import read_table
from data.readers import archives
from data.readers.extent import extent_of
from data.readers.opening import Opened, open_source, read_bytes

CSV = b"mois;prestations\n2024-01;12,5\n"
PAGE = "<!DOCTYPE html><html><body><p>Votre session a expiré.</p></body></html>"


def make_zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def make_parquet(rows: int) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"n": pa.repeat(1, rows)}), buffer)
    return buffer.getvalue()


def make_book(sheet: bytes = b"<worksheet/>") -> bytes:
    return make_zip({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": sheet})


ODS = make_zip({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"})
BOOK, PARQUET = make_book(), make_parquet(3)


@pytest.mark.parametrize(
    ("raw", "opened"),
    [
        (CSV, Opened("texte", CSV)),
        (gzip.compress(CSV), Opened("texte", CSV, "gzip")),
        (gzip.compress(CSV[:10]) + gzip.compress(CSV[10:]), Opened("texte", CSV, "gzip")),
        (make_zip({"a": CSV}), Opened("texte", CSV, "zip")),
        (make_zip({"a.csv": CSV, "__MACOSX/a.csv": b"x", "vide/": b""}), Opened("texte", CSV, "zip")),
        (BOOK, Opened("classeur", BOOK)),
        (ODS, Opened("classeur", ODS)),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", Opened("classeur", b"\xd0\xcf\x11\xe0\xa1\xb1")),
        (PARQUET, Opened("parquet", PARQUET)),
        (make_zip({"a.xlsx": BOOK}), Opened("classeur", BOOK, "zip")),
        (gzip.compress(PARQUET), Opened("parquet", PARQUET, "gzip")),
        (b"<5 ans;10\n5-9 ans;12\n", Opened("texte", b"<5 ans;10\n5-9 ans;12\n")),
        (b"[a];{b}\n1;2\n", Opened("texte", b"[a];{b}\n1;2\n")),
    ],
    ids=lambda v: "" if isinstance(v, bytes) else f"{v.kind}-{v.compression}",
)
def test_recognises_what_is_in_a_file(raw, opened):
    assert open_source(raw) == opened


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "vide"),
        (b" \r\n\t", "vide"),
        (gzip.compress(b""), "vide"),
        (gzip.compress(CSV)[:-12], "abîmée|coupée"),
        (gzip.compress(gzip.compress(CSV)), "autre archive"),
        (make_zip({"a.zip": make_zip({"a": CSV})}), "autre archive"),
        (make_zip({"a": CSV, "b": CSV}), "2 fichiers"),
        (make_zip({"a": CSV})[:40], "abîmée"),
        (make_zip({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}), "document"),
        (b"PAR1abc", "Parquet"),
        (b"%PDF-1.7", "PDF"),
        (b"7z\xbc\xaf\x27\x1c\x00", "7z"),
        (PAGE.encode(), "page web.*session"),
        (PAGE.encode("utf-16"), "page web"),
        (b"\xef\xbb\xbf\r\n" + PAGE.encode(), "page web"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "page web enregistr"),
        (b'<?xml version="1.0"?><html xmlns="x"><p>Bonjour</p></html>', "page web"),
        (b'<?xml version="1.0"?><donnees/>', "XML"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "ancien classeur"),
        (b'[{"mois": "2024-01"}]', "JSON"),
    ],
)
def test_refuses_the_rest_in_french_with_a_remedy(raw, words):
    with pytest.raises(ReadError, match=words) as caught:
        open_source(raw)
    assert caught.value.remede


@pytest.mark.parametrize(
    "bomb",
    [
        gzip.compress(b"1;2\n" * 5_000_000),
        make_zip({"a": b"1;2\n" * 5_000_000}),
        make_book(b"<c><v>1</v></c>" * 2_000_000),
        gzip.compress(make_book(b"<c><v>1</v></c>" * 2_000_000)),
    ],
    ids=["gzip", "zip", "classeur", "classeur dans un gzip"],
)
def test_refuses_a_file_that_grows_like_a_bomb(bomb):
    with pytest.raises(ReadError, match="dépasse") as caught:
        open_source(bomb)
    assert caught.value.remede


def test_a_zip_bomb_is_refused_without_being_inflated(monkeypatch):
    bombs = make_book(b" " * 30_000_000), make_zip({"a.csv": b" " * 30_000_000})
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("décompressé"))
    monkeypatch.setattr(archives, "_inflated", lambda *_: pytest.fail("décompressé"))
    for bomb in bombs:
        with pytest.raises(ReadError, match="dépasse"):
            open_source(bomb)


def test_a_workbook_that_lies_on_its_sizes_is_refused():
    sheet = b"<c><v>1</v></c>" * 2_000_000
    lying = make_book(sheet).replace(struct.pack("<L", len(sheet)), struct.pack("<L", 1000))
    with pytest.raises(ReadError, match="dépasse"):
        open_source(lying)


def test_a_parquet_bomb_is_told_by_its_footer():
    bomb = make_parquet(archives.FREE_PARQUET_CELLS + 1)
    assert len(bomb) < 1_000_000
    with pytest.raises(ReadError, match="60 millions de cellules"):
        open_source(bomb)


def test_a_large_parquet_file_of_real_values_is_no_bomb(monkeypatch):
    # Eight million lines of twelve columns weigh more than a hundred megabytes.
    assert archives.parquet_limit(100 << 20) > 8_000_000 * 12
    assert archives.parquet_limit(1 << 40) == archives.MAX_PARQUET_CELLS
    monkeypatch.setattr(archives, "FREE_PARQUET_CELLS", 1000)
    buffer = io.BytesIO()
    pq.write_table(pa.table({"n": random.Random(1).sample(range(10**6), 5000)}), buffer)
    assert open_source(buffer.getvalue()).kind == "parquet"
    with pytest.raises(ReadError, match="cellules"):
        open_source(make_parquet(5000))


def make_tables(*rows: tuple[int, str]) -> bytes:
    """An OpenDocument workbook of rows, each given by how often it is repeated and by its cells."""
    written = "".join(
        f'<table:table-row table:number-rows-repeated="{n}">{cells}</table:table-row>' for n, cells in rows
    )
    names = ("office", "table", "text")
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names)
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="F">{written}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    entry = f'<m:file-entry m:full-path="/" m:media-type="{kind}"/>'
    manifest = f'<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">{entry}</m:manifest>'
    files = {"mimetype": kind, "META-INF/manifest.xml": manifest, "content.xml": content}
    return make_zip({name: text.encode() for name, text in files.items()})


def repeated(count: int, text: str = "") -> str:
    """A cell of OpenDocument, empty or not."""
    inside = f' office:value-type="string"><text:p>{text}</text:p></table:table-cell>' if text else "/>"
    return f'<table:table-cell table:number-columns-repeated="{count}"{inside}'


SHEET = '<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c r="{place}{row}"{rest}</row>'


@pytest.mark.parametrize(
    "bomb",
    [
        make_tables((1_000_000_000, repeated(1, "a"))),
        make_tables((1_048_000, repeated(3, "a"))),
        make_tables((1, repeated(1_000_000_000, "a"))),
        make_tables((1, repeated(1, "a")), (10**9, repeated(1)), (1, repeated(1, "b") * 3)),
        make_tables((1, repeated(10**9) + repeated(1, "b"))),
        make_book(SHEET.format(row=1_048_576, place="XFD", rest="><v>1</v></c>").encode()),
    ],
    ids=["lignes", "lignes permises", "colonnes", "lignes vides", "colonnes vides", "deux coins"],
)
def test_a_sheet_without_end_is_refused_before_it_is_read(bomb):
    assert len(bomb) < 1500
    with pytest.raises(ReadError, match="trop de cellules") as caught:
        open_source(bomb)
    assert caught.value.remede


def test_formatting_down_to_the_end_of_a_sheet_is_no_bomb():
    filled = repeated(1, "mois") + repeated(1, "prestations") + repeated(16_382)
    book = make_tables(
        (1, filled), (3, repeated(1, "a") + repeated(1, "5") + repeated(16_382)), (1_048_572, repeated(16_384))
    )
    assert read_table(book).frame.shape == (3, 2)
    assert open_source(make_book(SHEET.format(row=1_048_576, place="XFD", rest=' s="3"/>').encode())).kind == "classeur"


def test_the_extent_of_a_sheet_does_not_depend_on_how_it_is_cut():
    sheet = SHEET.format(row=40, place="AB", rest="><v>1</v></c>").encode()
    with zipfile.ZipFile(io.BytesIO(make_tables((2, repeated(3) + repeated(2, "a")), (5, repeated(9))))) as archive:
        content = archive.read("content.xml")
    for name, text, cells in (("xl/worksheets/sheet1.xml", sheet, 40 * 28), ("content.xml", content, 2 * 5)):
        for size in (1, 7, 64, len(text)):
            extent = extent_of(name)
            for start in range(0, len(text), size):
                extent.feed(text[start : start + size])
            assert extent.cells == cells


def test_a_real_table_that_compresses_well_is_not_a_bomb():
    rows = b"2024-01;optique;Bretagne;12,50\n" * 100_000
    assert len(open_source(gzip.compress(rows)).data) == len(rows)
    assert open_source(make_book(b"<row><c><v>1</v></c></row>" * 100_000)).kind == "classeur"


def test_a_missing_file_and_a_wrong_type_are_said():
    with pytest.raises(ReadError, match=r"absent\.csv"):
        read_bytes("/nulle/part/absent.csv")
    with pytest.raises(ReadError, match="chemin"):
        read_bytes(12)
