"""``python -m reports``: codes and messages made for scripts, the whole file or none, no traceback whatever the file.

Change that must turn this red: `_write` writing in place, `_Parser.error` giving 2, `except Exception` dropped.
"""

from __future__ import annotations

import io
import random
import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pypdf
import pytest

import data
from reports import __main__ as command
from reports.executive import build_executive
from reports.model import text_of
from reports.pdf import report_to_pdf
from tests.conftest import ROOT

HEAD = "mois;poste;prestation;cotisation;bénéficiaires"


def lines(head=HEAD):
    rng = random.Random(1)
    rows = [
        f"01/{month:02d}/{year};{poste};{rng.uniform(1000, 2000):.2f};5000;100".replace(".", ",")
        for year in (2022, 2023, 2024)
        for month in range(1, 13)
        for poste in ("dentaire", "=1+1", "optique")
    ]
    return "\n".join((head, *rows))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("lu") / "export.csv"
    path.write_text(lines(), encoding="utf-8")
    return path


def run(*arguments):
    try:
        return command.main([str(a) for a in arguments])
    except SystemExit as ended:
        return ended.code


def test_a_workbook_of_a_file(source, tmp_path, capsys):
    out = tmp_path / "rapport.xlsx"
    assert run(source, "--out", out) == command.MADE
    assert capsys.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == [out]
    book = openpyxl.load_workbook(out)
    assert book["Synthèse"]["A1"].value == "Synthèse de gestion"
    assert any("export.csv" in str(row[0].value) for row in book["Synthèse"].iter_rows())


def test_the_same_figures_as_the_library(source, tmp_path):
    out = tmp_path / "rapport.pdf"
    assert run(source, "--out", out, "--pages", "accueil", "--title", "Comité du mois") == command.MADE
    text = "".join(page.extract_text() for page in pypdf.PdfReader(out).pages)
    assert "Comité du mois" in text
    row = build_executive(data.load_dataset(source), pages=("accueil",)).sections[0].tables[0].rows[0]
    assert text_of(row[1]) in text


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("rien.csv", "--out", "r.pdf"), ("{source}",), ("{source}", "--out", "r.doc"),
        ("{source}", "--demo", "--out", "r.pdf"), ("{source}", "--out", "{tmp}/r.pdf", "--pages", "predictif"),
        ("{source}", "--out", "{tmp}/r.pdf", "--answer", "base"), ("{source}", "--out", "{tmp}/absent/r.pdf"),
        ("{source}", "--out", "{tmp}/r.pdf", "--inconnu"),
    ],
)  # fmt: skip
def test_wrong_usage(source, tmp_path, capsys, arguments):
    assert run(*(a.format(source=source, tmp=tmp_path) for a in arguments)) == command.USAGE
    assert "python -m reports :" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_question_then_its_answer(tmp_path, capsys):
    path = tmp_path / "a.csv"
    rows = "\n".join(f"0{day}/0{month}/2024;dentaire;{day}00,00" for month in (1, 2, 3) for day in (1, 2, 3))
    path.write_text(f"date;poste;montant\n{rows}", encoding="utf-8")
    answers: list[str] = []
    for _ in range(4):
        code = run(path, "--out", tmp_path / "r.xlsx", *answers)
        if code == command.MADE:
            break
        assert code == command.QUESTION
        assert not (tmp_path / "r.xlsx").exists()
        told = [line.split()[1] for line in capsys.readouterr().err.splitlines() if line.startswith("  --answer")]
        answers += ["--answer", told[0]]
    assert code == command.MADE
    assert answers


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04" + b"\x00" * 200, b"mois;poste\n2024-01;x\n"],
)
def test_a_hostile_file_is_refused_in_one_line(tmp_path, capsys, content):
    path, out = tmp_path / "a.csv", tmp_path / "r.pdf"
    path.write_bytes(content)
    out.write_bytes(b"celui d'hier")
    assert run(path, "--out", out) == command.REFUSED
    told = capsys.readouterr().err
    assert told.startswith("refusé : ")
    assert told.count("\n") == 1
    assert "Traceback" not in told
    assert out.read_bytes() == b"celui d'hier"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "r.pdf"]


def test_what_nobody_foresaw_has_a_code_and_quotes_no_cell(source, tmp_path, capsys, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError("cellule : 1 85 05 78 006 084")

    monkeypatch.setattr(command, "build_executive", fail)
    assert run(source, "--out", tmp_path / "r.pdf") == command.REFUSED
    told = capsys.readouterr().err
    assert "RuntimeError" in told
    assert "85 05" not in told


def test_a_file_cut_short_leaves_the_old_one(tmp_path, monkeypatch):
    out = tmp_path / "r.pdf"
    out.write_bytes(b"ancien")

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        command._write(out, b"nouveau")
    assert out.read_bytes() == b"ancien"
    assert list(tmp_path.iterdir()) == [out]


def test_the_file_read_is_never_written_over(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_text("x", encoding="utf-8")
    assert run(path, "--out", path) == command.USAGE


def test_as_a_program():
    made = subprocess.run(
        [sys.executable, "-m", "reports", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert made.returncode == 0
    assert "64" in made.stdout


def test_the_demonstration_on_one_page():
    """Sentences and charts of the simulated mutual hold on the first page, every page saying that it is simulated."""
    report = build_executive(data.demo_dataset(until=pd.Timestamp("2026-06-01")))
    read = pypdf.PdfReader(io.BytesIO(report_to_pdf(report)))
    first = read.pages[0].extract_text()
    assert "Pourquoi" in first
    assert "À décider" in first
    assert "Les chiffres" not in first
    assert all("données simulées" in page.extract_text() for page in read.pages)
    assert Path(ROOT / "reports" / "page.typ").is_file()
