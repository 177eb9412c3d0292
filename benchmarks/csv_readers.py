"""The readers ours is measured beside, each in a process that has its library.

``python -m benchmarks.csv_readers READER FOLDER OUT [--typed]`` reads every file of a folder, left to guess; polars
does not guess, it expects commas and UTF-8. This module also runs where only the peers are: it imports nothing of ours.
"""

from __future__ import annotations

import argparse
import csv
import functools
import importlib
import io
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import Absent, peers
from benchmarks.children import run_child

if TYPE_CHECKING:
    import pandas as pd

Rows = list[list[str]]
#: The readers that find types as well as texts, one way each.
TYPED = ("pandas", "polars", "duckdb", "clevercsv")


def read_pandas(path: Path, text: bool) -> object:
    """pandas told to find the separator, and to skip in silence the lines it cannot cut."""
    options = {"dtype": str, "keep_default_na": False} if text else {}
    return importlib.import_module("pandas").read_csv(path, sep=None, engine="python", on_bad_lines="skip", **options)


def read_pandas_default(path: Path, text: bool) -> object:
    """pandas as most people call it."""
    options = {"dtype": str, "keep_default_na": False} if text else {}
    return importlib.import_module("pandas").read_csv(path, **options)


def read_sniffer(path: Path, _text: bool) -> Rows:
    """Python’s Sniffer, then its reader: texts only."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        content = file.read()
    return list(csv.reader(io.StringIO(content, newline=""), csv.Sniffer().sniff(content)))


def read_clevercsv(path: Path, text: bool) -> object:
    """CleverCSV, which hands its dialect to pandas for typed columns."""
    clevercsv = importlib.import_module("clevercsv")
    return clevercsv.read_table(str(path)) if text else clevercsv.read_dataframe(str(path))


@functools.cache
def open_duckdb() -> object:
    """One connection for all the files."""
    return importlib.import_module("duckdb").connect()


def query_lenient(path: Path, text: bool) -> object:
    """DuckDB’s sniffer, short lines padded; what its parallel scanner refuses is read without it."""
    duckdb, database = importlib.import_module("duckdb"), open_duckdb()
    query = f"FROM read_csv(?, all_varchar={text}, null_padding=true, strict_mode=false, parallel=?)"
    try:
        return database.execute(query, [str(path), True])
    except duckdb.Error:
        return database.execute(query, [str(path), False])


def fetch_rows(found: object) -> Rows:
    """Titles and rows of a query as texts."""
    return [[c[0] for c in found.description], *(["" if c is None else str(c) for c in r] for r in found.fetchall())]


def read_duckdb(path: Path, text: bool) -> object:
    """DuckDB, lines in error skipped in silence rather than the file lost: its best on the French files."""
    found = open_duckdb().execute(f"FROM read_csv(?, all_varchar={text}, ignore_errors=true)", [str(path)])
    return fetch_rows(found) if text else found.df()


def read_duckdb_auto(path: Path, _text: bool) -> Rows:
    """DuckDB’s own types, written as texts again: what its published score measures."""
    return fetch_rows(query_lenient(path, False))


def read_duckdb_text(path: Path, _text: bool) -> Rows:
    """The same, every column as text: its best on Pollock."""
    return fetch_rows(query_lenient(path, True))


def read_polars(path: Path, text: bool) -> object:
    """polars, lines in error forgiven, dates looked for."""
    polars = importlib.import_module("polars")
    options = {"infer_schema": False} if text else {"try_parse_dates": True}
    return polars.read_csv(path, ignore_errors=True, truncate_ragged_lines=True, **options)


@dataclass(frozen=True)
class Reader:
    """A reader: its name, its library, how it is called, whether it lives among the peers."""

    name: str
    library: str
    read: Callable[[Path, bool], object]
    apart: bool = False


READERS = {
    "pandas": Reader("pandas, sep=None", "pandas", read_pandas),
    "pandas_default": Reader("pandas", "pandas", read_pandas_default),
    "polars": Reader("polars", "polars", read_polars, apart=True),
    "duckdb_auto": Reader("DuckDB auto", "duckdb", read_duckdb_auto),
    "duckdb_text": Reader("DuckDB auto, texte", "duckdb", read_duckdb_text),
    "duckdb": Reader("DuckDB auto, ignore_errors", "duckdb", read_duckdb),
    "clevercsv": Reader("CleverCSV", "clevercsv", read_clevercsv, apart=True),
    "sniffer": Reader("csv.Sniffer", "csv", read_sniffer),
}


@dataclass(frozen=True)
class Reading:
    """What a reader made of a folder.

    Attributes
    ----------
    rows : dict of str to list of list of str, or None
        By name of file, its titles and its rows as texts; None where the reader refused the file.
    frames : dict of str to pandas.DataFrame, or None
        The same with the types it found; empty when they were not asked.
    refusals : dict of str to str
        Why, by name of file: the kind of error.
    seconds : float
        Time spent reading the rows.
    """

    rows: dict[str, Rows | None]
    frames: dict[str, pd.DataFrame | None]
    refusals: dict[str, str]
    seconds: float

    @property
    def usual_refusal(self) -> str:
        """The most frequent kind of error."""
        return max(Counter(self.refusals.values()).items(), key=lambda pair: pair[1], default=("", 0))[0]


def read_folder(key: str, folder: Path, *, typed: bool = False) -> Reading:
    """Every file of a folder, read by one of `READERS` in its own process.

    Raises
    ------
    Absent
        Its library is not there, or the process stopped.
    """
    python = {"python": peers.find_python()} if READERS[key].apart else {}
    with tempfile.TemporaryDirectory() as room:
        out = Path(room)
        told = run_child("benchmarks.csv_readers", key, folder, out, *(["--typed"] if typed else []), **python)
        if "remarque" in told:
            raise Absent(str(told["remarque"]))
        rows = json.loads((out / "rows.json").read_text(encoding="utf-8"))
        frames = {name: _load(out / f"{name}.parquet") for name in rows} if typed else {}
    return Reading(rows, frames, told["refus"], told["secondes"])


def _load(path: Path) -> pd.DataFrame | None:
    if not path.exists():
        return None
    table = importlib.import_module("pyarrow.parquet").read_table(path)
    return table.to_pandas(date_as_object=False)


def to_rows(found: object) -> Rows:
    """Titles and rows as texts of what a reader returned, a frame of pandas or of polars, or rows already."""
    if isinstance(found, list):
        return found
    rows = found.iter_rows() if hasattr(found, "iter_rows") else found.itertuples(index=False)
    return [list(map(str, found.columns)), *(["" if c is None or c != c else str(c) for c in row] for row in rows)]


def save(frame: object, path: Path) -> None:
    """A frame of pandas or of polars in Parquet; the columns of mixed types of pandas as texts."""
    if hasattr(frame, "write_parquet"):
        frame.write_parquet(path)
        return
    frame.columns = [str(c) for c in frame.columns]
    for name in frame.select_dtypes("object").columns:
        frame[name] = frame[name].map(str, na_action="ignore")
    frame.to_parquet(path, index=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", choices=list(READERS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--typed", action="store_true", help="frames too, in Parquet")
    options = parser.parse_args()
    reader = READERS[options.reader]
    importlib.import_module(reader.library)
    rows: dict[str, Rows | None] = {}
    refusals: dict[str, str] = {}
    spent = 0.0
    for path in sorted(options.folder.iterdir()):
        start = time.perf_counter()
        rows[path.name], refusal = attempt(lambda path=path: to_rows(reader.read(path, True)))
        spent += time.perf_counter() - start
        if refusal:
            refusals[path.name] = refusal
        if options.typed:
            attempt(lambda path=path: save(reader.read(path, False), options.out / f"{path.name}.parquet"))
    (options.out / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    print(json.dumps({"secondes": spent, "refus": refusals}))


def attempt(read: Callable[[], Rows | None]) -> tuple[Rows | None, str]:
    """What was read, or the kind of error: whatever a reader raises, it did not read the file."""
    try:
        return read(), ""
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - polars panics outside Exception
        reason = type(error).__name__
    return None, reason


if __name__ == "__main__":
    main()
