"""The real French files of ``messy_fr``: how many of the numbers expected each reader finds as numbers.

The expected readings hold 4 of the 8 files; the place of each number is checked by ``tests/data/test_messy_fr.py`` for
ours, and is not asked of the others: a reader that keeps months as columns has the numbers all the same. The months not
yet computed of file 18 are left out. ``python -m benchmarks.csv_robustness`` prints this table.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pandas as pd

from benchmarks import SHARED, Absent
from benchmarks.csv_readers import READERS, TYPED, read_folder
from benchmarks.report import print_table, ratio, times
from data import read_table

FOLDER = SHARED / "messy_fr"
WORKBOOKS = (".xlsx", ".xls", ".ods")
#: Expected reading of a file, by the first two characters of its name: file, condition, columns of numbers.
EXPECTED = {
    "01": ("01_attendu.csv", "est_total == 0", ["population"]),
    "12": ("12_france_metro_attendu.csv", "", ["valeur"]),
    "18": ("18_attendu.csv", "suspect == 0", ["dju"]),
    "19": ("19_serie_all_attendu.csv", "", ["Occupancy rate", "Average Price", "RevPAR"]),
}


def numbers(frame: pd.DataFrame) -> Counter:
    """How many times each number is in the numeric columns, to nine decimals."""
    cells = frame.select_dtypes("number").to_numpy(dtype="float64", na_value=float("nan")).ravel()
    return Counter(round(value, 9) for value in cells.tolist() if value == value)


def read_expected() -> dict[str, Counter]:
    """Numbers of the expected readings, by the first two characters of the file."""
    found = {}
    for key, (name, condition, columns) in EXPECTED.items():
        frame = pd.read_csv(FOLDER / "attendu" / name)
        found[key] = numbers((frame.query(condition) if condition else frame)[columns])
    return found


def shares(frames: dict[str, pd.DataFrame | None], expected: dict[str, Counter]) -> dict[str, float]:
    """Share of the expected numbers found, by file and for all of them (``ensemble``: mean of the files)."""
    found = {}
    for key, wanted in expected.items():
        frame = next(f for name, f in frames.items() if name.startswith(key))
        found[key] = 0.0 if frame is None else (numbers(frame) & wanted).total() / wanted.total()
    return found | {"ensemble": sum(found.values()) / len(found)}


def read_ours(paths: list[Path]) -> tuple[dict[str, pd.DataFrame | None], dict[str, int]]:
    """Our tables, and how many files were read without a question or with some."""
    tables = {path.name: read_table(path) for path in paths}
    asked = sum(bool(table.questions) for table in tables.values())
    return {name: t.tidy for name, t in tables.items()}, {"lus": len(tables) - asked, "questionnes": asked}


def print_files(keys: list[str]) -> dict[str, object]:
    """Table of the files, and its figures by reader."""
    if not FOLDER.is_dir():
        print(f"messy_fr : sauté, données absentes : {FOLDER}")
        return {}
    paths = sorted(path for path in FOLDER.iterdir() if path.is_file() and path.suffix != ".md")
    frames, told = read_ours(paths)
    expected = read_expected()
    ours = shares(frames, expected)
    print(f"\nmessy_fr, nombres attendus lus comme nombres ; nos 8 fichiers : {told['lus']} lus sans question, "
          f"{told['questionnes']} questionnés")  # fmt: skip
    rows, figures = [_row("Paliers", ours, ours, "0 sur 8")], {"paliers": {**ours, **told, "refuses": 0}}
    texts = [path for path in paths if path.suffix not in WORKBOOKS]
    with tempfile.TemporaryDirectory() as room:
        for path in texts:
            shutil.copy(path, room)
        for key in (key for key in keys if key in TYPED):
            try:
                reading = read_folder(key, Path(room), typed=True)
            except Absent as reason:
                print(f"{READERS[key].name} : sauté, {reason}.")
                continue
            found = shares(reading.frames, expected)
            refused = len(reading.refusals)
            rows.append(_row(READERS[key].name, found, ours, f"{refused} sur {len(texts)}"))
            figures[key] = {**found, "rapport": ratio(found["ensemble"], ours["ensemble"]), "refuses": refused}
    print_table(["", *EXPECTED, "ensemble", "rapport", "refusés"], rows)
    return figures


def _row(name: str, found: dict[str, float], ours: dict[str, float], refused: str) -> list[str]:
    return [name, *(f"{share:.1%}" for share in found.values()), times(found["ensemble"], ours["ensemble"]), refused]
