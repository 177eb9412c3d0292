"""Large file of lines to monthly cube, beside pandas, polars and DuckDB left to guess.

``python -m benchmarks.ingest [--quick] [--lines N]``: each measure runs alone in its own process (polars in the
environment of :mod:`benchmarks.peers`); the file is generated in a temporary folder, and removed. What must hold is
said of 8 million lines. The last line is JSON.
"""

from __future__ import annotations

import argparse
import importlib
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import Absent, peers
from benchmarks.children import measure, run_child
from benchmarks.ingest_lines import write_lines
from benchmarks.report import print_json, print_table, ratio, times

_MEASURES = "frais_reels", "remboursement_amo", "prestation"
_KEYS = "region", "poste", "contrat", "sexe"
_RAM_MB = 400


def paliers(path: Path, folder: Path) -> dict:
    """Our reading, step by step; the lines are written too."""
    from data.loading import load_dataset

    steps = [(time.perf_counter(), "Ouverture")]

    def told(_fraction: float, text: str) -> None:
        if steps[-1][1] != text:
            steps.append((time.perf_counter(), text))

    dataset = load_dataset(path, progress=told, lines_dir=folder)
    steps.append((time.perf_counter(), ""))
    ends = [when for when, _ in steps[1:]]
    spent = [(text, end - when) for (when, text), end in zip(steps, ends, strict=False)]
    names = [text for text, _ in spent]
    # The Parquet of the lines is reported apart, with the copy in UTF-8 that it is written from.
    writing = range(names.index("Écriture des lignes"), names.index("Lignes additionnées"))
    apart = sum(spent[at][1] for at in writing)
    cents = {m: round(float(dataset.prestation[m].sum()) * 100) for m in _MEASURES}
    return {
        "cube": sum(took for _, took in spent) - apart,
        "parquet": apart,
        "étapes": {text: round(took, 2) for text, took in spent},
        "cents": cents,
        "rows": str(folder / str(dataset.dialect.get("parquet", ""))),
    }


def transcoding(path: Path, folder: Path) -> dict:
    """The file copied in UTF-8 and nothing else, by what copies it when a copy is needed."""
    from data.ingest.transcode import transcode

    folder.mkdir(exist_ok=True)
    copy = folder / "copie.csv"
    start = time.perf_counter()
    transcode(path, copy)
    took = time.perf_counter() - start
    copy.unlink()
    return {"cube": took}


def pandas_default(path: Path, _folder: Path) -> dict:
    """What everyone writes first."""
    import pandas as pd

    frame = pd.read_csv(path, sep=";", decimal=",", encoding="cp1252")
    months = pd.to_datetime(frame["date_soins"], format="%d/%m/%Y").dt.to_period("M")
    cube = frame.groupby([months, *_KEYS])[list(_MEASURES)].sum()
    return {"cents": {m: round(float(cube[m].sum()) * 100) for m in _MEASURES}}


def polars_default(path: Path, _folder: Path) -> dict:
    """Polars, which decodes the whole file first."""
    import polars as pl

    frame = pl.read_csv(path, separator=";", decimal_comma=True, encoding="cp1252")
    frame = frame.with_columns(pl.col("date_soins").str.to_date("%d/%m/%Y").dt.truncate("1mo"))
    cube = frame.group_by("date_soins", *_KEYS).agg(pl.col(*_MEASURES).sum())
    return {"cents": {m: round(float(cube[m].sum()) * 100) for m in _MEASURES}}


def duckdb_auto(path: Path, _folder: Path) -> dict:
    """DuckDB left to itself: expected to refuse the encoding, or to read amounts as text."""
    import duckdb

    rows = duckdb.sql(f"SELECT typeof(prestation) FROM read_csv('{path}') LIMIT 1").fetchall()  # noqa: S608 - our own path
    return {"remarque": f"prestation lue comme {rows[0][0]}"}


def parquet_raw(path: Path, _folder: Path) -> dict:
    """Cube of the lines written, by DuckDB as it comes."""
    import duckdb

    return _cube(duckdb.connect(), path)


def parquet_ours(path: Path, _folder: Path) -> dict:
    """Cube of the lines written, by our locked connection."""
    from data.duck import connect

    return _cube(connect(files=[path]), path)


def _cube(connection, path: Path) -> dict:
    sums = ", ".join(f"sum({m})" for m in _MEASURES)
    best = []
    for _ in range(3):
        start = time.perf_counter()
        connection.execute(
            f"SELECT mois, {', '.join(_KEYS)}, {sums} FROM read_parquet('{path}') GROUP BY ALL"  # noqa: S608 - our own path
        ).fetchnumpy()
        best.append(time.perf_counter() - start)
    return {"cube": min(best)}


@dataclass(frozen=True)
class Way:
    """A way to the cube: its name, what is imported before the clock starts, whether it runs among the peers."""

    name: str
    run: Callable[[Path, Path], dict]
    imports: tuple[str, ...]
    apart: bool = False


_OURS = "numpy", "pandas", "pyarrow", "duckdb"
_WAYS = {
    "paliers": Way("Paliers", paliers, (*_OURS, "data.loading")),
    "transcoding": Way("copie UTF-8 seule", transcoding, ("numpy", "data.ingest.transcode")),
    "pandas_default": Way("pandas", pandas_default, _OURS),
    "polars_default": Way("polars", polars_default, ("polars",), apart=True),
    "duckdb_auto": Way("DuckDB auto", duckdb_auto, _OURS),
    "parquet_raw": Way("Parquet, DuckDB", parquet_raw, _OURS),
    "parquet_ours": Way("Parquet rouvert", parquet_ours, _OURS),
}
_REOPENED = "parquet_raw", "parquet_ours"


def run_way(key: str, path: Path, folder: Path) -> dict:
    """Figures of a way, alone in its process; the time is its own when it gives one, else that of the whole call."""
    try:
        python = {"python": peers.find_python()} if _WAYS[key].apart else {}
    except Absent as reason:
        return {"remarque": f"sauté, {reason}"}
    found = run_child("benchmarks.ingest", "--way", key, "--file", path, "--folder", folder, **python)
    return {"cube": found["secondes"], **found} if "secondes" in found else found


def run(lines: int) -> dict[str, dict]:
    """Every way on one file of so many lines."""
    with tempfile.TemporaryDirectory() as room:
        path, folder = Path(room) / "lignes.csv", Path(room) / "lignes"
        write_lines(path, lines)
        print(f"{lines:,} lignes, {path.stat().st_size / 1e6:.0f} Mo", flush=True)
        found = {key: run_way(key, path, folder) for key in _WAYS if key not in _REOPENED}
        if rows := found["paliers"].pop("rows", ""):
            found |= {key: run_way(key, Path(rows), folder) for key in _REOPENED}
    return found


def show(found: dict[str, dict]) -> None:
    """The table: seconds and memory, and how many times ours; the Parquet we reopen beside DuckDB alone."""
    rows = []
    for key, told in found.items():
        base = _base(found, key)
        cells = [cell for name in ("cube", "ram") for cell in _cells(told.get(name), base.get(name))]
        cpu = "–" if "cpu" not in told else f"{told['cpu']:.2f}"
        rows.append([_WAYS[key].name, *cells, cpu, str(told.get("remarque", ""))])
    print_table(["", "cube s", "rapport", "mémoire Mo", "rapport", "CPU s", ""], rows)
    steps = found["paliers"].get("étapes", {})
    print("nos étapes :", ", ".join(f"{step} {took:.2f} s" for step, took in steps.items()))


def _base(found: dict[str, dict], key: str) -> dict:
    return found["parquet_raw" if key in _REOPENED else "paliers"]


def _cells(value: float | None, base: float | None) -> tuple[str, str]:
    return "–" if value is None else f"{value:.4g}", times(value, base)


def judge(found: dict[str, dict]) -> dict[str, bool]:
    """What must hold, as said, and whether it does."""
    ours, peer = found["paliers"], found["pandas_default"]
    if "ram" not in ours:
        return {f"notre lecture a échoué : {ours.get('remarque')}": False}
    faster = peer.get("cube", 0) / ours["cube"]
    limit = 3.0 + 1.5 * found["transcoding"].get("cube", 0.0)
    held = {
        f"cube en {ours['cube']:.2f} s, limite {limit:.2f} s": ours["cube"] <= limit,
        f"mémoire {ours['ram']:.0f} Mo, limite {_RAM_MB} Mo": ours["ram"] <= _RAM_MB,
        f"{faster:.1f} fois plus vite que pandas, il en faut 5": faster >= 5,
    }
    for key in ("pandas_default", "polars_default"):
        if "cents" in found[key]:
            held[f"mêmes centimes que {_WAYS[key].name}"] = ours["cents"] == found[key]["cents"]
    if "cube" in found.get("parquet_ours", {}):
        reopened = found["parquet_ours"]["cube"] / found["parquet_raw"]["cube"]
        held[f"Parquet rouvert en {reopened:.2f} fois DuckDB, limite 1,2"] = reopened <= 1.2
    return held


def main() -> None:
    """Print one line per way, what must hold, then the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=8_000_000)
    parser.add_argument("--quick", action="store_true", help="300 000 lignes")
    parser.add_argument("--way", choices=sorted(_WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        way = _WAYS[options.way]
        for module in way.imports:
            importlib.import_module(module)
        print(json.dumps(measure(lambda: way.run(options.file, options.folder))))
        return
    lines = 300_000 if options.quick else options.lines
    found = run(lines)
    show(found)
    held = judge(found)
    for text, good in held.items():
        print("oui :" if good else "NON :", text)
    ways = {
        key: told | {"rapport": ratio(told.get("cube"), _base(found, key).get("cube"))} for key, told in found.items()
    }
    print_json("ingest", {"lignes": lines, "tenu": list(held.values()), "voies": ways})


if __name__ == "__main__":
    main()
