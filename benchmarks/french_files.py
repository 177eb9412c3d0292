"""French files of known truth: our reader beside pandas and DuckDB left to guess.

``python -m benchmarks.french_files [--count N] [--seed S] [--quick] [--liste]``: every family, files read exactly, then
for the text files the share of lines whose cells are all found as written (`pandas.read_csv(sep=None,
engine="python")` and DuckDB `read_csv` auto, every column as text; "utf-8" = the same file already decoded for them,
gzip and zip always opened for them), and in the JSON the share of typed cells that are exact. The last line is JSON.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable

import duckdb
import pandas as pd

from analytics.errors import PaliersError
from data import read_table
from tests.french.compare import compare
from tests.french.corpus import make_corpus
from tests.french.judge import CRASH, SILENT, Verdict, judge
from tests.french.spec import PERSONAL, READ, Case

Reader = Callable[[bytes, bool], pd.DataFrame]
PEER_ERRORS = (duckdb.Error, UnicodeError, ValueError, csv.Error, OverflowError)


def open_pack(case: Case) -> bytes:
    """The bytes of the text itself."""
    how = case.spec.style.pack if case.spec.style else ""
    if how == "gz":
        return gzip.decompress(case.content)
    if how == "zip":
        with zipfile.ZipFile(io.BytesIO(case.content)) as archive:
            return archive.read(archive.namelist()[0])
    return case.content


def read_pandas(content: bytes, text: bool) -> pd.DataFrame:
    """Pandas left to guess."""
    options = {"dtype": str, "keep_default_na": False} if text else {}
    return pd.read_csv(io.BytesIO(content), sep=None, engine="python", **options)


def read_duckdb(content: bytes, text: bool) -> pd.DataFrame:
    """DuckDB left to guess; it reads paths only."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(content)
        file.flush()
        with duckdb.connect() as connection:
            return connection.sql(f"select * from read_csv('{file.name}', all_varchar={text})").df()  # noqa: S608


def frame_rows(frame: pd.DataFrame) -> Counter:
    """Rows as tuples of text, missing as empty."""
    rows = frame.astype(object).itertuples(index=False)
    return Counter(tuple("" if v is None or v != v else str(v) for v in row) for row in rows)


def share_found(case: Case, frame: pd.DataFrame) -> float:
    """Share of the lines of data whose cells are all there, as written."""
    width = len(case.frame[0])
    found: Counter = Counter()
    for row, times in frame_rows(frame).items():
        found[tuple(c.replace("\r\n", "\n") for c in row[:width])] += times
    wanted = Counter(case.frame)
    return (wanted & found).total() / wanted.total()


def score_peer(case: Case, reader: Reader, decoded: bool) -> tuple[float, float]:
    """Share of lines found as text, share of typed cells that are exact."""
    content = open_pack(case)
    if decoded:
        content = content.decode(case.spec.style.encoding).encode()
    try:
        found = share_found(case, reader(content, True))
        gap = compare(reader(content, False), None, case.truths)
    except PEER_ERRORS:
        return 0.0, 0.0
    return found, 1 - gap.wrong / gap.total


def score_ours(case: Case) -> float:
    """Share of lines that our frame holds as written."""
    try:
        return share_found(case, read_table(case.content, name=case.name).frame)
    except PaliersError:
        return 0.0


PEERS: dict[str, tuple[Reader, bool]] = {
    "pandas": (read_pandas, False),
    "pandas utf-8": (read_pandas, True),
    "duckdb": (read_duckdb, False),
    "duckdb utf-8": (read_duckdb, True),
}


def is_text(case: Case) -> bool:
    """A readable text file whose lines are known."""
    return bool(case.expected in (READ, PERSONAL) and case.frame and case.spec.style)


def measure_peers(cases: list[Case]) -> pd.DataFrame:
    """One row per text file: famille, share of lines found by each, share of typed cells exact for each."""
    rows = []
    for case in cases:
        row = {"famille": case.spec.famille, "nous": score_ours(case)}
        for name, (reader, decoded) in PEERS.items():
            row[name], row[f"{name} cellules"] = score_peer(case, reader, decoded)
        rows.append(row)
    return pd.DataFrame(rows)


def print_families(verdicts: list[Verdict], peers: pd.DataFrame) -> None:
    """One line per family."""
    by: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by[verdict.case.spec.famille].append(verdict)
    means = peers.groupby("famille")[["nous", *PEERS]].mean() if len(peers) else pd.DataFrame()
    names = ["nous", *PEERS]
    print(f"{'famille':24}{'n':>5}{'justes':>8}{'silence':>9}" + "".join(f"{n:>14}" for n in names))
    for famille, group in by.items():
        good = sum(v.good for v in group) / len(group)
        silent = sum(v.outcome in (SILENT, CRASH) for v in group)
        shares = [f"{means.loc[famille, n]:14.1%}" for n in names] if famille in means.index else [f"{'–':>14}"] * 5
        print(f"{famille:24}{len(group):5}{good:8.1%}{silent:9}" + "".join(shares))


def summary(verdicts: list[Verdict], peers: pd.DataFrame, seconds: float) -> dict[str, object]:
    """The figures of the run."""
    readable = [v for v in verdicts if v.case.expected in (READ, PERSONAL)]
    total = sum(v.total for v in readable)
    figures = {
        "fichiers": len(verdicts),
        "cellules": total,
        "cellules_exactes": round(1 - sum(v.wrong for v in readable) / total, 5),
        "fichiers_lisibles_exacts": round(sum(v.good for v in readable) / len(readable), 5),
        "fichiers_conformes": round(sum(v.good for v in verdicts) / len(verdicts), 5),
        "faux_en_silence": sum(v.outcome in (SILENT, CRASH) for v in verdicts),
        "secondes_lecture": round(seconds, 2),
    }
    text = [v for v in readable if is_text(v.case)]
    figures["nous lignes"] = round(float(peers["nous"].mean()), 4)
    figures["nous cellules"] = round(sum(1 - v.wrong / v.total for v in text) / len(text), 4)
    for name in PEERS:
        figures[f"{name} lignes"] = round(float(peers[name].mean()), 4)
        figures[f"{name} cellules"] = round(float(peers[f"{name} cellules"].mean()), 4)
    return figures


def main() -> None:
    """Print the table, the failures, the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="150 files")
    parser.add_argument("--liste", action="store_true", help="print every failure with its recipe")
    args = parser.parse_args()
    cases = list(make_corpus(150 if args.quick else args.count, args.seed))
    start = time.perf_counter()
    verdicts = [judge(case) for case in cases]
    seconds = time.perf_counter() - start
    peers = measure_peers([case for case in cases if is_text(case)])
    print_families(verdicts, peers)
    if args.liste:
        for verdict in sorted((v for v in verdicts if not v.good), key=lambda v: v.outcome):
            print(verdict)
    print(json.dumps(summary(verdicts, peers, seconds), ensure_ascii=False))


if __name__ == "__main__":
    main()
