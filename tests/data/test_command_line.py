"""``python -m data check``: the report of the page in a terminal, and an exit code that a script can test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from data.__main__ import ACCEPTED, QUESTION, REFUSED, USAGE, main
from data.depot.printed import WIDTH

ROOT = Path(__file__).resolve().parents[2]
CSV = "Mois;Poste;Prestations\n" + "".join(f"{m:02d}/2024;Optique;{m}0,50\n" for m in range(1, 13))
ASKED = CSV.replace("Prestations", "Valeur")


@pytest.fixture
def path(tmp_path, paliers_home):
    """Where the file to check goes; nothing may be kept of it elsewhere."""
    yield tmp_path / "essai.csv"
    assert not paliers_home.exists()


def test_an_accepted_file_prints_its_report(path, capsys):
    path.write_text(CSV + "12/2024;Total;120,50;trop\n", encoding="cp1252")
    assert main(["check", str(path)]) == ACCEPTED
    text = capsys.readouterr().out
    assert text.startswith("essai.csv\n")
    assert text.endswith("ACCEPTÉ : le fichier peut être utilisé.\n")
    assert "Prestations" in text
    assert "ligne 14" in text  # the line of five cells, rejected
    assert max(map(len, text.splitlines())) <= WIDTH


def test_a_refused_file_says_why(path, capsys):
    path.write_bytes(b"%PDF-1.4")
    assert main(["check", str(path)]) == REFUSED
    text = capsys.readouterr().out
    assert "Remède" in text
    assert text.endswith("REFUSÉ : le fichier ne peut pas être utilisé.\n")


def test_an_open_question_has_a_code_of_its_own_and_its_answer_closes_it(path, capsys):
    path.write_text(ASKED, encoding="utf-8")
    assert main(["check", str(path)]) == QUESTION
    text = capsys.readouterr().out
    assert "--answer 'colonne:Valeur=prestation'" in text
    assert main(["check", str(path), "--answer", "colonne:Valeur=prestation"]) == ACCEPTED


def test_json_holds_the_same_counts(path, capsys):
    path.write_text(CSV, encoding="utf-8")
    assert main(["check", str(path), "--json"]) == ACCEPTED
    report = json.loads(capsys.readouterr().out)
    assert report["state"] == "pret"
    assert (report["lines"], report["accepted"], report["rejected"], report["left_out"]) == (12, 12, 0, 0)
    assert [c["colonne"] for c in report["columns"]] == ["Mois", "Poste", "Prestations"]


@pytest.mark.parametrize("arguments", [[], ["check"], ["check", "absent.csv"], ["check", __file__, "--answer", "seul"]])
def test_wrong_usage_is_not_a_verdict(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == USAGE
    assert "usage" in capsys.readouterr().err


def test_the_module_is_a_command(path):
    path.write_text(CSV, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "data", "check", str(path)], cwd=ROOT, capture_output=True, text=True, check=False,
        encoding="utf-8",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (ACCEPTED, "")
    assert "ACCEPTÉ" in done.stdout


def test_the_demonstration_written_as_a_french_file_is_accepted(path, demo, capsys):
    frame = demo.prestation[demo.prestation["mois"] >= "2024-01-01"]
    frame.to_csv(path, sep=";", decimal=",", index=False, encoding="cp1252", date_format="%d/%m/%Y")
    assert main(["check", str(path), "--json"]) == ACCEPTED
    report = json.loads(capsys.readouterr().out)
    assert (report["accepted"], report["lines"]) == (len(frame), len(frame))


def test_every_messy_file_gets_a_verdict_and_every_line_is_counted(shared, capsys):
    for file in sorted((shared / "messy_fr").glob("*.*")):
        if file.suffix == ".md":
            continue
        code = main(["check", str(file), "--json"])
        report = json.loads(capsys.readouterr().out)
        assert {"pret": ACCEPTED, "question": QUESTION}.get(report["state"], REFUSED) == code
        counts = [report[name] for name in ("accepted", "rejected", "left_out")]
        assert report["lines"] is None or report["lines"] == sum(counts)
        assert code != QUESTION or any(q["blocking"] for q in report["questions"])
        assert code != REFUSED or report["error"]["code"] in ("lecture", "correspondance", "structure", "limite")
