"""How many of 2,290 polluted files are read right without any parameter, beside six readers on the same files.

``python -m benchmarks.csv_robustness [--readers ours duckdb …] [--files FOLDER]`` prints, for each reader, the score of
Pollock (Vitagliano et al., PVLDB 16(8), 2023): ten means between 0 and 1, summed; see :mod:`benchmarks.pollock_score`.
A reader that is not installed is skipped, and said so. Ours is :func:`data.read_table` without parameters: the titles
and rows of ``Table.frame``, and the lines it rejects, cut as they are in the file. CleverCSV 0.8.5 must give
9.193 / 9.454 and Python’s Sniffer 9.723 / 9.436: that checks the scorer. The last line is JSON.

The files come from the archive of the shared data, unpacked in a temporary folder; ``--files`` takes another folder of
``csv`` and ``clean`` files, without weights.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import io
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from analytics.errors import PaliersError
from benchmarks.pollock_score import Rows, Scores, read_csv, score
from data import read_table
from data.readers.dialect import unix_lines
from data.readers.encodings import decode
from data.readers.opening import open_source
from data.readers.records import Dialect, join_lines

SHARED = Path(os.environ.get("PALIERS_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data" / "pollock"
#: Scores of the same scorer that check it: simple, weighted.
KNOWN = {"clevercsv": (9.193, 9.454), "sniffer": (9.723, 9.436)}
#: Best published, when the true parameters are given to the reader.
PUBLISHED = (9.961, 9.599)


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


def read_pandas(path: Path) -> Rows:
    """pandas told to find the separator."""
    pandas = importlib.import_module("pandas")
    frame = pandas.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False)
    return [list(map(str, frame.columns)), *frame.astype(str).values.tolist()]


def read_pandas_default(path: Path) -> Rows:
    """pandas as most people call it."""
    frame = importlib.import_module("pandas").read_csv(path, dtype=str, keep_default_na=False)
    return [list(map(str, frame.columns)), *frame.astype(str).values.tolist()]


def read_sniffer(path: Path) -> Rows:
    """Python’s Sniffer, then its reader."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        text = file.read()
    return list(csv.reader(io.StringIO(text, newline=""), csv.Sniffer().sniff(text)))


def read_clevercsv(path: Path) -> Rows:
    """CleverCSV."""
    return importlib.import_module("clevercsv").read_table(str(path))


def read_duckdb(path: Path) -> Rows:
    """DuckDB’s sniffer, every cell as text, lines in error skipped rather than the file lost."""
    duckdb = importlib.import_module("duckdb")
    with duckdb.connect() as database:
        found = database.execute("FROM read_csv(?, all_varchar=true, ignore_errors=true)", [str(path)])
        return [[c[0] for c in found.description], *([c or "" for c in row] for row in found.fetchall())]


def read_polars(path: Path) -> Rows:
    """polars, every cell as text, lines in error forgiven."""
    polars = importlib.import_module("polars")
    frame = polars.read_csv(path, infer_schema=False, ignore_errors=True, truncate_ragged_lines=True)
    return [frame.columns, *([c or "" for c in row] for row in frame.iter_rows())]


READERS: dict[str, tuple[str, str, Callable[[Path], Rows]]] = {
    "ours": ("Paliers", "data", read_ours),
    "pandas": ("pandas, sep=None", "pandas", read_pandas),
    "pandas_default": ("pandas", "pandas", read_pandas_default),
    "sniffer": ("csv.Sniffer", "csv", read_sniffer),
    "clevercsv": ("CleverCSV", "clevercsv", read_clevercsv),
    "duckdb": ("DuckDB auto", "duckdb", read_duckdb),
    "polars": ("polars", "polars", read_polars),
}


@contextmanager
def open_files(folder: Path | None) -> Iterator[tuple[Path, dict[str, float]]]:
    """Folder of the files and their weights."""
    if folder is not None:
        yield folder, {}
        return
    weights = json.loads((SHARED / "pollock_weights.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        with tarfile.open(SHARED / "polluted_files.tar.xz") as archive:
            archive.extractall(temporary, filter="data")
        yield Path(temporary) / "polluted_files", weights


def run_reader(read: Callable[[Path], Rows], folder: Path, weights: dict[str, float], every: int = 1) -> Scores:
    """Scores of a reader on the files, or on one in `every`."""
    scores = Scores()
    for path in sorted((folder / "csv").iterdir())[::every]:
        try:
            rows = as_written(read(path))
        except Exception as error:  # whatever a reader raises, it did not read the file
            rows = None
            if read is read_ours and not isinstance(error, PaliersError):
                raise
        scores.add(path.name, score(read_csv(folder / "clean" / path.name), rows), weights.get(path.name, 1.0))
    return scores


def as_written(rows: Rows) -> Rows:
    """The rows as they come back from a CSV file, as the clean ones do."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    text = buffer.getvalue().replace("\r\n", "\n").replace("\r", "\n")
    return list(csv.reader(io.StringIO(text, newline="")))


def main() -> None:
    """Print the scores, ours first."""
    parser = argparse.ArgumentParser(description="Robustness to polluted CSV files.")
    parser.add_argument("--readers", nargs="*", default=list(READERS), choices=list(READERS))
    parser.add_argument("--files", type=Path, help="folder of csv and clean files")
    parser.add_argument("--every", type=int, default=1, help="one file in so many")
    parser.add_argument("--worst", type=int, default=0, help="print our worst files")
    options = parser.parse_args()
    results = {}
    print(f"{'':22} {'simple':>8} {'weighted':>9} {'refused':>8} {'seconds':>8}")
    with open_files(options.files) as (folder, weights):
        for key in options.readers:
            name, module, read = READERS[key]
            if importlib.util.find_spec(module) is None:
                print(f"{name:22} skipped: {module} is not installed")
                continue
            start = time.perf_counter()
            scores = run_reader(read, folder, weights, options.every)
            seconds = time.perf_counter() - start
            known = f"   should be {KNOWN[key][0]} / {KNOWN[key][1]}" if key in KNOWN and not options.files else ""
            print(
                f"{name:22} {scores.simple:8.3f} {scores.weighted:9.3f} {scores.refused:8} {seconds:8.1f}{known}",
                flush=True,
            )
            results[key] = {"simple": round(scores.simple, 4), "weighted": round(scores.weighted, 4)}
            for line in scores.worst(options.worst if key == "ours" else 0):
                print(f"    {line}")
    if not options.files:
        print(f"{'best published, given':22} {PUBLISHED[0]:8.3f} {PUBLISHED[1]:9.3f}")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
