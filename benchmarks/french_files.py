"""French files of known truth: our reader beside those that guess.

``python -m benchmarks.french_files [--count N] [--seed S] [--quick] [--liste]``: every family, files read exactly, then
for the text files the share of lines whose cells are all found as written (every column as text), « as it is / already
decoded to UTF-8 for them »; gzip and zip are always opened for them. The table of the whole adds the share of typed
cells that are exact, and how much less than ours is found. The last line is JSON.
"""

from __future__ import annotations

import argparse
import gzip
import io
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from analytics.errors import PaliersError
from benchmarks import Absent
from benchmarks.csv_readers import READERS, TYPED, Reading, read_folder
from benchmarks.report import print_json, print_table, ratio, times
from data import read_table
from tests.french.compare import compare
from tests.french.corpus import make_corpus
from tests.french.judge import CRASH, SILENT, Verdict, judge
from tests.french.spec import PERSONAL, READ, Case

OURS = "paliers"
#: The files given as they are, and decoded.
FORMS = ("", " utf-8")


def is_text(case: Case) -> bool:
    """A readable text file whose lines are known."""
    return bool(case.expected in (READ, PERSONAL) and case.frame and case.spec.style)


def open_pack(case: Case) -> bytes:
    """The bytes of the text itself."""
    how = case.spec.style.pack
    if how == "gz":
        return gzip.decompress(case.content)
    if how == "zip":
        with zipfile.ZipFile(io.BytesIO(case.content)) as archive:
            return archive.read(archive.namelist()[0])
    return case.content


def share_found(case: Case, rows: Iterable[Iterable[str]] | None) -> float:
    """Share of the lines of data whose cells are all there, as written."""
    width = len(case.frame[0])
    found = Counter(tuple(str(c).replace("\r\n", "\n") for c in row)[:width] for row in rows or ())
    wanted = Counter(case.frame)
    return (wanted & found).total() / wanted.total()


def share_exact(case: Case, frame: pd.DataFrame | None) -> float:
    """Share of the typed cells that are exact."""
    if frame is None:
        return 0.0
    try:
        gap = compare(frame, None, case.truths)
    except (ValueError, TypeError, OverflowError):  # a cell that is not of the type of its column
        return 0.0
    return 1 - gap.wrong / gap.total


def score_ours(case: Case) -> float:
    """Share of lines that our frame holds as written."""
    try:
        frame = read_table(case.content, name=case.name).frame
    except PaliersError:
        return 0.0
    return share_found(case, (["" if v is None or v != v else v for v in row] for row in frame.itertuples(index=False)))


def read_peer(key: str, cases: list[Case], *, decoded: bool) -> Reading:
    """The files of the cases, named by their rank, read by a peer."""
    with tempfile.TemporaryDirectory() as room:
        for i, case in enumerate(cases):
            content = open_pack(case)
            if decoded:
                content = content.decode(case.spec.style.encoding).encode()
            Path(room, f"{i:05}.csv").write_bytes(content)
        return read_folder(key, Path(room), typed=True)


def measure_peers(cases: list[Case], keys: Iterable[str]) -> pd.DataFrame:
    """One row per text file.

    Columns ``famille``; ``paliers`` and each peer, plain and « utf-8 »: share of lines found; the same with
    « cellules »: share of typed cells exact. A peer that is absent is printed and has no column.
    """
    table = {"famille": [c.spec.famille for c in cases], OURS: [score_ours(c) for c in cases]}
    for key in (k for k in keys if k in TYPED):
        try:
            readings = {form: read_peer(key, cases, decoded=bool(form)) for form in FORMS}
        except Absent as reason:
            print(f"{READERS[key].name} : sauté, {reason}.")
            continue
        for form, reading in readings.items():
            by_rank = list(zip(cases, sorted(reading.rows), strict=True))
            table[f"{key}{form}"] = [share_found(c, reading.rows[name]) for c, name in by_rank]
            table[f"{key}{form} cellules"] = [share_exact(c, reading.frames[name]) for c, name in by_rank]
    return pd.DataFrame(table)


def present(peers: pd.DataFrame) -> list[str]:
    """Peers that were measured."""
    return [key for key in TYPED if key in peers]


def print_families(verdicts: list[Verdict], peers: pd.DataFrame) -> None:
    """One line per family."""
    by: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by[verdict.case.spec.famille].append(verdict)
    keys = present(peers)
    means = peers.drop(columns="famille").groupby(peers["famille"]).mean()
    rows = []
    for famille, group in by.items():
        silent = sum(v.outcome in (SILENT, CRASH) for v in group)
        row = [famille, str(len(group)), f"{sum(v.good for v in group) / len(group):.1%}", str(silent)]
        if famille in means.index:
            mean = means.loc[famille]
            row += [f"{mean[OURS]:.0%}", *(f"{mean[k]:.0%} / {mean[f'{k} utf-8']:.0%}" for k in keys)]
        rows.append(row)
    print_table(["famille", "n", "justes", "silence", "Paliers", *(READERS[k].name for k in keys)], rows)


def summary(verdicts: list[Verdict], peers: pd.DataFrame, seconds: float) -> dict[str, object]:
    """The figures of the run; by reader, means over the text files."""
    readable = [v for v in verdicts if v.case.expected in (READ, PERSONAL)]
    text = [v for v in readable if is_text(v.case)]
    figures: dict[str, object] = {
        "fichiers": len(verdicts),
        "cellules": sum(v.total for v in readable),
        "cellules_exactes": 1 - sum(v.wrong for v in readable) / sum(v.total for v in readable),
        "fichiers_lisibles_exacts": sum(v.good for v in readable) / len(readable),
        "fichiers_conformes": sum(v.good for v in verdicts) / len(verdicts),
        "faux_en_silence": sum(v.outcome in (SILENT, CRASH) for v in verdicts),
        "secondes_lecture": seconds,
        OURS: {"lignes": peers[OURS].mean(), "cellules": sum(1 - v.wrong / v.total for v in text) / len(text)},
    }
    for key in present(peers):
        mean = {form: peers[f"{key}{form}"].mean() for form in FORMS}
        figures[key] = {
            "lignes": mean[""],
            "lignes_utf8": mean[" utf-8"],
            "cellules": peers[f"{key} cellules"].mean(),
            "cellules_utf8": peers[f"{key} utf-8 cellules"].mean(),
            "rapport": ratio(mean[""], peers[OURS].mean()),
        }
    return figures


def print_readers(figures: dict[str, object]) -> None:
    """One line per reader, over all the text files."""
    ours = figures[OURS]
    print(f"\nfichiers français générés : {figures['fichiers']}, dont {figures['fichiers_lisibles_exacts']:.1%} des "
          f"lisibles exacts pour nous, {figures['faux_en_silence']} faux en silence")  # fmt: skip
    rows = [["Paliers", f"{ours['lignes']:.1%}", "", f"{ours['cellules']:.1%}", "", "×1"]]
    for key in (k for k in TYPED if k in figures):
        found = figures[key]
        shares = [f"{found[name]:.1%}" for name in ("lignes", "lignes_utf8", "cellules", "cellules_utf8")]
        rows.append([READERS[key].name, *shares, times(found["lignes"], ours["lignes"])])
    print_table(["", "lignes", "déjà en UTF-8", "cellules typées", "déjà en UTF-8", "rapport"], rows)


def run(count: int, seed: int, keys: Iterable[str]) -> tuple[list[Verdict], pd.DataFrame, float]:
    """Verdicts on every file, :func:`measure_peers` on those of text, seconds of our reading."""
    cases = list(make_corpus(count, seed))
    start = time.perf_counter()
    verdicts = [judge(case) for case in cases]
    seconds = time.perf_counter() - start
    return verdicts, measure_peers([case for case in cases if is_text(case)], keys), seconds


def print_whole(count: int, readers: Iterable[str], seed: int = 2) -> dict[str, object]:
    """Table of the whole, and its figures."""
    figures = summary(*run(count, seed, readers))
    print_readers(figures)
    return figures


def main() -> None:
    """Print the tables, the failures, the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="150 files")
    parser.add_argument("--liste", action="store_true", help="print every failure with its recipe")
    args = parser.parse_args()
    verdicts, peers, seconds = run(150 if args.quick else args.count, args.seed, TYPED)
    print_families(verdicts, peers)
    figures = summary(verdicts, peers, seconds)
    print_readers(figures)
    if args.liste:
        for verdict in sorted((v for v in verdicts if not v.good), key=lambda v: v.outcome):
            print(verdict)
    print_json("french_files", figures)


if __name__ == "__main__":
    main()
