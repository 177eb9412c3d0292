"""The same 20 cubes on every engine: DuckDB over Parquet, PostgreSQL, a Spark cluster, ClickHouse.

``python -m benchmarks.engines [--quick] [--lines N]`` prints, for each cube and engine, "=" (the same table, to the
last decimal) or "≠", and its time. It needs ``requirements-scale.txt``; an engine that is absent is said and skipped.
Servers are started on the loopback for the measure. The first cube of an engine pays its warm-up.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import engine_servers
from benchmarks.engine_lines import make_lines, make_specs
from benchmarks.report import print_json, ratio, times
from data.engine import Engine, Spec, open_engine


def fingerprint(table: pa.Table) -> str:
    """MD5 of the types and of the rows in their order, every decimal written out."""
    rows = [str(table.schema), *("\x1f".join(map(repr, r.values())) for r in table.to_pylist())]
    return hashlib.md5("\n".join(rows).encode(), usedforsecurity=False).hexdigest()


def measure(engine: Engine, specs: dict[str, Spec]) -> dict[str, dict]:
    """Fingerprint, rows and seconds of each cube; the error where there is one."""
    found = {}
    for name, spec in specs.items():
        start = time.perf_counter()
        try:
            table = engine.cube(spec)
        except ValueError as error:
            found[name] = {"md5": "", "rows": 0, "seconds": time.perf_counter() - start, "error": str(error)}
            continue
        seconds = time.perf_counter() - start
        found[name] = {"md5": fingerprint(table), "rows": table.num_rows, "seconds": seconds}
    return found


def run(lines: Path, specs: dict[str, Spec], asked: set[str]) -> dict[str, dict]:
    """Measures by engine, DuckDB first; an engine that is absent is printed and left out."""
    engines: dict[str, Callable] = {
        "DuckDB": lambda path: contextlib.nullcontext(str(path)),
        "PostgreSQL": engine_servers.postgres,
        "Spark": engine_servers.spark,
        "ClickHouse": engine_servers.clickhouse,
    }
    found = {}
    for name, serve in ((n, e) for n, e in engines.items() if n == "DuckDB" or not asked or n in asked):
        try:
            with serve(lines) as place:
                start = time.perf_counter()
                engine = _open(place)
                opened = time.perf_counter() - start
                try:
                    found[name] = {"opened": opened, "cubes": measure(engine, specs)}
                finally:
                    engine.close()
        except engine_servers.Absent as reason:
            print(f"{name} : sauté, {reason}.")
        else:
            print(f"{name} : ouvert en {opened:.1f} s.", flush=True)
    return found


def _open(place: object) -> Engine:
    if isinstance(place, str):
        return open_engine(place)
    from data.engine.connections import clickhouse_engine

    return clickhouse_engine(place, "lignes")


def show(found: dict[str, dict], specs: dict[str, Spec]) -> dict[str, int]:
    """Print the table; cubes identical to DuckDB's by engine."""
    reference = found["DuckDB"]["cubes"]
    same = dict.fromkeys(found, 0)
    print(f"\n{'cube':36}{'lignes':>9}" + "".join(f"{name:>16}" for name in found))
    for spec in specs:
        cells = []
        for name, engine in found.items():
            cube = engine["cubes"][spec]
            equal = bool(cube["md5"]) and cube["md5"] == reference[spec]["md5"]
            same[name] += equal
            cells.append(f"{'=' if equal else '≠'} {cube['seconds']:8.2f} s".rjust(16))
        print(f"{spec:36}{reference[spec]['rows']:>9}" + "".join(cells))
    totals = [sum(c["seconds"] for c in e["cubes"].values()) for e in found.values()]
    print(
        f"{'ensemble':45}"
        + "".join(f"{f'{same[n]}/{len(specs)} {t:6.1f} s':>16}" for n, t in zip(found, totals, strict=True))
    )
    print(f"{'rapport à DuckDB':45}" + "".join(f"{times(t, totals[0]):>16}" for t in totals))
    for name, engine in found.items():
        for spec, cube in engine["cubes"].items():
            if "error" in cube:
                print(f"{name}, {spec} : {cube['error']}")
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 000 lignes")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--engines", nargs="*", default=[], help="PostgreSQL, Spark, ClickHouse ; tous par défaut")
    options = parser.parse_args()
    rows = 20_000 if options.quick else options.lines
    specs = make_specs()
    with tempfile.TemporaryDirectory(prefix="paliers-bench-") as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "lignes.parquet"
        pq.write_table(make_lines(rows), path, row_group_size=100_000)
        found = run(path, specs, set(options.engines))
    same = show(found, specs)
    seconds = {name: sum(c["seconds"] for c in engine["cubes"].values()) for name, engine in found.items()}
    figures = {
        name: {"identical": same[name], "seconds": spent, "ratio": ratio(spent, seconds["DuckDB"])}
        for name, spent in seconds.items()
    }
    print_json("engines", {"lines": rows, "cubes": len(specs), "engines": figures})
    return 0 if all(n == len(specs) for n in same.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
