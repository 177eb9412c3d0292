"""Archives: opened when they hold one table, refused when they are bombs or something else."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from analytics.errors import ReadError
from data.readers import opening
from data.readers.opening import open_archive, read_bytes

CSV = b"mois;prestations\n2024-01;12,5\n"


def make_zip(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (CSV, ""),
        (gzip.compress(CSV), "gzip"),
        (gzip.compress(CSV[:10]) + gzip.compress(CSV[10:]), "gzip"),
        (make_zip(a=CSV), "zip"),
        (make_zip(**{"a.csv": CSV, "__MACOSX/a.csv": b"x", "vide/": b""}), "zip"),
    ],
)
def test_opens_what_holds_one_file(raw, kind):
    assert open_archive(raw) == (CSV, kind)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "vide"),
        (b" \r\n\t", "vide"),
        (gzip.compress(b""), "vide"),
        (gzip.compress(CSV)[:-12], "abîmée|coupée"),
        (gzip.compress(gzip.compress(CSV)), "autre archive"),
        (make_zip(a=CSV, b=CSV), "2 fichiers"),
        (make_zip(a=CSV)[:40], "abîmée"),
        (make_zip(**{"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), "xlsx"),
        (make_zip(mimetype=b"application", **{"content.xml": b"<x/>"}), "LibreOffice"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "xls"),
        (b"PAR1abc", "Parquet"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_refuses_the_rest_in_french_with_a_remedy(raw, words):
    with pytest.raises(ReadError, match=words) as caught:
        open_archive(raw)
    assert caught.value.remede


@pytest.mark.parametrize("pack", [gzip.compress, lambda b: make_zip(a=b)])
def test_refuses_a_bomb_without_opening_it_whole(pack, monkeypatch):
    monkeypatch.setattr(opening, "FREE_BYTES", 1 << 16)
    with pytest.raises(ReadError, match="dépasse"):
        open_archive(pack(b"1;2\n" * 5_000_000))


def test_a_real_table_that_compresses_well_is_not_a_bomb():
    rows = b"2024-01;optique;Bretagne;12,50\n" * 100_000
    assert len(open_archive(gzip.compress(rows))[0]) == len(rows)


def test_a_missing_file_and_a_wrong_type_are_said():
    with pytest.raises(ReadError, match=r"absent\.csv"):
        read_bytes("/nulle/part/absent.csv")
    with pytest.raises(ReadError, match="chemin"):
        read_bytes(12)
