"""How files are read when nobody says how they are written, beside the readers that guess.

``python -m benchmarks.csv_robustness [--quick] [--readers …] [--files FOLDER]`` prints three tables, ours first:

- the score of Pollock (Vitagliano et al., PVLDB 16(8), 2023) on 2,290 polluted files: ten means between 0 and 1,
  summed; see :mod:`benchmarks.pollock_score`. Ours is :func:`data.read_table` without parameters: the titles and rows
  of ``Table.frame``, and the lines it rejects, cut as they are in the file. CleverCSV 0.8.5 must give 9.193 / 9.454,
  Python’s Sniffer 9.723 / 9.436 and DuckDB 2.0 left to guess 9.105 / 8.443: that checks the scorer;
- the real French files of ``messy_fr``: see :mod:`benchmarks.messy_files`;
- the generated French files: the last line of :mod:`benchmarks.french_files`, which details the families.

« perdu » is what a reader loses over what ours loses. polars and CleverCSV run in the environment of
:mod:`benchmarks.peers`; a reader that is absent is skipped, and said so. The last line is JSON.

The polluted files come from the archive of the shared data, unpacked in a temporary folder; ``--files`` takes another
folder of ``csv`` and ``clean`` files, without weights, and prints the first table only.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import SHARED, Absent, french_files, messy_files
from benchmarks.csv_readers import READERS, Rows, read_folder
from benchmarks.pollock_score import Scores, read_csv, score
from benchmarks.report import print_json, print_table, ratio, times
from data import read_table
from data.readers.dialect import unix_lines
from data.readers.encodings import decode
from data.readers.opening import open_source
from data.readers.records import Dialect, join_lines

POLLOCK = SHARED / "pollock"
#: Scores of the same scorer that check it: simple, weighted.
KNOWN = {
    "clevercsv": (9.193, 9.454),
    "sniffer": (9.723, 9.436),
    "duckdb_auto": (9.105, 8.443),
    "polars": (6.639, 7.330),
}
#: Best published, when the true parameters are given to the reader.
PUBLISHED = (9.961, 9.599)
OURS = "paliers"


def read_ours(path: Path) -> Rows:
    """Titles, rows and rejected lines of :func:`data.read_table`."""
    raw = path.read_bytes()
    if not raw:
        return []
    table = read_table(raw)
    signs = Dialect(str(table.dialect["separator"]))
    lines = unix_lines(decode(open_source(raw).data).text).split("\n")
    header = [list(table.frame.columns)] if table.dialect["header_rows"] else []
    rows = list(zip(table.lines.tolist(), table.frame.itertuples(index=False), strict=True))
    rows += [(line, join_lines(lines, line - 1, signs)[0]) for line in table.rejected["ligne"]]
    return header + [list(row) for _, row in sorted(rows, key=lambda pair: pair[0])]


@contextmanager
def open_files(folder: Path | None, every: int = 1) -> Iterator[tuple[Path, dict[str, float]]]:
    """Folder of the files, one in `every`, and their weights."""
    if folder is not None:
        yield folder, {}
        return
    weights = json.loads((POLLOCK / "pollock_weights.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        with tarfile.open(POLLOCK / "polluted_files.tar.xz") as archive:
            archive.extractall(temporary, filter="data")
        found = Path(temporary) / "polluted_files"
        for i, path in enumerate(sorted((found / "csv").iterdir())):
            if i % every:
                path.unlink()
        yield found, weights


def score_rows(read: dict[str, Rows | None], folder: Path, weights: dict[str, float]) -> Scores:
    """Scores of what a reader found, by name of file."""
    scores = Scores()
    for name, rows in sorted(read.items()):
        clean = read_csv(folder / "clean" / name)
        scores.add(name, score(clean, None if rows is None else as_written(rows)), weights.get(name, 1.0))
    return scores


def as_written(rows: Rows) -> Rows:
    """The rows as they come back from a CSV file, as the clean ones do."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    text = buffer.getvalue().replace("\r\n", "\n").replace("\r", "\n")
    return list(csv.reader(io.StringIO(text, newline="")))


def print_pollock(keys: list[str], folder: Path | None, every: int, worst: int) -> dict[str, object]:
    """Table of Pollock, and its figures by reader."""
    rows, figures = [], {}
    with open_files(folder, every) as (files, weights):
        start = time.perf_counter()
        found = {path.name: read_ours(path) for path in sorted((files / "csv").iterdir())}
        seconds = time.perf_counter() - start
        ours = score_rows(found, files, weights)
        figures[OURS] = _figures(ours, ours, seconds)
        rows.append(["Paliers", *_cells(ours, ours, seconds, seconds), ""])
        for key in keys:
            try:
                reading = read_folder(key, files / "csv")
            except Absent as reason:
                print(f"{READERS[key].name} : sauté, {reason}.")
                continue
            scores = score_rows(reading.rows, files, weights)
            figures[key] = _figures(scores, ours, reading.seconds)
            note = reading.usual_refusal
            if key in KNOWN and weights and every == 1:
                note = "attendu : {} / {}".format(*KNOWN[key])
            rows.append([READERS[key].name, *_cells(scores, ours, reading.seconds, seconds), note])
    if weights:
        rows.append(["meilleur publié, paramètres donnés", *(f"{value:.3f}" for value in PUBLISHED)])
    print(f"Pollock, {len(found)} fichiers")
    print_table(["", "simple", "pondéré", "perdu", "refusés", "secondes", "temps", "motif ou contrôle"], rows)
    for line in ours.worst(worst):
        print(f"    {line}")
    return {"fichiers": len(found), **figures}


def _cells(scores: Scores, ours: Scores, seconds: float, base: float) -> list[str]:
    lost = times(10 - scores.simple, 10 - ours.simple)
    return [f"{scores.simple:.3f}", f"{scores.weighted:.3f}", lost, str(scores.refused), f"{seconds:.1f}",
            times(seconds, base)]  # fmt: skip


def _figures(scores: Scores, ours: Scores, seconds: float) -> dict[str, object]:
    return {
        "simple": scores.simple,
        "pondere": scores.weighted,
        "perdu": ratio(10 - scores.simple, 10 - ours.simple),
        "refuses": scores.refused,
        "secondes": seconds,
    }


def main() -> None:
    """Print the tables, then the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one polluted file in 20, 150 generated ones")
    parser.add_argument("--readers", nargs="*", default=list(READERS), choices=list(READERS))
    parser.add_argument("--files", type=Path, help="folder of csv and clean files")
    parser.add_argument("--worst", type=int, default=0, help="print our worst files")
    options = parser.parse_args()
    figures: dict[str, object] = {}
    if options.files or POLLOCK.is_dir():
        every = 20 if options.quick and not options.files else 1
        figures["pollock"] = print_pollock(options.readers, options.files, every, options.worst)
    else:
        print(f"Pollock : sauté, données absentes : {POLLOCK}")
    if not options.files:
        figures["messy_fr"] = messy_files.print_files(options.readers)
        figures["generes"] = french_files.print_whole(150 if options.quick else 535, readers=options.readers)
    print_json("csv_robustness", figures)


if __name__ == "__main__":
    main()
