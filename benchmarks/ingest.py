"""Large file of lines to monthly cube, beside pandas, polars and DuckDB: ``python -m benchmarks.ingest [--lines N]``.

Each measure runs alone in its own process; the file is generated in a temporary folder, and removed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.ingest_lines import write_lines

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
    spent = {text: end - when for (when, text), end in zip(steps, ends, strict=False)}
    apart = spent.get("Écriture des lignes", 0.0)
    cents = {m: round(float(dataset.prestation[m].sum()) * 100) for m in _MEASURES}
    return {
        "cube": sum(spent.values()) - apart,
        "copie": spent.get("Copie du fichier", 0.0),
        "parquet": apart,
        "étapes": {text: round(took, 2) for text, took in spent.items()},
        "cents": cents,
        "rows": str(folder / str(dataset.dialect.get("parquet", ""))),
    }


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


_WAYS: dict[str, Callable[[Path, Path], dict]] = {
    f.__name__: f for f in (paliers, pandas_default, polars_default, duckdb_auto, parquet_raw, parquet_ours)
}


def _child(way: str, path: Path, folder: Path) -> dict:
    """One way measured alone: wall time without imports is the way's own, or the whole call."""
    for module in (
        "numpy",
        "pandas",
        "pyarrow",
        "duckdb",
        *(["polars"] if "polars" in way else ["data.loading"] if way == "paliers" else []),
    ):
        importlib.import_module(module)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    start, before = time.perf_counter(), spent.ru_utime + spent.ru_stime
    found = _WAYS[way](path, folder)
    found.setdefault("cube", time.perf_counter() - start)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return found | {"cpu": spent.ru_utime + spent.ru_stime - before, "ram": spent.ru_maxrss / 1024}


def _run(way: str, path: Path, folder: Path) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest", "--way", way, "--file", str(path), "--folder", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if "Error" in line or "Exception" in line]
        return {"remarque": (told or ["processus arrêté"])[-1][:110]}
    return json.loads(done.stdout)


def main() -> None:
    """Print one line per way, then what must hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=8_000_000)
    parser.add_argument("--way", choices=sorted(_WAYS))
    parser.add_argument("--file", type=Path)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(_child(options.way, options.file, options.folder)))
        return
    with tempfile.TemporaryDirectory() as room:
        path, folder = Path(room) / "lignes.csv", Path(room) / "lignes"
        write_lines(path, options.lines)
        print(f"{options.lines:,} lignes, {path.stat().st_size / 1e6:.0f} Mo")
        found = {way: _run(way, path, folder) for way in ("paliers", "pandas_default", "duckdb_auto")}
        if importlib.util.find_spec("polars"):
            found["polars_default"] = _run("polars_default", path, folder)
        if rows := found["paliers"].get("rows"):
            found |= {way: _run(way, Path(rows), folder) for way in ("parquet_raw", "parquet_ours")}
    for way, told in found.items():
        print(way.ljust(16), {k: round(v, 3) if isinstance(v, float) else v for k, v in told.items() if k != "rows"})
    _verdict(found)


def _verdict(found: dict[str, dict]) -> None:
    ours, peer = found["paliers"], found["pandas_default"]
    if "ram" not in ours:
        print("NON : notre lecture a échoué")
        return
    faster = peer.get("cube", 0) / ours["cube"]
    limit = 3.0 + 1.5 * ours["copie"]
    held = {
        f"cube en {ours['cube']:.2f} s, limite {limit:.2f} s": ours["cube"] <= limit,
        f"mémoire {ours['ram']:.0f} Mo, limite {_RAM_MB} Mo": ours["ram"] <= _RAM_MB,
        f"{faster:.1f} fois plus vite que pandas, il en faut 5": faster >= 5,
        "mêmes centimes que pandas": ours["cents"] == peer.get("cents"),
    }  # fmt: skip
    if "cube" in found.get("parquet_ours", {}):
        ratio = found["parquet_ours"]["cube"] / found["parquet_raw"]["cube"]
        held[f"Parquet rouvert en {ratio:.2f} fois DuckDB, limite 1,2"] = ratio <= 1.2
    for text, good in held.items():
        print("oui :" if good else "NON :", text)


if __name__ == "__main__":
    main()
