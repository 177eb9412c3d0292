"""One pass over a file: UTF-8 with line feeds, and what is said of it, wherever its pieces are cut."""

from __future__ import annotations

import gzip
import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.errors import ReadError
from data.ingest import stream, transcode
from data.ingest.stream import Unsuited

TEXT = "mois;poste;libellé;prestations\n" + "".join(
    f"2024-{1 + i % 12:02d};Médecine générale;dossier n° {i} à l’hôpital, où ça coûte;{i},5{i % 10}\n"
    for i in range(300)
)
ENCODINGS = ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "mac_roman", "cp850"]


@pytest.fixture(params=[7, 61, 1 << 20], ids=str)
def cut(request, monkeypatch):
    """Pieces of a few bytes: characters and ends of line are cut in two."""
    for module in (stream, transcode):
        monkeypatch.setattr(module, "CHUNK", request.param)


def run(raw: bytes, folder):
    (folder / "source").write_bytes(raw)
    return transcode.transcode(folder / "source", folder / "copie")


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_text_is_the_same_in_utf8(tmp_path, encoding, end):
    known = TEXT if encoding != "cp850" else TEXT.replace("’", "'")
    raw = known.replace("\n", end).encode(encoding)
    if encoding == "utf-16-le":
        raw = b"\xff\xfe" + raw
    found = run(raw, tmp_path)
    assert found.path.read_bytes().decode().replace("\r\n", "\n") == known
    assert found.lines == 301
    assert found.size == len(raw)
    assert found.sha256 == hashlib.sha256(raw).hexdigest()
    assert (found.quotes, found.totals) == (False, False)
    assert found.copied == (encoding != "utf-8")


@pytest.mark.usefixtures("cut")
def test_marks_are_the_beginnings_of_numbered_lines(tmp_path):
    found = run(TEXT.encode("cp1252"), tmp_path)
    text = found.path.read_bytes()
    for position, number in found.marks:
        assert text.count(b"\n", 0, position) == number - 1
        assert position == 0 or text[position - 1 : position] == b"\n"


def test_a_last_line_without_an_end_is_a_line(tmp_path):
    assert run(TEXT.encode().removesuffix(b"\n"), tmp_path).lines == 301


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize("line", [1, 2, 150, 301])
def test_nul_is_refused_with_its_line(tmp_path, line):
    lines = TEXT.encode("cp1252").split(b"\n")
    lines[line - 1] = lines[line - 1][:5] + b"\x00" + lines[line - 1][5:]
    with pytest.raises(ReadError, match="binaires") as caught:
        run(b"\n".join(lines), tmp_path)
    assert caught.value.ligne == line


def test_lonely_carriage_returns_are_blanks(tmp_path):
    found = run(TEXT.replace("dossier", "dos\rsier", 3).encode(), tmp_path)
    assert found.copied
    assert b"\r" not in found.path.read_bytes()
    assert found.lines == 301


def test_compressed_bytes_are_those_of_the_digest(tmp_path):
    raw = gzip.compress(TEXT.encode("cp1252"))
    found = run(raw, tmp_path)
    assert (found.compression, found.size, found.sha256) == ("gzip", len(raw), hashlib.sha256(raw).hexdigest())
    assert found.path.read_text("utf-8") == TEXT


@pytest.mark.usefixtures("cut")
def test_two_encodings_are_not_read_as_one(tmp_path):
    mixed = TEXT.encode("cp1252").replace("générale".encode("cp1252"), "générale".encode(), 1)
    with pytest.raises(Unsuited):
        run(mixed, tmp_path)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=40), st.sampled_from([b"tota", b"ToTa", b"TOTA", b"tot", b"tot\xe1"]), st.binary(max_size=9))
def test_totals_are_seen_wherever_they_are(before, word, after):
    text = before + word + after
    assert transcode.says_total(text) == (b"tota" in text.lower())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([b"\xc3\xa9", b"\xe9", b"\x92", b"a", b"\n", b"\xc3", b"\xe2\x82\xac"]), max_size=12))
def test_a_line_of_valid_utf8_is_never_taken_for_single_bytes(parts):
    piece = b"".join(parts)
    lines = [line for line in piece.split(b"\n") if not line.isascii()]
    if any(transcode.is_utf8(line) for line in lines):
        with pytest.raises(Unsuited):
            transcode._refuse_mixture(piece)
    else:
        transcode._refuse_mixture(piece)
